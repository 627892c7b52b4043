-- What works as the owner stands before the wall (0014): these looked at nobody's tenant, and do now.

create function require_sight_of_all(_logs integer[]) returns void
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if current_setting('prediction_ledger.tenant', true) is distinct from '*' and exists (
    select from unnest(_logs) as n(id) where not exists (select from log l where l.id = n.id and l.tenant = tenant_in_sight())
  ) then
    raise exception 'a log is not in sight' using errcode = 'insufficient_privilege';
  end if;
end $$;
revoke all on function require_sight_of_all(integer[]) from public;

-- On the way of every append: looked at in the statement itself, and said only where nothing moved.
create or replace function advance_head(
  _log integer, _expected bigint, _expected_head bytea, _vault bigint, _size bigint, _head bytea, _frontier bytea, _time bigint, _policy bytea
) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if _size <= _expected then
    raise exception 'a log only grows: % to %', _expected, _size using errcode = 'integrity_constraint_violation';
  end if;
  update log_head set size = _size, head = _head, frontier = _frontier, time = _time, policy = _policy
   where log = _log and size = _expected and head = _expected_head and vault = _vault
     and (current_setting('prediction_ledger.tenant', true) = '*' or exists (
       select from log l where l.id = _log and l.tenant::text = current_setting('prediction_ledger.tenant', true)));
  if found then return true; end if;
  perform require_sight(_log);
  return false;
end $$;

do $$
declare
  _call text;
  _function regprocedure;
  _definition text;
  _guarded text;
begin
  for _function, _call in values
    ('add_tallies(text,bigint,integer[],text[],text[],text[],bigint[])'::regprocedure, 'require_sight_of_all(_log)'),
    ('check_minute(integer[],bigint)'::regprocedure, 'require_sight_of_all(_logs)'),
    ('expire_quarantine(integer[],integer,bigint,integer)'::regprocedure, 'require_sight_of_all(_logs)'),
    ('declare_recovery(integer,bigint,bigint)'::regprocedure, 'require_sight(_log)'),
    ('confirm_recovered(integer,bigint,bytea,bigint,bytea,bytea)'::regprocedure, 'require_sight(_log)')
  loop
    _definition := pg_get_functiondef(_function);
    -- The first statement of the body, in either language.
    _guarded := case when _definition like '%LANGUAGE plpgsql%'
      then regexp_replace(_definition, '\nbegin\n', E'\nbegin\n  perform ' || _call || E';\n')
      else regexp_replace(_definition, '(AS \$function\$)', '\1' || E'\n  select ' || _call || ';')
    end;
    if _guarded = _definition then raise exception 'no place for a guard in %', _function; end if;
    execute _guarded;
  end loop;
end $$;
