-- Counts that are sealed in entries once a minute: what became of the records that were not taken in, and of requests that were
-- refused. Records that were taken in count themselves, in the log.

-- Who handed it in. Null in rows from before this column.
alter table prediction add column principal text;

-- One cumulative counter a row. It never goes back, so a replica that restarts neither loses nor doubles anything.
-- sealed: what the entries of the log have said of it so far; count - sealed is what the next one will say.
create table tally (
  log integer not null references log,
  what text not null check (what in ('accepted', 'refused', 'quarantined', 'duplicate', 'denied', 'unauthenticated', 'limited', 'listed')),
  -- opaque id of a principal, prefix of a key, or 'unknown'
  subject text not null check (length(subject) between 1 and 64),
  reason text not null check (length(reason) <= 64),
  count bigint not null check (count >= 0),
  sealed bigint not null default 0 check (sealed between 0 and count),
  primary key (log, what, subject, reason)
) with (fillfactor = 50);

-- The last batch of counts of each process: a batch that is sent again after a broken connection counts once.
create table tally_writer (
  id text primary key,
  batch bigint not null,
  seen timestamptz not null default clock_timestamp()
);

-- Read model of the entries by which counts were sealed. `number` counts the entries of a type in a log, from 1.
create table minute_totals (
  log integer not null references log,
  type text not null,
  number bigint not null check (number > 0),
  index bigint not null,
  -- entries of the log that they speak of: first, and first not any more
  from_index bigint not null,
  to_index bigint not null,
  -- ms since 1970
  from_time bigint not null,
  to_time bigint not null,
  -- whether more of the same period follows in the next number
  more boolean not null,
  body jsonb not null,
  primary key (log, type, number)
);
create index minute_totals_time on minute_totals (log, type, to_time, number);

-- What an intake-totals entry says of one producer, so that sums over any time are quick.
create table intake_total (
  log integer not null references log,
  principal text not null,
  number bigint not null,
  accepted bigint not null,
  refused bigint not null,
  quarantined bigint not null,
  duplicate bigint not null,
  primary key (log, principal, number)
);

-- A log's last look at its counts, ms since 1970, whether or not there was anything to seal.
create table minute_check (
  log integer primary key references log,
  checked bigint not null
);

do $$
declare t text;
begin
  foreach t in array array['minute_totals', 'intake_total'] loop
    execute format('create trigger append_only before update or delete on %I for each row execute function refuse_change()', t);
  end loop;
  foreach t in array array['tally', 'tally_writer', 'minute_totals', 'intake_total', 'minute_check'] loop
    execute format('create trigger no_truncate before truncate on %I for each statement execute function refuse_change()', t);
  end loop;
end $$;

-- Adds one process's batch of counts, once: false when it was added before. Rows are locked in one order by everybody.
create function add_tallies(
  _writer text, _batch bigint, _log integer[], _what text[], _subject text[], _reason text[], _count bigint[]
) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into tally_writer as w (id, batch) values (_writer, _batch)
    on conflict (id) do update set batch = excluded.batch, seen = clock_timestamp() where w.batch < excluded.batch;
  if not found then return false; end if;
  if _batch = 1 then delete from tally_writer where seen < clock_timestamp() - interval '30 days'; end if;
  insert into tally as t (log, what, subject, reason, count)
    select log, what, subject, reason, count from unnest(_log, _what, _subject, _reason, _count) as n(log, what, subject, reason, count)
     where count > 0 order by log, what, subject, reason
    on conflict (log, what, subject, reason) do update set count = t.count + excluded.count;
  return true;
end $$;

-- Written with an entry that seals counts, in its transaction. Whoever comes second with a number changes nothing:
-- of two entries with one number, the first in the log is the one that counts.
create function seal_tallies(
  _log integer, _index bigint, _type text, _number bigint, _from_index bigint, _to_index bigint, _from_time bigint, _to_time bigint,
  _more boolean, _body jsonb, _what text[], _subject text[], _reason text[], _sealed bigint[]
) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into minute_totals (log, type, number, index, from_index, to_index, from_time, to_time, more, body)
    values (_log, _type, _number, _index, _from_index, _to_index, _from_time, _to_time, _more, _body)
    on conflict (log, type, number) do nothing;
  if not found then return false; end if;
  insert into intake_total (log, principal, number, accepted, refused, quarantined, duplicate)
    select _log, principal, _number, accepted, refused, quarantined, duplicate
      from jsonb_to_recordset(coalesce(_body -> 'producers', '[]'))
        as p(principal text, accepted bigint, refused bigint, quarantined bigint, duplicate bigint);
  insert into tally as t (log, what, subject, reason, count, sealed)
    select _log, what, subject, reason, sealed, sealed from unnest(_what, _subject, _reason, _sealed) as n(what, subject, reason, sealed)
     order by what, subject, reason
    on conflict (log, what, subject, reason) do update
      set sealed = greatest(t.sealed, excluded.sealed), count = greatest(t.count, excluded.count);
  return true;
end $$;

create function check_minute(_logs integer[], _checked bigint) returns void
language sql security definer set search_path = public, pg_temp as $$
  insert into minute_check as m (log, checked) select log, _checked from unnest(_logs) as l(log) order by log
    on conflict (log) do update set checked = greatest(m.checked, excluded.checked)
$$;

revoke all on function add_tallies(text, bigint, integer[], text[], text[], text[], bigint[]) from public;
revoke all on function seal_tallies(integer, bigint, text, bigint, bigint, bigint, bigint, bigint, boolean, jsonb, text[], text[], text[], bigint[]) from public;
revoke all on function check_minute(integer[], bigint) from public;
grant execute on function add_tallies(text, bigint, integer[], text[], text[], text[], bigint[]) to prediction_ledger_runtime;
grant execute on function seal_tallies(integer, bigint, text, bigint, bigint, bigint, bigint, bigint, boolean, jsonb, text[], text[], text[], bigint[])
  to prediction_ledger_runtime;
grant execute on function check_minute(integer[], bigint) to prediction_ledger_runtime;
grant select on tally, minute_totals, intake_total, minute_check to prediction_ledger_runtime;
