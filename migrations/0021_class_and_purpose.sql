-- What rules may look at beside the rest of a prediction's row: the contract that governs it, which says how guarded its data is, and what
-- the data was used for. Rows from before have neither; a condition on what is not there cannot be judged.
alter table prediction add column contract text, add column purpose text;
grant update (purpose) on prediction to prediction_ledger_eraser;

-- As in 0016; the purpose is gone with the payload, as the outcome is.
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
    cleared as (update prediction p set outcome = null, purpose = null, request = null, parents = null, features = null from gone where p.log = _log and p.index = gone.index),
    untold as (update follow_up f set verdict = null from gone where f.log = _log and f.index = gone.index)
    select index from gone order by index;
end $$;
