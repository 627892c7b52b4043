-- The log: tenants, their logs, and the tables that only ever grow.
-- Roles prediction_ledger_runtime and prediction_ledger_eraser exist before the first migration runs.

create table tenant (
  id integer generated always as identity primary key,
  name text not null unique check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  created timestamptz not null default clock_timestamp()
);

-- One log per tenant at a time; a successor takes over from a log that had to stop.
create table log (
  id integer generated always as identity primary key,
  tenant integer not null references tenant,
  name text not null unique check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  origin text not null unique,
  open boolean not null,
  predecessor integer unique references log,
  created timestamptz not null default clock_timestamp()
);
create index log_tenant on log (tenant);

create table log_key (
  log integer not null references log,
  vkey text not null,
  first_index bigint not null check (first_index >= 0),
  primary key (log, vkey)
);

-- All that an appender needs to go on: one row a log, updated in place (hence the room left on its page).
-- frontier: the compact range's hashes, largest subtree first, 32 bytes each. head: the last entry's leaf hash.
create table log_head (
  log integer primary key references log,
  size bigint not null check (size >= 0),
  head bytea not null check (octet_length(head) = 32),
  frontier bytea not null check (octet_length(frontier) % 32 = 0),
  time bigint not null,
  policy bytea check (octet_length(policy) = 32)
) with (fillfactor = 20);

-- No foreign key: entries come only behind a head, which has one, and a check for each row costs a quarter of an append.
create table entry (
  log integer not null,
  index bigint not null check (index >= 0),
  bytes bytea not null check (octet_length(bytes) <= 65535),
  primary key (log, index)
);
alter table entry alter column bytes set storage external;

-- Full tiles of 256 hashes, written once, when they fill. root: the hash of the subtree below, a leaf of the next level.
create table tile (
  log integer not null references log,
  level smallint not null check (level between 0 and 7),
  index bigint not null check (index >= 0),
  root bytea not null check (octet_length(root) = 32),
  hashes bytea not null check (octet_length(hashes) = 8192),
  primary key (log, level, index)
);
alter table tile alter column hashes set storage external;

create table checkpoint (
  log integer not null references log,
  size bigint not null check (size >= 0),
  root bytea not null check (octet_length(root) = 32),
  note text not null,
  published timestamptz not null default clock_timestamp(),
  primary key (log, size)
);

-- Keys under which payloads are sealed, each wrapped by a key-encryption key that never stands in this database.
create table data_key (
  id bigint generated always as identity primary key,
  log integer not null references log,
  wrapped_by text not null,
  wrapped bytea not null,
  created timestamptz not null default clock_timestamp()
);

create table payload (
  log integer not null references log,
  index bigint not null,
  key bigint not null,
  sealed bytea not null,
  primary key (log, index)
);
alter table payload alter column sealed set storage external;

-- Read model: what lists filter by and what makes an id unique in its log. Derived from entries and payloads.
create table prediction (
  log integer not null references log,
  index bigint not null,
  id text not null,
  time bigint not null,
  model text not null,
  version text not null,
  deployment text,
  outcome text,
  primary key (log, index),
  constraint prediction_id unique (log, id)
);

create table api_key (
  digest bytea primary key check (octet_length(digest) = 32),
  tenant integer not null references tenant,
  principal text not null unique,
  role text not null,
  prefix text not null,
  created timestamptz not null default clock_timestamp(),
  revoked timestamptz
);

-- Append-only, whoever asks. (A superuser can still drop a trigger; the tree and the signed checkpoints show it.)
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'integrity_constraint_violation';
end $$;

do $$
declare t text;
begin
  foreach t in array array['tenant', 'log', 'log_key', 'entry', 'tile', 'checkpoint'] loop
    execute format('create trigger append_only before update or delete on %I for each row execute function refuse_change()', t);
    execute format('create trigger no_truncate before truncate on %I for each statement execute function refuse_change()', t);
  end loop;
  foreach t in array array['log_head', 'payload', 'prediction'] loop
    execute format('create trigger no_truncate before truncate on %I for each statement execute function refuse_change()', t);
  end loop;
end $$;

create function refuse_head_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or new.log <> old.log or new.size < old.size or new.time < old.time then
    raise exception 'log_head may only grow' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger only_grows before update or delete on log_head for each row execute function refuse_head_change();

-- The only two ways to the head for the runtime role.
create function lock_head(_log integer) returns setof log_head
language sql security definer set search_path = public, pg_temp as $$
  select * from log_head where log = _log for update
$$;

-- True when the head stood at _expected with _expected_head and now stands at _size; false, and nothing changed, when
-- another appender was first. The hash matters after a failover that lost entries and took in as many others.
create function advance_head(
  _log integer, _expected bigint, _expected_head bytea, _size bigint, _head bytea, _frontier bytea, _time bigint, _policy bytea
) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if _size <= _expected then
    raise exception 'a log only grows: % to %', _expected, _size using errcode = 'integrity_constraint_violation';
  end if;
  update log_head set size = _size, head = _head, frontier = _frontier, time = _time, policy = _policy
   where log = _log and size = _expected and head = _expected_head;
  return found;
end $$;

-- The first index whose entry was recorded at or after _time (ms since 1970); entry time never goes backwards,
-- so this is a binary search over the primary key. Predictions alone carry a time column, hence "at or after index".
create function first_prediction_at(_log integer, _time bigint) returns bigint
language plpgsql stable set search_path = public, pg_temp as $$
declare low bigint := 0; high bigint; middle bigint; found_time bigint;
begin
  select index + 1 into high from prediction where log = _log order by index desc limit 1;
  high := coalesce(high, 0);
  while low < high loop
    middle := (low + high) / 2;
    select time into found_time from prediction where log = _log and index >= middle order by index limit 1;
    if found_time is null or found_time >= _time then high := middle; else low := middle + 1; end if;
  end loop;
  return low;
end $$;

revoke all on all functions in schema public from public;
grant execute on function lock_head(integer) to prediction_ledger_runtime;
grant execute on function advance_head(integer, bigint, bytea, bigint, bytea, bytea, bigint, bytea) to prediction_ledger_runtime;
grant execute on function first_prediction_at(integer, bigint) to prediction_ledger_runtime;

grant usage on schema public to prediction_ledger_runtime, prediction_ledger_eraser;
grant select, insert on tenant, log, log_key, log_head, entry, tile, checkpoint, data_key, payload, prediction, api_key
  to prediction_ledger_runtime;
grant select, delete on payload, data_key to prediction_ledger_eraser;
