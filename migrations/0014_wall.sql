-- The second wall between tenants: PostgreSQL itself shows a session the rows of one tenant, whatever a query forgets to ask for.
-- The first wall is the filter of each query; neither knows of the other.

-- What a session acts for stands in the setting prediction_ledger.tenant: a tenant's number; '*', the service itself; nothing, and no row is seen.
create function tenant_in_sight() returns integer
language sql stable set search_path = public, pg_temp as $$
  select nullif(nullif(current_setting('prediction_ledger.tenant', true), ''), '*')::integer
$$;

create function logs_in_sight() returns integer[]
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(array_agg(id), '{}') from log where tenant = tenant_in_sight()
$$;

-- Puts a table behind the wall, by its column `log` or else `tenant`. Each migration that makes a table calls it.
-- The sub-selects are worked out once a statement, and those of a tenant not at all where the service itself acts.
create function build_wall(_table regclass) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  _columns text[] := (select array_agg(attname::text) from pg_attribute where attrelid = _table and attnum > 0 and not attisdropped);
  _own text := case
    when _table = 'tenant'::regclass then 'id = (select tenant_in_sight())'
    when 'log' = any (_columns) then 'log = any ((select logs_in_sight())::integer[])'
    when 'tenant' = any (_columns) then 'tenant = (select tenant_in_sight())'
  end;
begin
  if _own is null then
    raise exception 'table % has neither log nor tenant: it cannot stand behind the wall', _table;
  end if;
  execute format('alter table %s enable row level security', _table);
  execute format('create policy wall on %s using ((select current_setting(''prediction_ledger.tenant'', true) = ''*'') or %s)', _table, _own);
end $$;

revoke all on function tenant_in_sight(), logs_in_sight(), build_wall(regclass) from public;
grant execute on function tenant_in_sight(), logs_in_sight() to prediction_ledger_runtime, prediction_ledger_eraser;

do $$
declare _table regclass;
begin
  for _table in
    select c.oid::regclass from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity
       and (c.relname = 'tenant' or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname in ('log', 'tenant') and not a.attisdropped))
     order by c.relname
  loop
    perform build_wall(_table);
  end loop;
end $$;

-- What works as the owner stands before the wall, so it looks by itself: a session changes nothing of a log that it does not see.
create function require_sight(_log integer) returns void
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if current_setting('prediction_ledger.tenant', true) is distinct from '*' and not exists (select from log where id = _log and tenant = tenant_in_sight()) then
    raise exception 'the log % is not in sight', _log using errcode = 'insufficient_privilege';
  end if;
end $$;
revoke all on function require_sight(integer) from public;

do $$
declare
  _name text;
  _function regprocedure;
  _definition text;
  _guarded text;
begin
  foreach _name in array array['lock_head', 'advance_vault', 'hold_epoch', 'seal_tallies', 'release_decision', 'quarantine_record', 'settle_quarantine'] loop
    select p.oid::regprocedure, pg_get_functiondef(p.oid) into strict _function, _definition
      from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname = _name;
    -- The first statement of the body, in either language.
    _guarded := case when _definition like '%LANGUAGE plpgsql%'
      then regexp_replace(_definition, '\nbegin\n', E'\nbegin\n  perform require_sight(' || case _name when 'release_decision' then '_entry_log' else '_log' end || E');\n')
      else regexp_replace(_definition, '(AS \$function\$)', '\1' || E'\n  select require_sight(' || case _name when 'release_decision' then '_entry_log' else '_log' end || ');')
    end;
    if _guarded = _definition then raise exception 'no place for a guard in %', _function; end if;
    execute _guarded;
  end loop;
end $$;
