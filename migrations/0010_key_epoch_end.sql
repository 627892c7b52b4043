-- The end of an epoch of keys: its survivors move to the next one, then its key is destroyed.

-- moved: when no data key was wrapped in it any more. From here on its key may be gone.
-- rewrapped: how many data keys moved on from it.
-- vault: what log_head.vault would be if nothing had been erased since it was opened.
-- older: names of keys from before there were epochs, whose data keys move to this one.
-- ended_log, ended_index: the entry that says that it has ended, of the log or of one that succeeds it.
alter table key_epoch
  add column moved timestamptz,
  add column rewrapped bigint not null default 0,
  add column vault bigint not null default 0,
  add column older text[] not null default '{}',
  add column ended_log integer references log,
  add column ended_index bigint,
  add constraint key_epoch_moved check ((moved is null or closed is not null) and (ended is null or moved is not null)),
  add constraint key_epoch_ended check ((ended_log is null) = (ended_index is null) and (ended_index is null or ended is not null));

create function refuse_epoch_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or
     (new.log, new.number, new.kek, new.wrapped, new.started, new.older) is distinct from (old.log, old.number, old.kek, old.wrapped, old.started, old.older) or
     (old.closed is not null and new.closed is distinct from old.closed) or
     (old.moved is not null and new.moved is distinct from old.moved) or
     (old.ended is not null and (new.ended, new.ended_log, new.ended_index) is distinct from (old.ended, old.ended_log, old.ended_index)) or
     new.rewrapped < old.rewrapped or new.vault < old.vault then
    raise exception 'an epoch of keys is closed and ended once, and nothing else of it changes' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger ends_once before update or delete on key_epoch for each row execute function refuse_epoch_change();

-- Puts data keys that are wrapped for the open epoch in the place of the same keys as they were wrapped before; gives how
-- many there still were. The head is locked, as by whoever erases: what an erasure sees of a key's epoch stays true until it is done.
create function rewrap_keys(_log integer, _epoch integer, _id bigint[], _old bytea[], _wrapped bytea[], _lookup bytea[]) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  _count bigint;
begin
  perform lock_head(_log);
  if not exists (select from key_epoch where log = _log and number = _epoch and closed is null) then
    raise exception 'keys are wrapped anew for the open epoch alone' using errcode = 'integrity_constraint_violation';
  end if;
  with n as (select * from unnest(_id, _old, _wrapped, _lookup) as n(id, old, wrapped, lookup)),
  rewrapped as (
    update data_key d set epoch = _epoch, wrapped_by = null, wrapped = n.wrapped, lookup = n.lookup from n
     where d.id = n.id and d.log = _log and d.wrapped = n.old and (d.epoch is null or d.epoch < _epoch) and (d.lookup is null) = (n.lookup is null)
    returning 1
  )
  select count(*) into _count from rewrapped;
  update key_epoch set rewrapped = rewrapped + _count
   where log = _log and number = (select max(number) from key_epoch where log = _log and closed is not null);
  return _count;
end $$;

grant create on schema public to prediction_ledger_eraser;
alter function rewrap_keys(integer, integer, bigint[], bytea[], bytea[], bytea[]) owner to prediction_ledger_eraser;
revoke create on schema public from prediction_ledger_eraser;

revoke all on function refuse_epoch_change(), rewrap_keys(integer, integer, bigint[], bytea[], bytea[], bytea[]) from public;
grant execute on function rewrap_keys(integer, integer, bigint[], bytea[], bytea[], bytea[]) to prediction_ledger_runtime;
grant execute on function lock_head(integer) to prediction_ledger_eraser;
grant select, update (rewrapped) on key_epoch to prediction_ledger_eraser;
grant update (moved, vault, ended_log, ended_index) on key_epoch to prediction_ledger_runtime;
