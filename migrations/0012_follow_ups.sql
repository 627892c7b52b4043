-- What is told of a prediction after it: outcomes, reviews, corrections, replays. A row a telling, written with its entry.
create table follow_up (
  log integer not null,
  index bigint not null,
  kind text not null check (kind in ('outcome', 'review', 'correction', 'replay')),
  -- The teller's own id: the same one again is the same telling.
  id text not null,
  of_log integer not null,
  of_index bigint not null,
  time bigint not null,
  principal text not null,
  verdict text,
  primary key (log, index),
  constraint follow_up_id unique (log, kind, id)
);
create index follow_up_of on follow_up (of_log, of_index, log, index);

-- By what a prediction hangs together with others: the ids of its parents (p), the feature views that it read (f), and the
-- trace that it shares with the other predictions of one request (t). It goes with the payload that says so.
create table prediction_link (
  log integer not null,
  index bigint not null,
  kind "char" not null check (kind in ('p', 'f', 't')),
  name text not null,
  -- Of a feature view, where it has one.
  version text not null default '',
  primary key (log, index, kind, name, version)
);
create index prediction_link_name on prediction_link (log, kind, name, index);

create trigger no_truncate before truncate on follow_up for each statement execute function refuse_change();
create trigger no_truncate before truncate on prediction_link for each statement execute function refuse_change();
grant select, insert on follow_up, prediction_link to prediction_ledger_runtime;

-- Under which model, and since when, each payload is kept that a data contract governs: a follow-up is kept as long as what it follows.
create view governed with (security_invoker = true) as
  select log, index, model, time from prediction
  union all
  select f.log, f.index, p.model, p.time from follow_up f join prediction p on p.log = f.of_log and p.index = f.of_index;
grant select on governed to prediction_ledger_runtime;

-- Deletes data keys with all that is sealed under them; gives the indices of the payloads.
create or replace function erase_keys(_log integer, _by_log integer, _by_index bigint, _keys bigint[]) returns setof bigint
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  if _by_log is null or _by_index is null then
    raise exception 'payloads go only with an entry that says so' using errcode = 'integrity_constraint_violation';
  end if;
  delete from token where log = _log and key = any (_keys);
  delete from data_key where log = _log and id = any (_keys);
  return query
    with gone as (delete from payload where log = _log and key = any (_keys) returning index),
    noted as (insert into erased (log, index, by_log, by_index) select _log, index, _by_log, _by_index from gone),
    cleared as (update prediction p set outcome = null from gone where p.log = _log and p.index = gone.index),
    untold as (update follow_up f set verdict = null from gone where f.log = _log and f.index = gone.index),
    unlinked as (delete from prediction_link l using gone where l.log = _log and l.index = gone.index)
    select index from gone order by index;
end $$;
grant select (log, index, verdict), update (verdict) on follow_up to prediction_ledger_eraser;
grant select (log, index), delete on prediction_link to prediction_ledger_eraser;
