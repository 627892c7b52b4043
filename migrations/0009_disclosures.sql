-- Which entries say that somebody saw which prediction: written with those entries, so that a data subject can be told.
create table disclosure (
  log integer not null,
  index bigint not null,
  by_log integer not null,
  by_index bigint not null,
  primary key (log, index, by_log, by_index)
);
create trigger no_truncate before truncate on disclosure for each statement execute function refuse_change();
grant select, insert on disclosure to prediction_ledger_runtime;

create or replace function release_decision(_entry_log integer, _index bigint, _log integer, _id bigint) returns void
language sql security definer set search_path = public, pg_temp as $$
  update held_decision set entry_log = _entry_log, index = _index where log = _log and id = _id and index is null;
  insert into disclosure (log, index, by_log, by_index)
    select l.id, (h.body -> 'of' ->> 'index')::bigint, _entry_log, _index
      from held_decision h join log l on l.origin = h.body -> 'of' ->> 'log'
     where h.log = _log and h.id = _id and h.entry_log = _entry_log and h.index = _index and h.body -> 'of' ? 'index'
    on conflict do nothing
$$;
