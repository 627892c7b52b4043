-- Records that their contract doubts: kept apart from the log until somebody decides, or until they expire.

-- reasons: [{code, count}]. Places stand in the sealed part with the record: a key may say as much as a value.
create table quarantine (
  log integer not null references log,
  id text not null check (id ~ '^qua_[0-9a-f]{24}$'),
  number bigint generated always as identity unique,
  state text not null default 'held' check (state in ('held', 'released', 'rejected', 'expired', 'erased')),
  prediction text not null,
  model text not null,
  version text not null,
  principal text not null,
  rule text not null,
  contract text not null,
  reasons jsonb not null,
  received timestamptz not null default clock_timestamp(),
  expires timestamptz not null,
  -- A data key of its own, which bears the opaque id of the data subject: whoever erases the subject's keys finds it.
  key bigint,
  sealed bytea,
  decider text,
  by_log integer references log,
  by_index bigint,
  primary key (log, id),
  check ((state = 'held') = (key is not null)),
  check ((key is null) = (sealed is null)),
  check ((by_log is null) = (by_index is null))
);
alter table quarantine alter column sealed set storage external;
create unique index quarantine_held on quarantine (log, prediction) where state = 'held';
create index quarantine_expiry on quarantine (log, expires) where state = 'held';
create index quarantine_key on quarantine (key) where key is not null;
create trigger no_truncate before truncate on quarantine for each statement execute function refuse_change();

-- Keeps a record and counts it, both or neither. Says `kept`; `known` where that prediction is held already; `stale`
-- where the epoch has closed or the data subject was erased since the keys were asked for.
create function quarantine_record(
  _log integer, _id text, _prediction text, _model text, _version text, _principal text, _rule text, _contract text, _reasons jsonb, _period interval,
  _key bigint, _epoch integer, _wrapped bytea, _subject_key bigint, _sealed bytea
) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare _subject bytea;
begin
  -- An erasure has this row locked from before it looks for keys until its commit; appends go on beside.
  perform from log_head where log = _log for key share;
  if not hold_epoch(_log, _epoch) then return 'stale'; end if;
  if _subject_key is not null then
    select subject into _subject from data_key where log = _log and id = _subject_key;
    if not found then return 'stale'; end if;
  end if;
  insert into quarantine (log, id, prediction, model, version, principal, rule, contract, reasons, expires, key, sealed)
    values (_log, _id, _prediction, _model, _version, _principal, _rule, _contract, _reasons, clock_timestamp() + _period, _key, _sealed)
    on conflict (log, prediction) where state = 'held' do nothing;
  if not found then return 'known'; end if;
  insert into data_key (id, log, epoch, wrapped, subject) values (_key, _log, _epoch, _wrapped, _subject);
  insert into tally as t (log, what, subject, reason, count) values (_log, 'quarantined', _principal, '', 1)
    on conflict (log, what, subject, reason) do update set count = t.count + 1;
  return 'kept';
end $$;

-- Ends a record's time in quarantine, and its key with it; false where somebody else has done so before.
create function settle_quarantine(_log integer, _id text, _state text, _decider text, _by_log integer, _by_index bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare _key bigint;
begin
  if _state is null or _state not in ('released', 'rejected') or _by_index is null then
    raise exception 'a record leaves quarantine by an entry that says so' using errcode = 'integrity_constraint_violation';
  end if;
  select key into _key from quarantine where log = _log and id = _id and state = 'held' and expires > clock_timestamp() for update;
  if not found then return false; end if;
  update quarantine set state = _state, decider = _decider, by_log = _by_log, by_index = _by_index, key = null, sealed = null where log = _log and id = _id;
  delete from data_key where log = _log and id = _key;
  return true;
end $$;

-- Deletes what has expired with its keys; gives which.
create function expire_quarantine(_logs integer[], _by_log integer, _by_index bigint, _limit integer) returns setof text
language sql security definer set search_path = public, pg_temp as $$
  with due as (
    select log, id, key from quarantine where log = any (_logs) and state = 'held' and expires <= clock_timestamp()
     order by log, expires limit _limit for update
  ),
  expired as (
    update quarantine q set state = 'expired', by_log = _by_log, by_index = _by_index, key = null, sealed = null
      from due where q.log = due.log and q.id = due.id and _by_log is not null and _by_index is not null
    returning q.id
  ),
  gone as (delete from data_key k using due where k.log = due.log and k.id = due.key and _by_index is not null)
  select id from expired order by id
$$;

-- A body whose key goes, by an erasure or by one that is applied again to a restored database, goes with it.
create function clear_quarantine() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update quarantine set state = 'erased', key = null, sealed = null where key = old.id and log = old.log;
  return null;
end $$;
create trigger clears_quarantine after delete on data_key for each row execute function clear_quarantine();

-- At the commit the entry must be there, written by the same transaction.
create function require_quarantine_entry() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.by_index is not null and not exists (
    select from entry where log = new.by_log and index = new.by_index and xmin = pg_current_xact_id()::xid
       and convert_from(bytes, 'UTF8')::jsonb ->> 'type' = 'quarantine-' || new.state
  ) then
    raise exception 'a record leaves quarantine by an entry that says so' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end $$;
create constraint trigger with_entry after update on quarantine deferrable initially deferred
  for each row execute function require_quarantine_entry();

revoke all on function quarantine_record(integer, text, text, text, text, text, text, text, jsonb, interval, bigint, integer, bytea, bigint, bytea),
  settle_quarantine(integer, text, text, text, integer, bigint), expire_quarantine(integer[], integer, bigint, integer), clear_quarantine(), require_quarantine_entry() from public;
grant execute on function quarantine_record(integer, text, text, text, text, text, text, text, jsonb, interval, bigint, integer, bytea, bigint, bytea),
  settle_quarantine(integer, text, text, text, integer, bigint), expire_quarantine(integer[], integer, bigint, integer) to prediction_ledger_runtime;
grant select on quarantine to prediction_ledger_runtime;
