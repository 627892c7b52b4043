-- Model versions, what was decided on them, and where they ran: read models of the entries that say so.

-- What was out of order when it was taken in, a bit a word (src/predictions/exception-words.ts); null: nothing.
alter table prediction add column exceptions integer check (exceptions > 0);

-- time: of the entry, ms since 1970, here and below. number: the order of lists.
create table model_version (
  log integer not null references log,
  model text not null,
  version text not null,
  number bigint generated always as identity unique,
  index bigint not null,
  time bigint not null,
  principal text not null,
  artifact text not null,
  owner text not null,
  primary key (log, model, version),
  unique (log, index)
);

-- What it is made of, by which it is found: name and version of a data set or a feature view, repository and commit of code.
create table model_part (
  log integer not null references log,
  kind text not null check (kind in ('training', 'evaluation', 'feature', 'code')),
  name text not null,
  part text not null,
  digest text,
  model text not null,
  version text not null,
  index bigint not null,
  primary key (log, kind, name, part, model, version)
);
create index model_part_of on model_part (log, model, version);

create table model_decision (
  log integer not null references log,
  model text not null,
  version text not null,
  number bigint generated always as identity unique,
  index bigint not null,
  time bigint not null,
  principal text not null,
  decision text not null check (decision in ('approved', 'rejected', 'withdrawn')),
  primary key (log, model, version, index)
);

-- share: ten-thousandths of the traffic that is decided on. from_time, to_time: ms since 1970.
create table model_deployment (
  log integer not null references log,
  model text not null,
  version text not null,
  number bigint generated always as identity unique,
  index bigint not null,
  time bigint not null,
  principal text not null,
  deployment text not null check (deployment in ('live', 'shadow', 'canary', 'retired')),
  share integer check (share between 0 and 10000),
  from_time bigint not null,
  to_time bigint check (to_time > from_time),
  retroactive boolean not null,
  primary key (log, model, index),
  check ((share is null) = (deployment in ('shadow', 'retired')))
);
create index model_deployment_version on model_deployment (log, model, version, index);

do $$
declare t text;
begin
  foreach t in array array['model_version', 'model_part', 'model_decision', 'model_deployment'] loop
    execute format('create trigger append_only before update or delete on %I for each row execute function refuse_change()', t);
    execute format('create trigger no_truncate before truncate on %I for each statement execute function refuse_change()', t);
  end loop;
end $$;

-- A log and those that it succeeds. A successor's number is the higher one.
create function log_succession(_log integer) returns integer[]
language sql stable set search_path = public, pg_temp as $$
  with recursive line as (
    select id, predecessor from log where id = _log
    union all
    select l.id, l.predecessor from log l join line on l.id = line.predecessor
  )
  select array_agg(id) from line
$$;

-- What was decided on a version, as known just before the entry _index of _log: unknown, registered, approved, rejected or
-- withdrawn. Where _index is null: as known at _time (ms since 1970). src/models/standing.ts says the same of a list of facts.
create function model_decided(_log integer, _model text, _version text, _index bigint, _time bigint) returns text
language sql stable set search_path = public, pg_temp as $$
  select coalesce(
    (select decision from model_decision
      where log = any (log_succession(_log)) and model = _model and version = _version and (log <> _log or index < _index or (_index is null and time <= _time))
      order by log desc, index desc limit 1),
    (select 'registered' from model_version
      where log = any (log_succession(_log)) and model = _model and version = _version and (log <> _log or index < _index or (_index is null and time <= _time))
      limit 1),
    'unknown')
$$;

-- How a version was deployed at _time (ms since 1970), as known just before the entry _index of _log, or at _time where
-- _index is null: live, shadow, canary or retired; null: not at all.
create function model_deployed(_log integer, _model text, _version text, _index bigint, _time bigint) returns text
language sql stable set search_path = public, pg_temp as $$
  with own as (
    select log, index, deployment, to_time from model_deployment
     where log = any (log_succession(_log)) and model = _model and version = _version and from_time <= _time
       and (log <> _log or index < _index or (_index is null and time <= _time))
     order by log desc, index desc limit 1
  )
  select deployment from own
   where (to_time is null or to_time > _time)
     and not (deployment in ('live', 'canary') and exists (
       select from model_deployment d
        where d.log = any (log_succession(_log)) and d.model = _model and d.version <> _version and d.deployment = 'live' and d.share = 10000 and d.from_time <= _time
          and (d.log, d.index) > (own.log, own.index) and (d.log <> _log or d.index < _index or (_index is null and d.time <= _time))))
$$;

revoke all on function log_succession(integer), model_decided(integer, text, text, bigint, bigint), model_deployed(integer, text, text, bigint, bigint) from public;
grant execute on function log_succession(integer), model_decided(integer, text, text, bigint, bigint), model_deployed(integer, text, text, bigint, bigint) to prediction_ledger_runtime;
grant select, insert on model_version, model_part, model_decision, model_deployment to prediction_ledger_runtime;
