-- Decisions on a log that has stopped and still serves reads: they become entries when its tenant has a log again.
create table held_decision (
  log integer not null references log,
  id bigint generated always as identity,
  -- ms since 1970
  at bigint not null,
  -- opaque ids
  principal text not null check (length(principal) <= 64),
  rule text not null check (length(rule) <= 64),
  body jsonb not null,
  -- the entry that says it, and its log; null until there is one
  entry_log integer references log,
  index bigint,
  primary key (log, id)
);
create index held_decision_waiting on held_decision (log, id) where index is null;
create trigger no_truncate before truncate on held_decision for each statement execute function refuse_change();

create function release_decision(_entry_log integer, _index bigint, _log integer, _id bigint) returns void
language sql security definer set search_path = public, pg_temp as $$
  update held_decision set entry_log = _entry_log, index = _index where log = _log and id = _id and index is null
$$;
revoke all on function release_decision(integer, bigint, integer, bigint) from public;
grant execute on function release_decision(integer, bigint, integer, bigint) to prediction_ledger_runtime;
grant select, insert on held_decision to prediction_ledger_runtime;
