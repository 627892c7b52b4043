-- By what a prediction hangs together with others stands in its own row: rows of a table of their own, with their indexes,
-- cost an append more than all the rest that it writes (docs/design/append-path.md).
alter table prediction
  -- The trace that it shares with the other predictions of one request.
  add column request text,
  -- The ids of its parents.
  add column parents text[],
  -- The feature views that it read: each its name, and behind a space its version where it has one.
  add column features text[];
with linked as (
  select log, index, min(name) filter (where kind = 't') as request, array_agg(name) filter (where kind = 'p') as parents,
         array_agg(trim(name || ' ' || version)) filter (where kind = 'f') as features
    from prediction_link group by log, index
)
update prediction p set request = l.request, parents = l.parents, features = l.features from linked l where p.log = l.log and p.index = l.index;
drop table prediction_link;

-- A feature view is read by thousands in a row, so the window of indices finds them; a trace and a parent are named by few.
create index prediction_request on prediction (log, request, index) where request is not null;
create index prediction_parents on prediction using gin (parents) with (fastupdate = off) where parents is not null;

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
    cleared as (update prediction p set outcome = null, request = null, parents = null, features = null from gone where p.log = _log and p.index = gone.index),
    untold as (update follow_up f set verdict = null from gone where f.log = _log and f.index = gone.index)
    select index from gone order by index;
end $$;
grant update (request, parents, features) on prediction to prediction_ledger_eraser;
