-- Erasures that two people agree to, legal holds, and the only ways in which payloads and keys go.

-- subjects: [{"log": number, "subject": "sub_…"}], the opaque ids in the log and in those that it succeeds; never a reference.
create table request (
  log integer not null references log,
  id text not null check (id ~ '^req_[0-9a-f]{24}$'),
  number bigint generated always as identity unique,
  kind text not null check (kind in ('erasure', 'legal-hold-release')),
  state text not null default 'pending' check (state in ('pending', 'rejected', 'expired', 'executed')),
  requester text not null,
  requested timestamptz not null default clock_timestamp(),
  request_index bigint not null,
  expires timestamptz not null,
  subjects jsonb not null default '[]',
  hold text,
  detail jsonb not null,
  decider text,
  decided timestamptz,
  decision_index bigint,
  primary key (log, id),
  check (decider <> requester),
  check ((state = 'pending') = (decided is null))
);
create index request_page on request (log, number);

create function refuse_second_decision() returns trigger language plpgsql as $$
begin
  if old.state <> 'pending' or
     (new.log, new.id, new.kind, new.requester, new.requested, new.request_index, new.expires, new.subjects, new.detail) is distinct from
     (old.log, old.id, old.kind, old.requester, old.requested, old.request_index, old.expires, old.subjects, old.detail) or
     new.hold is distinct from old.hold then
    raise exception 'a request is decided once' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger decided_once before update on request for each row execute function refuse_second_decision();

-- What nothing of may go: a data subject's payloads, or those of models, in a window of entry time (ms since 1970).
create table legal_hold (
  log integer not null references log,
  id text not null check (id ~ '^hold_[0-9a-f]{24}$'),
  number bigint generated always as identity unique,
  subjects jsonb not null default '[]',
  models text[],
  from_time bigint,
  to_time bigint,
  reason text not null,
  citation text,
  placed_by text not null,
  placed timestamptz not null default clock_timestamp(),
  placed_index bigint not null,
  released timestamptz,
  released_index bigint,
  primary key (log, id),
  check (subjects <> '[]' or models is not null or from_time is not null or to_time is not null)
);
create index legal_hold_in_force on legal_hold (log) where released is null;

create function refuse_hold_change() returns trigger language plpgsql as $$
begin
  if old.released is not null or
     (new.log, new.id, new.subjects, new.reason, new.placed_by, new.placed, new.placed_index) is distinct from
     (old.log, old.id, old.subjects, old.reason, old.placed_by, old.placed, old.placed_index) or
     (new.models, new.from_time, new.to_time, new.citation) is distinct from (old.models, old.from_time, old.to_time, old.citation) then
    raise exception 'a legal hold is released once, and nothing else of it changes' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger released_once before update on legal_hold for each row execute function refuse_hold_change();

-- Entries whose payloads are gone with authority, and the entry that says so: of the same log, or of one that succeeds it.
-- Null: erased again after a backup was restored; the entry that says so is yet to come.
create table erased (
  log integer not null references log,
  index bigint not null,
  by_log integer references log,
  by_index bigint,
  primary key (log, index),
  check ((by_log is null) = (by_index is null))
);
create index erased_by on erased (by_log, by_index, log, index);

-- At the commit the entry must be there, written by the same transaction: nothing goes without a word in the log.
create function require_authority() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.by_log is not null and not exists (
    select from entry where log = new.by_log and index = new.by_index and xmin = pg_current_xact_id()::xid
       and convert_from(bytes, 'UTF8')::jsonb ->> 'type' in ('erasure', 'disposition')
  ) then
    raise exception 'payloads go only with an entry of type erasure or disposition' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end $$;
create constraint trigger with_authority after insert or update on erased deferrable initially deferred
  for each row execute function require_authority();

create function refuse_other_authority() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or old.by_log is not null or (new.log, new.index) is distinct from (old.log, old.index) then
    raise exception 'what is erased stays so, by the same entry' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger stays before update or delete on erased for each row execute function refuse_other_authority();

do $$
declare t text;
begin
  foreach t in array array['request', 'legal_hold', 'erased'] loop
    execute format('create trigger no_truncate before truncate on %I for each statement execute function refuse_change()', t);
  end loop;
end $$;

-- The functions below work as the eraser, who can do nothing else: the runtime role calls them and has none of its rights.

-- Deletes data keys with all that is sealed under them; gives the indices of the payloads.
create function erase_keys(_log integer, _by_log integer, _by_index bigint, _keys bigint[]) returns setof bigint
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
    cleared as (update prediction p set outcome = null from gone where p.log = _log and p.index = gone.index)
    select index from gone order by index;
end $$;

-- Puts payloads that are sealed anew in the place of the same payloads under old keys; gives how many there were.
create function reseal_payloads(_log integer, _from bigint[], _index bigint[], _key bigint[], _sealed bytea[], _originals bytea[]) returns bigint
language sql security definer set search_path = public, pg_temp as $$
  with n as (select * from unnest(_index, _key, _sealed, _originals) as n(index, key, sealed, originals)),
  resealed as (
    update payload p set key = n.key, sealed = n.sealed, originals = n.originals from n
     where p.log = _log and p.index = n.index and p.key = any (_from) returning 1
  )
  select count(*) from resealed
$$;

-- Names the entry that says what was erased again after a restoration; gives the indices.
create function authorize_erased(_log integer, _by_log integer, _by_index bigint) returns setof bigint
language sql security definer set search_path = public, pg_temp as $$
  with named as (update erased set by_log = _by_log, by_index = _by_index where log = _log and by_log is null returning index)
  select index from named order by index
$$;

grant create on schema public to prediction_ledger_eraser;
alter function erase_keys(integer, integer, bigint, bigint[]) owner to prediction_ledger_eraser;
alter function reseal_payloads(integer, bigint[], bigint[], bigint[], bytea[], bytea[]) owner to prediction_ledger_eraser;
alter function authorize_erased(integer, integer, bigint) owner to prediction_ledger_eraser;
revoke create on schema public from prediction_ledger_eraser;

revoke all on function refuse_second_decision(), refuse_hold_change(), require_authority(), refuse_other_authority(), erase_keys(integer, integer, bigint, bigint[]),
  reseal_payloads(integer, bigint[], bigint[], bigint[], bytea[], bytea[]), authorize_erased(integer, integer, bigint) from public;
grant execute on function erase_keys(integer, integer, bigint, bigint[]), reseal_payloads(integer, bigint[], bigint[], bigint[], bytea[], bytea[]),
  authorize_erased(integer, integer, bigint) to prediction_ledger_runtime;
grant update (key, sealed, originals) on payload to prediction_ledger_eraser;
grant select (log, index, outcome), update (outcome) on prediction to prediction_ledger_eraser;
grant select, insert, update (by_log, by_index) on erased to prediction_ledger_eraser;
grant select, insert, update (state, decider, decided, decision_index) on request to prediction_ledger_runtime;
grant select, insert, update (released, released_index) on legal_hold to prediction_ledger_runtime;
grant select on erased to prediction_ledger_runtime;
