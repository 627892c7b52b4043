-- Evidence bundles that were asked for, and the queue that makes them.

-- `size`: the range of the log, fixed when the work begins. `opened`: leaf indices whose payloads are in the bundle.
-- `holder`: the replica in whose folder the work stands; `job`: its entry in the queue.
create table evidence_job (
  log integer not null references log,
  id text not null check (id ~ '^evd_[0-9a-f]{24}$'),
  number bigint generated always as identity unique,
  framework text not null,
  from_time bigint not null,
  to_time bigint not null check (to_time > from_time),
  nonce text not null check (nonce ~ '^[0-9a-f]{64}$'),
  receipts boolean not null,
  principal text not null,
  role text not null,
  rule text not null,
  request_index bigint not null,
  requested timestamptz not null default clock_timestamp(),
  size bigint,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'made', 'failed', 'cancelled', 'expired')),
  stage text not null default 'waiting',
  entries bigint not null default 0,
  rows bigint not null default 0,
  bytes bigint not null default 0,
  attempts integer not null default 0,
  holder text,
  job uuid,
  ended timestamptz,
  ended_index bigint,
  digest text check (digest ~ '^[0-9a-f]{64}$'),
  length bigint,
  expires timestamptz,
  opened bigint[] not null default '{}',
  primary key (log, id)
);
create index evidence_job_page on evidence_job (log, number);
create index evidence_job_open on evidence_job (state) where state in ('waiting', 'running', 'made');
-- What policy schedules is asked for once, however many replicas look.
create unique index evidence_job_scheduled on evidence_job (log, framework, from_time, to_time) where principal = 'system';

create function refuse_evidence_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or
     (new.log, new.id, new.number, new.framework, new.from_time, new.to_time, new.nonce, new.receipts, new.principal, new.role, new.rule, new.request_index, new.requested) is distinct from
     (old.log, old.id, old.number, old.framework, old.from_time, old.to_time, old.nonce, old.receipts, old.principal, old.role, old.rule, old.request_index, old.requested) or
     (old.size is not null and new.size is distinct from old.size) or
     old.state in ('failed', 'cancelled', 'expired') or
     (old.state = 'made' and (new.state <> 'expired' or (new.digest, new.length, new.expires, new.opened) is distinct from (old.digest, old.length, old.expires, old.opened))) then
    raise exception 'a bundle that was asked for ends once, and nothing else of it changes' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger ends_once before update or delete on evidence_job for each row execute function refuse_evidence_change();
create trigger no_truncate before truncate on evidence_job for each statement execute function refuse_change();
select build_wall('evidence_job');

grant select, insert on evidence_job to prediction_ledger_runtime;
grant update (size, state, stage, entries, rows, bytes, attempts, holder, job, ended, ended_index, digest, length, expires, opened) on evidence_job to prediction_ledger_runtime;

-- The tables of pg-boss 10.4.2 (MIT), as its getConstructionPlans writes them: made here, so that the service need own nothing.
-- They hold ids of evidence_job alone, and can be made again from it.

CREATE SCHEMA IF NOT EXISTS pgboss
  ;

    CREATE TYPE pgboss.job_state AS ENUM (
      'created',
      'retry',
      'active',
      'completed',
      'cancelled',
      'failed'
    )
  ;

    CREATE TABLE pgboss.version (
      version int primary key,
      maintained_on timestamp with time zone,
      cron_on timestamp with time zone,
      monitored_on timestamp with time zone
    )
  ;

    CREATE TABLE pgboss.queue (
      name text,
      policy text,
      retry_limit int,
      retry_delay int,
      retry_backoff bool,
      expire_seconds int,
      retention_minutes int,
      dead_letter text REFERENCES pgboss.queue (name),
      partition_name text,
      created_on timestamp with time zone not null default now(),
      updated_on timestamp with time zone not null default now(),
      PRIMARY KEY (name)
    )
  ;

    CREATE TABLE pgboss.schedule (
      name text REFERENCES pgboss.queue ON DELETE CASCADE,
      cron text not null,
      timezone text,
      data jsonb,
      options jsonb,
      created_on timestamp with time zone not null default now(),
      updated_on timestamp with time zone not null default now(),
      PRIMARY KEY (name)
    )
  ;

    CREATE TABLE pgboss.subscription (
      event text not null,
      name text not null REFERENCES pgboss.queue ON DELETE CASCADE,
      created_on timestamp with time zone not null default now(),
      updated_on timestamp with time zone not null default now(),
      PRIMARY KEY(event, name)
    )
  ;

    CREATE TABLE pgboss.job (
      id uuid not null default gen_random_uuid(),
      name text not null,
      priority integer not null default(0),
      data jsonb,
      state pgboss.job_state not null default('created'),
      retry_limit integer not null default(2),
      retry_count integer not null default(0),
      retry_delay integer not null default(0),
      retry_backoff boolean not null default false,
      start_after timestamp with time zone not null default now(),
      started_on timestamp with time zone,
      singleton_key text,
      singleton_on timestamp without time zone,
      expire_in interval not null default interval '15 minutes',
      created_on timestamp with time zone not null default now(),
      completed_on timestamp with time zone,
      keep_until timestamp with time zone NOT NULL default now() + interval '14 days',
      output jsonb,
      dead_letter text,
      policy text
    ) PARTITION BY LIST (name)
  ;
