-- As known at a time, what a log says counts from its entry's time on, whichever log of the succession says it.

create or replace function model_decided(_log integer, _model text, _version text, _index bigint, _time bigint) returns text
language sql stable set search_path = public, pg_temp as $$
  select coalesce(
    (select decision from model_decision
      where log = any (log_succession(_log)) and model = _model and version = _version
        and case when _index is null then time <= _time else log <> _log or index < _index end
      order by log desc, index desc limit 1),
    (select 'registered' from model_version
      where log = any (log_succession(_log)) and model = _model and version = _version
        and case when _index is null then time <= _time else log <> _log or index < _index end
      limit 1),
    'unknown')
$$;

create or replace function model_deployed(_log integer, _model text, _version text, _index bigint, _time bigint) returns text
language sql stable set search_path = public, pg_temp as $$
  with own as (
    select log, index, deployment, to_time from model_deployment
     where log = any (log_succession(_log)) and model = _model and version = _version and from_time <= _time
       and case when _index is null then time <= _time else log <> _log or index < _index end
     order by log desc, index desc limit 1
  )
  select deployment from own
   where (to_time is null or to_time > _time)
     and not (deployment in ('live', 'canary') and exists (
       select from model_deployment d
        where d.log = any (log_succession(_log)) and d.model = _model and d.version <> _version and d.deployment = 'live' and d.share = 10000 and d.from_time <= _time
          and (d.log, d.index) > (own.log, own.index)
          and case when _index is null then d.time <= _time else d.log <> _log or d.index < _index end))
$$;
