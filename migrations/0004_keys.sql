-- Keys by data subject, epochs of the keys that wrap them, and the originals of tokens.

-- An epoch of one log: its secrets (the key that wraps data keys, the key of look-ups), wrapped by a key of the key
-- provider. When an epoch has ended, that key is destroyed, and what is left of it here opens no more.
create table key_epoch (
  log integer not null references log,
  number integer not null check (number > 0),
  kek text not null unique,
  wrapped bytea not null,
  started timestamptz not null default clock_timestamp(),
  -- Set when new keys go to the next epoch; then when the last survivor did and the key is gone.
  closed timestamptz,
  ended timestamptz check (ended is null or closed is not null),
  primary key (log, number)
);
create unique index key_epoch_open on key_epoch (log) where closed is null;

-- Ids are taken in blocks, so that a key needs no trip of its own.
alter table data_key alter column id drop identity;
create sequence data_key_id as bigint increment by 4096;
select setval('data_key_id', (select coalesce(max(id), 0) + 1 from data_key), false);

-- wrapped_by names the key of a row from before there were epochs; afterwards it is null, and epoch says which.
-- subject: the data subject's opaque id, 12 bytes. lookup: its reference under the epoch's key of look-ups.
-- reference: sealed under the data key itself, so that the next epoch can look it up too.
alter table data_key
  alter column wrapped_by drop not null,
  add column epoch integer,
  add column subject bytea check (octet_length(subject) = 12),
  add column lookup bytea check (octet_length(lookup) = 32),
  add column reference bytea,
  add constraint data_key_wrapped check ((wrapped_by is null) <> (epoch is null));
create unique index data_key_lookup on data_key (log, lookup) where lookup is not null;
create index data_key_subject on data_key (log, subject) where subject is not null;

-- originals: what the payload's tokens stand for, sealed apart, under the same key.
alter table payload add column originals bytea;
alter table payload alter column originals set storage external;
create index payload_key on payload (log, key, index);

-- A value's token, always the same for the key that it belongs to. lookup: the value under a key that is derived from that key.
create table token (
  log integer not null references log,
  key bigint not null,
  lookup bytea not null check (octet_length(lookup) = 16),
  token bytea not null check (octet_length(token) = 16),
  primary key (log, key, lookup)
);

-- Moves whenever keys were erased or an epoch ended: every replica then drops the keys that it remembers.
alter table log_head add column vault bigint not null default 0;

drop function advance_head(integer, bigint, bytea, bigint, bytea, bytea, bigint, bytea);
create function advance_head(
  _log integer, _expected bigint, _expected_head bytea, _vault bigint, _size bigint, _head bytea, _frontier bytea, _time bigint, _policy bytea
) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if _size <= _expected then
    raise exception 'a log only grows: % to %', _expected, _size using errcode = 'integrity_constraint_violation';
  end if;
  update log_head set size = _size, head = _head, frontier = _frontier, time = _time, policy = _policy
   where log = _log and size = _expected and head = _expected_head and vault = _vault;
  return found;
end $$;

-- Says that keys were erased or an epoch ended. The head's row is locked from here on, so nothing is sealed meanwhile.
create function advance_vault(_log integer) returns bigint
language sql security definer set search_path = public, pg_temp as $$
  update log_head set vault = vault + 1 where log = _log returning vault
$$;

-- True while new keys may be wrapped under that epoch; whoever closes it waits for this transaction's end.
create function hold_epoch(_log integer, _number integer) returns boolean
language sql security definer set search_path = public, pg_temp as $$
  select exists (select from key_epoch where log = _log and number = _number and closed is null for share)
$$;

create or replace function refuse_head_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or new.log <> old.log or new.size < old.size or new.time < old.time or new.vault < old.vault then
    raise exception 'log_head may only grow' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;

create trigger no_truncate before truncate on key_epoch for each statement execute function refuse_change();
create trigger no_truncate before truncate on token for each statement execute function refuse_change();

revoke all on function advance_head(integer, bigint, bytea, bigint, bigint, bytea, bytea, bigint, bytea), advance_vault(integer), hold_epoch(integer, integer) from public;
grant execute on function advance_head(integer, bigint, bytea, bigint, bigint, bytea, bytea, bigint, bytea), advance_vault(integer), hold_epoch(integer, integer)
  to prediction_ledger_runtime;
grant usage on sequence data_key_id to prediction_ledger_runtime;
grant select, insert on key_epoch, token to prediction_ledger_runtime;
grant update (closed, ended) on key_epoch to prediction_ledger_runtime;
grant select, delete on token to prediction_ledger_eraser;
-- Survivors are wrapped anew for the next epoch.
grant select, update (epoch, wrapped_by, wrapped, lookup) on data_key to prediction_ledger_eraser;
