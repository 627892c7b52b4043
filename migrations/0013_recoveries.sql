-- Tails that were brought back from a copy of the log, and which of their payloads no receipt brought back.

-- `lost`: leaf indices. by_index: the entry of type log-recovered that says all this; null until the log goes on.
create table recovery (
  log integer not null references log,
  from_index bigint not null check (from_index >= 0),
  to_index bigint not null,
  payloads bigint not null check (payloads >= 0),
  -- Predictions among them of which nobody can tell yet what exactly was posted.
  unconfirmed bigint not null check (unconfirmed between 0 and payloads),
  lost int8multirange not null,
  by_index bigint,
  primary key (log, from_index),
  check (from_index < to_index),
  check (lost <@ int8multirange(int8range(from_index, to_index)))
);

create function refuse_recovery_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or old.by_index is not null or
     (new.log, new.from_index, new.to_index, new.payloads, new.unconfirmed, new.lost) is distinct from
     (old.log, old.from_index, old.to_index, old.payloads, old.unconfirmed, old.lost) then
    raise exception 'a recovery is declared once, and nothing else of it changes' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger declared_once before update or delete on recovery for each row execute function refuse_recovery_change();
create trigger no_truncate before truncate on recovery for each statement execute function refuse_change();

create function require_recovery_entry() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.by_index is not null and not exists (
    select from entry where log = new.log and index = new.by_index and xmin = pg_current_xact_id()::xid
       and convert_from(bytes, 'UTF8')::jsonb ->> 'type' = 'log-recovered'
  ) then
    raise exception 'a recovery is declared by an entry of type log-recovered' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end $$;
create constraint trigger with_entry after insert or update on recovery deferrable initially deferred for each row execute function require_recovery_entry();

-- Names the entry that declares a recovery; false where it was declared already.
create function declare_recovery(_log integer, _from bigint, _index bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update recovery set by_index = _index where log = _log and from_index = _from and by_index is null;
  return found;
end $$;

-- Keeps with a recovered payload what a retry showed to have been posted, sealed anew; under the data subject's key, where
-- there is one, so that an erasure finds it. False where keys or the payload went or changed meanwhile.
create function confirm_recovered(_log integer, _index bigint, _old bytea, _key bigint, _sealed bytea, _originals bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare _was bigint;
begin
  -- An erasure has this row locked from before it looks for keys until its commit; appends go on beside.
  perform from log_head where log = _log for key share;
  if not exists (select from data_key where log = _log and id = _key) then return false; end if;
  if not exists (select from recovery where log = _log and from_index <= _index and _index < to_index) then
    raise exception 'only what was recovered is confirmed' using errcode = 'integrity_constraint_violation';
  end if;
  select key into _was from payload where log = _log and index = _index and sealed = _old for update;
  if not found then return false; end if;
  update payload set key = _key, sealed = _sealed, originals = coalesce(_originals, originals) where log = _log and index = _index;
  if _was <> _key then
    delete from data_key d where d.log = _log and d.id = _was and d.lookup is null and not exists (select from payload p where p.log = _log and p.key = _was);
  end if;
  return true;
end $$;

revoke all on function refuse_recovery_change(), require_recovery_entry(), declare_recovery(integer, bigint, bigint),
  confirm_recovered(integer, bigint, bytea, bigint, bytea, bytea) from public;
grant select on recovery to prediction_ledger_runtime;
grant execute on function declare_recovery(integer, bigint, bigint), confirm_recovered(integer, bigint, bytea, bigint, bytea, bytea) to prediction_ledger_runtime;