ALTER TABLE pgboss.job ADD PRIMARY KEY (name, id);
CREATE TABLE pgboss.archive (LIKE pgboss.job);
ALTER TABLE pgboss.archive ADD PRIMARY KEY (name, id);
ALTER TABLE pgboss.archive ADD archived_on timestamptz NOT NULL DEFAULT now();
CREATE INDEX archive_i1 ON pgboss.archive(archived_on);

    CREATE FUNCTION pgboss.create_queue(queue_name text, options json)
    RETURNS VOID AS
    $$
    DECLARE
      table_name varchar := 'j' || encode(sha224(queue_name::bytea), 'hex');
      queue_created_on timestamptz;
    BEGIN

      WITH q as (
      INSERT INTO pgboss.queue (
        name,
        policy,
        retry_limit,
        retry_delay,
        retry_backoff,
        expire_seconds,
        retention_minutes,
        dead_letter,
        partition_name
      )
      VALUES (
        queue_name,
        options->>'policy',
        (options->>'retryLimit')::int,
        (options->>'retryDelay')::int,
        (options->>'retryBackoff')::bool,
        (options->>'expireInSeconds')::int,
        (options->>'retentionMinutes')::int,
        options->>'deadLetter',
        table_name
      )
      ON CONFLICT DO NOTHING
      RETURNING created_on
      )
      SELECT created_on into queue_created_on from q;

      IF queue_created_on IS NULL THEN
        RETURN;
      END IF;

      EXECUTE format('CREATE TABLE pgboss.%I (LIKE pgboss.job INCLUDING DEFAULTS)', table_name);

      EXECUTE format('ALTER TABLE pgboss.%1$I ADD PRIMARY KEY (name, id)', table_name);
      EXECUTE format('ALTER TABLE pgboss.%1$I ADD CONSTRAINT q_fkey FOREIGN KEY (name) REFERENCES pgboss.queue (name) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED', table_name);
      EXECUTE format('ALTER TABLE pgboss.%1$I ADD CONSTRAINT dlq_fkey FOREIGN KEY (dead_letter) REFERENCES pgboss.queue (name) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED', table_name);
      EXECUTE format('CREATE UNIQUE INDEX %1$s_i1 ON pgboss.%1$I (name, COALESCE(singleton_key, '''')) WHERE state = ''created'' AND policy = ''short''', table_name);
      EXECUTE format('CREATE UNIQUE INDEX %1$s_i2 ON pgboss.%1$I (name, COALESCE(singleton_key, '''')) WHERE state = ''active'' AND policy = ''singleton''', table_name);
      EXECUTE format('CREATE UNIQUE INDEX %1$s_i3 ON pgboss.%1$I (name, state, COALESCE(singleton_key, '''')) WHERE state <= ''active'' AND policy = ''stately''', table_name);
      EXECUTE format('CREATE UNIQUE INDEX %1$s_i4 ON pgboss.%1$I (name, singleton_on, COALESCE(singleton_key, '''')) WHERE state <> ''cancelled'' AND singleton_on IS NOT NULL', table_name);
      EXECUTE format('CREATE INDEX %1$s_i5 ON pgboss.%1$I (name, start_after) INCLUDE (priority, created_on, id) WHERE state < ''active''', table_name);

      EXECUTE format('ALTER TABLE pgboss.%I ADD CONSTRAINT cjc CHECK (name=%L)', table_name, queue_name);
      EXECUTE format('ALTER TABLE pgboss.job ATTACH PARTITION pgboss.%I FOR VALUES IN (%L)', table_name, queue_name);
    END;
    $$
    LANGUAGE plpgsql;
  ;

    CREATE FUNCTION pgboss.delete_queue(queue_name text)
    RETURNS VOID AS
    $$
    DECLARE
      table_name varchar;
    BEGIN
      WITH deleted as (
        DELETE FROM pgboss.queue
        WHERE name = queue_name
        RETURNING partition_name
      )
      SELECT partition_name from deleted INTO table_name;

      EXECUTE format('DROP TABLE IF EXISTS pgboss.%I', table_name);
    END;
    $$
    LANGUAGE plpgsql;
  ;
INSERT INTO pgboss.version(version) VALUES ('24');

select pgboss.create_queue('evidence', '{"policy":"standard","retryLimit":20,"retryDelay":5,"retryBackoff":false,"expireInSeconds":900,"retentionMinutes":20160}');

revoke all on function pgboss.create_queue(text, json), pgboss.delete_queue(text) from public;
grant usage on schema pgboss to prediction_ledger_runtime;
grant select, insert, update, delete on all tables in schema pgboss to prediction_ledger_runtime;
revoke insert, update, delete on pgboss.queue, pgboss.schedule, pgboss.subscription from prediction_ledger_runtime;
revoke insert, delete on pgboss.version from prediction_ledger_runtime;
