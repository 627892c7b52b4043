-- The schema after all migrations. Written by "npm run schema", compared by "npm run schema:check"; never edited by hand.

CREATE TABLE api_key (
  digest bytea NOT NULL,
  tenant integer NOT NULL,
  principal text NOT NULL,
  role text NOT NULL,
  prefix text NOT NULL,
  created timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  revoked timestamp with time zone,
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  label text,
  actions text[],
  models text[],
  issued_by text NOT NULL DEFAULT 'system'::text,
  expires timestamp with time zone,
  last_used timestamp with time zone,
  successor text,
  revocation bigint
);
ALTER TABLE api_key ADD CONSTRAINT api_key_id_key UNIQUE (id);
ALTER TABLE api_key ADD CONSTRAINT api_key_prefix UNIQUE (tenant, prefix);
ALTER TABLE api_key ADD CONSTRAINT api_key_pkey PRIMARY KEY (digest);
ALTER TABLE api_key ADD CONSTRAINT api_key_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenant(id);
ALTER TABLE api_key ADD CONSTRAINT api_key_digest_check CHECK ((octet_length(digest) = 32));
ALTER TABLE api_key ADD CONSTRAINT api_key_label_check CHECK ((label ~ '^[a-z0-9][a-z0-9._-]{0,62}$'::text));
CREATE INDEX api_key_page ON api_key USING btree (tenant, id);
CREATE TRIGGER only_weaker BEFORE UPDATE ON api_key FOR EACH ROW EXECUTE FUNCTION refuse_strengthening();
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON api_key AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (tenant = ( SELECT tenant_in_sight() AS tenant_in_sight))));
GRANT INSERT, SELECT ON api_key TO prediction_ledger_runtime;
GRANT UPDATE ON api_key (revoked) TO prediction_ledger_runtime;
GRANT UPDATE ON api_key (expires) TO prediction_ledger_runtime;
GRANT UPDATE ON api_key (last_used) TO prediction_ledger_runtime;
GRANT UPDATE ON api_key (successor) TO prediction_ledger_runtime;
GRANT UPDATE ON api_key (revocation) TO prediction_ledger_runtime;

CREATE TABLE break_glass (
  tenant integer NOT NULL,
  id text NOT NULL,
  principal text NOT NULL,
  role text NOT NULL,
  rule text NOT NULL,
  opening bigint NOT NULL,
  opened timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  expires timestamp with time zone NOT NULL,
  reviewed timestamp with time zone,
  reviewed_by text,
  verdict text,
  review bigint
);
ALTER TABLE break_glass ADD CONSTRAINT break_glass_pkey PRIMARY KEY (tenant, id);
ALTER TABLE break_glass ADD CONSTRAINT break_glass_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenant(id);
ALTER TABLE break_glass ADD CONSTRAINT break_glass_id_check CHECK ((id ~ '^bg_[0-9a-f]{24}$'::text));
ALTER TABLE break_glass ADD CONSTRAINT break_glass_verdict_check CHECK ((verdict = ANY (ARRAY['justified'::text, 'not-justified'::text])));
CREATE INDEX break_glass_principal ON break_glass USING btree (tenant, principal, expires);
CREATE TRIGGER reviewed_once BEFORE UPDATE ON break_glass FOR EACH ROW EXECUTE FUNCTION refuse_second_review();
ALTER TABLE break_glass ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON break_glass AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (tenant = ( SELECT tenant_in_sight() AS tenant_in_sight))));
GRANT INSERT, SELECT ON break_glass TO prediction_ledger_runtime;
GRANT UPDATE ON break_glass (reviewed) TO prediction_ledger_runtime;
GRANT UPDATE ON break_glass (reviewed_by) TO prediction_ledger_runtime;
GRANT UPDATE ON break_glass (verdict) TO prediction_ledger_runtime;
GRANT UPDATE ON break_glass (review) TO prediction_ledger_runtime;

CREATE TABLE checkpoint (
  log integer NOT NULL,
  size bigint NOT NULL,
  root bytea NOT NULL,
  note text NOT NULL,
  published timestamp with time zone NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE checkpoint ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (log, size);
ALTER TABLE checkpoint ADD CONSTRAINT checkpoint_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE checkpoint ADD CONSTRAINT checkpoint_root_check CHECK ((octet_length(root) = 32));
ALTER TABLE checkpoint ADD CONSTRAINT checkpoint_size_check CHECK ((size >= 0));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON checkpoint FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE checkpoint ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON checkpoint AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON checkpoint TO prediction_ledger_runtime;

CREATE TABLE data_key (
  id bigint NOT NULL,
  log integer NOT NULL,
  wrapped_by text,
  wrapped bytea NOT NULL,
  created timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  epoch integer,
  subject bytea,
  lookup bytea,
  reference bytea,
  replaces bigint[]
);
ALTER TABLE data_key ADD CONSTRAINT data_key_pkey PRIMARY KEY (id);
ALTER TABLE data_key ADD CONSTRAINT data_key_lookup_check CHECK ((octet_length(lookup) = 32));
ALTER TABLE data_key ADD CONSTRAINT data_key_subject_check CHECK ((octet_length(subject) = 12));
ALTER TABLE data_key ADD CONSTRAINT data_key_wrapped CHECK (((wrapped_by IS NULL) <> (epoch IS NULL)));
CREATE UNIQUE INDEX data_key_lookup ON data_key USING btree (log, lookup) WHERE (lookup IS NOT NULL);
CREATE INDEX data_key_subject ON data_key USING btree (log, subject) WHERE (subject IS NOT NULL);
CREATE TRIGGER clears_quarantine AFTER DELETE ON data_key FOR EACH ROW EXECUTE FUNCTION clear_quarantine();
ALTER TABLE data_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON data_key AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT DELETE, SELECT ON data_key TO prediction_ledger_eraser;
GRANT INSERT, SELECT ON data_key TO prediction_ledger_runtime;
GRANT UPDATE ON data_key (wrapped_by) TO prediction_ledger_eraser;
GRANT UPDATE ON data_key (wrapped) TO prediction_ledger_eraser;
GRANT UPDATE ON data_key (epoch) TO prediction_ledger_eraser;
GRANT UPDATE ON data_key (lookup) TO prediction_ledger_eraser;

CREATE TABLE disclosure (
  log integer NOT NULL,
  index bigint NOT NULL,
  by_log integer NOT NULL,
  by_index bigint NOT NULL
);
ALTER TABLE disclosure ADD CONSTRAINT disclosure_pkey PRIMARY KEY (log, index, by_log, by_index);
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON disclosure FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE disclosure ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON disclosure AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON disclosure TO prediction_ledger_runtime;

CREATE TABLE entry (
  log integer NOT NULL,
  index bigint NOT NULL,
  bytes bytea NOT NULL
);
ALTER TABLE entry ALTER COLUMN bytes SET STORAGE EXTERNAL;
ALTER TABLE entry ADD CONSTRAINT entry_pkey PRIMARY KEY (log, index);
ALTER TABLE entry ADD CONSTRAINT entry_bytes_check CHECK ((octet_length(bytes) <= 65535));
ALTER TABLE entry ADD CONSTRAINT entry_index_check CHECK ((index >= 0));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON entry AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON entry TO prediction_ledger_runtime;

CREATE TABLE erased (
  log integer NOT NULL,
  index bigint NOT NULL,
  by_log integer,
  by_index bigint
);
ALTER TABLE erased ADD CONSTRAINT erased_pkey PRIMARY KEY (log, index);
ALTER TABLE erased ADD CONSTRAINT erased_by_log_fkey FOREIGN KEY (by_log) REFERENCES log(id);
ALTER TABLE erased ADD CONSTRAINT erased_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE erased ADD CONSTRAINT erased_check CHECK (((by_log IS NULL) = (by_index IS NULL)));
CREATE INDEX erased_by ON erased USING btree (by_log, by_index, log, index);
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON erased FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stays BEFORE DELETE OR UPDATE ON erased FOR EACH ROW EXECUTE FUNCTION refuse_other_authority();
CREATE CONSTRAINT TRIGGER with_authority AFTER INSERT OR UPDATE ON erased DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_authority();
ALTER TABLE erased ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON erased AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON erased TO prediction_ledger_eraser;
GRANT SELECT ON erased TO prediction_ledger_runtime;
GRANT UPDATE ON erased (by_log) TO prediction_ledger_eraser;
GRANT UPDATE ON erased (by_index) TO prediction_ledger_eraser;

CREATE TABLE evidence_job (
  log integer NOT NULL,
  id text NOT NULL,
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  framework text NOT NULL,
  from_time bigint NOT NULL,
  to_time bigint NOT NULL,
  nonce text NOT NULL,
  receipts boolean NOT NULL,
  principal text NOT NULL,
  role text NOT NULL,
  rule text NOT NULL,
  request_index bigint NOT NULL,
  requested timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  size bigint,
  state text NOT NULL DEFAULT 'waiting'::text,
  stage text NOT NULL DEFAULT 'waiting'::text,
  entries bigint NOT NULL DEFAULT 0,
  rows bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  holder text,
  job uuid,
  ended timestamp with time zone,
  ended_index bigint,
  digest text,
  length bigint,
  expires timestamp with time zone,
  opened bigint[] NOT NULL DEFAULT '{}'::bigint[]
);
ALTER TABLE evidence_job ADD CONSTRAINT evidence_job_number_key UNIQUE (number);
ALTER TABLE evidence_job ADD CONSTRAINT evidence_job_pkey PRIMARY KEY (log, id);
ALTER TABLE evidence_job ADD CONSTRAINT evidence_job_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE evidence_job ADD CONSTRAINT evidence_job_check CHECK ((to_time > from_time));
ALTER TABLE evidence_job ADD CONSTRAINT evidence_job_digest_check CHECK ((digest ~ '^[0-9a-f]{64}$'::text));
ALTER TABLE evidence_job ADD CONSTRAINT evidence_job_id_check CHECK ((id ~ '^evd_[0-9a-f]{24}$'::text));
ALTER TABLE evidence_job ADD CONSTRAINT evidence_job_nonce_check CHECK ((nonce ~ '^[0-9a-f]{64}$'::text));
ALTER TABLE evidence_job ADD CONSTRAINT evidence_job_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'made'::text, 'failed'::text, 'cancelled'::text, 'expired'::text])));
CREATE INDEX evidence_job_open ON evidence_job USING btree (state) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text, 'made'::text]));
CREATE INDEX evidence_job_page ON evidence_job USING btree (log, number);
CREATE UNIQUE INDEX evidence_job_scheduled ON evidence_job USING btree (log, framework, from_time, to_time) WHERE (principal = 'system'::text);
CREATE TRIGGER ends_once BEFORE DELETE OR UPDATE ON evidence_job FOR EACH ROW EXECUTE FUNCTION refuse_evidence_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON evidence_job FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE evidence_job ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON evidence_job AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON evidence_job TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (size) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (state) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (stage) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (entries) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (rows) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (bytes) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (attempts) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (holder) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (job) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (ended) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (ended_index) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (digest) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (length) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (expires) TO prediction_ledger_runtime;
GRANT UPDATE ON evidence_job (opened) TO prediction_ledger_runtime;

CREATE TABLE follow_up (
  log integer NOT NULL,
  index bigint NOT NULL,
  kind text NOT NULL,
  id text NOT NULL,
  of_log integer NOT NULL,
  of_index bigint NOT NULL,
  "time" bigint NOT NULL,
  principal text NOT NULL,
  verdict text
);
ALTER TABLE follow_up ADD CONSTRAINT follow_up_id UNIQUE (log, kind, id);
ALTER TABLE follow_up ADD CONSTRAINT follow_up_pkey PRIMARY KEY (log, index);
ALTER TABLE follow_up ADD CONSTRAINT follow_up_kind_check CHECK ((kind = ANY (ARRAY['outcome'::text, 'review'::text, 'correction'::text, 'replay'::text])));
CREATE INDEX follow_up_of ON follow_up USING btree (of_log, of_index, log, index);
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON follow_up FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE follow_up ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON follow_up AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON follow_up TO prediction_ledger_runtime;
GRANT SELECT ON follow_up (log) TO prediction_ledger_eraser;
GRANT SELECT ON follow_up (index) TO prediction_ledger_eraser;
GRANT SELECT, UPDATE ON follow_up (verdict) TO prediction_ledger_eraser;

CREATE TABLE held_decision (
  log integer NOT NULL,
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  at bigint NOT NULL,
  principal text NOT NULL,
  rule text NOT NULL,
  body jsonb NOT NULL,
  entry_log integer,
  index bigint
);
ALTER TABLE held_decision ADD CONSTRAINT held_decision_pkey PRIMARY KEY (log, id);
ALTER TABLE held_decision ADD CONSTRAINT held_decision_entry_log_fkey FOREIGN KEY (entry_log) REFERENCES log(id);
ALTER TABLE held_decision ADD CONSTRAINT held_decision_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE held_decision ADD CONSTRAINT held_decision_principal_check CHECK ((length(principal) <= 64));
ALTER TABLE held_decision ADD CONSTRAINT held_decision_rule_check CHECK ((length(rule) <= 64));
CREATE INDEX held_decision_waiting ON held_decision USING btree (log, id) WHERE (index IS NULL);
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON held_decision FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE held_decision ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON held_decision AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON held_decision TO prediction_ledger_runtime;

CREATE TABLE intake_total (
  log integer NOT NULL,
  principal text NOT NULL,
  number bigint NOT NULL,
  accepted bigint NOT NULL,
  refused bigint NOT NULL,
  quarantined bigint NOT NULL,
  duplicate bigint NOT NULL
);
ALTER TABLE intake_total ADD CONSTRAINT intake_total_pkey PRIMARY KEY (log, principal, number);
ALTER TABLE intake_total ADD CONSTRAINT intake_total_log_fkey FOREIGN KEY (log) REFERENCES log(id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON intake_total FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON intake_total FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE intake_total ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON intake_total AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT SELECT ON intake_total TO prediction_ledger_runtime;

CREATE TABLE key_epoch (
  log integer NOT NULL,
  number integer NOT NULL,
  kek text NOT NULL,
  wrapped bytea NOT NULL,
  started timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  closed timestamp with time zone,
  ended timestamp with time zone,
  moved timestamp with time zone,
  rewrapped bigint NOT NULL DEFAULT 0,
  vault bigint NOT NULL DEFAULT 0,
  older text[] NOT NULL DEFAULT '{}'::text[],
  ended_log integer,
  ended_index bigint
);
ALTER TABLE key_epoch ADD CONSTRAINT key_epoch_kek_key UNIQUE (kek);
ALTER TABLE key_epoch ADD CONSTRAINT key_epoch_pkey PRIMARY KEY (log, number);
ALTER TABLE key_epoch ADD CONSTRAINT key_epoch_ended_log_fkey FOREIGN KEY (ended_log) REFERENCES log(id);
ALTER TABLE key_epoch ADD CONSTRAINT key_epoch_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE key_epoch ADD CONSTRAINT key_epoch_check CHECK (((ended IS NULL) OR (closed IS NOT NULL)));
ALTER TABLE key_epoch ADD CONSTRAINT key_epoch_ended CHECK ((((ended_log IS NULL) = (ended_index IS NULL)) AND ((ended_index IS NULL) OR (ended IS NOT NULL))));
ALTER TABLE key_epoch ADD CONSTRAINT key_epoch_moved CHECK ((((moved IS NULL) OR (closed IS NOT NULL)) AND ((ended IS NULL) OR (moved IS NOT NULL))));
ALTER TABLE key_epoch ADD CONSTRAINT key_epoch_number_check CHECK ((number > 0));
CREATE UNIQUE INDEX key_epoch_open ON key_epoch USING btree (log) WHERE (closed IS NULL);
CREATE TRIGGER ends_once BEFORE DELETE OR UPDATE ON key_epoch FOR EACH ROW EXECUTE FUNCTION refuse_epoch_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON key_epoch FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE key_epoch ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON key_epoch AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT SELECT ON key_epoch TO prediction_ledger_eraser;
GRANT INSERT, SELECT ON key_epoch TO prediction_ledger_runtime;
GRANT UPDATE ON key_epoch (closed) TO prediction_ledger_runtime;
GRANT UPDATE ON key_epoch (ended) TO prediction_ledger_runtime;
GRANT UPDATE ON key_epoch (moved) TO prediction_ledger_runtime;
GRANT UPDATE ON key_epoch (rewrapped) TO prediction_ledger_eraser;
GRANT UPDATE ON key_epoch (vault) TO prediction_ledger_runtime;
GRANT UPDATE ON key_epoch (ended_log) TO prediction_ledger_runtime;
GRANT UPDATE ON key_epoch (ended_index) TO prediction_ledger_runtime;

CREATE TABLE legal_hold (
  log integer NOT NULL,
  id text NOT NULL,
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  subjects jsonb NOT NULL DEFAULT '[]'::jsonb,
  models text[],
  from_time bigint,
  to_time bigint,
  reason text NOT NULL,
  citation text,
  placed_by text NOT NULL,
  placed timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  placed_index bigint NOT NULL,
  released timestamp with time zone,
  released_index bigint
);
ALTER TABLE legal_hold ADD CONSTRAINT legal_hold_number_key UNIQUE (number);
ALTER TABLE legal_hold ADD CONSTRAINT legal_hold_pkey PRIMARY KEY (log, id);
ALTER TABLE legal_hold ADD CONSTRAINT legal_hold_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE legal_hold ADD CONSTRAINT legal_hold_check CHECK (((subjects <> '[]'::jsonb) OR (models IS NOT NULL) OR (from_time IS NOT NULL) OR (to_time IS NOT NULL)));
ALTER TABLE legal_hold ADD CONSTRAINT legal_hold_id_check CHECK ((id ~ '^hold_[0-9a-f]{24}$'::text));
CREATE INDEX legal_hold_in_force ON legal_hold USING btree (log) WHERE (released IS NULL);
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON legal_hold FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER released_once BEFORE UPDATE ON legal_hold FOR EACH ROW EXECUTE FUNCTION refuse_hold_change();
ALTER TABLE legal_hold ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON legal_hold AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON legal_hold TO prediction_ledger_runtime;
GRANT UPDATE ON legal_hold (released) TO prediction_ledger_runtime;
GRANT UPDATE ON legal_hold (released_index) TO prediction_ledger_runtime;

CREATE TABLE log (
  id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  tenant integer NOT NULL,
  name text NOT NULL,
  origin text NOT NULL,
  open boolean NOT NULL,
  predecessor integer,
  created timestamp with time zone NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE log ADD CONSTRAINT log_name_key UNIQUE (name);
ALTER TABLE log ADD CONSTRAINT log_origin_key UNIQUE (origin);
ALTER TABLE log ADD CONSTRAINT log_predecessor_key UNIQUE (predecessor);
ALTER TABLE log ADD CONSTRAINT log_pkey PRIMARY KEY (id);
ALTER TABLE log ADD CONSTRAINT log_predecessor_fkey FOREIGN KEY (predecessor) REFERENCES log(id);
ALTER TABLE log ADD CONSTRAINT log_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenant(id);
ALTER TABLE log ADD CONSTRAINT log_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text));
CREATE INDEX log_tenant ON log USING btree (tenant);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE log ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON log AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (tenant = ( SELECT tenant_in_sight() AS tenant_in_sight))));
GRANT INSERT, SELECT ON log TO prediction_ledger_runtime;

CREATE TABLE log_head (
  log integer NOT NULL,
  size bigint NOT NULL,
  head bytea NOT NULL,
  frontier bytea NOT NULL,
  "time" bigint NOT NULL,
  policy bytea,
  vault bigint NOT NULL DEFAULT 0
) WITH (fillfactor=20);
ALTER TABLE log_head ADD CONSTRAINT log_head_pkey PRIMARY KEY (log);
ALTER TABLE log_head ADD CONSTRAINT log_head_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE log_head ADD CONSTRAINT log_head_frontier_check CHECK (((octet_length(frontier) % 32) = 0));
ALTER TABLE log_head ADD CONSTRAINT log_head_head_check CHECK ((octet_length(head) = 32));
ALTER TABLE log_head ADD CONSTRAINT log_head_policy_check CHECK ((octet_length(policy) = 32));
ALTER TABLE log_head ADD CONSTRAINT log_head_size_check CHECK ((size >= 0));
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON log_head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_grows BEFORE DELETE OR UPDATE ON log_head FOR EACH ROW EXECUTE FUNCTION refuse_head_change();
ALTER TABLE log_head ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON log_head AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON log_head TO prediction_ledger_runtime;

CREATE TABLE log_key (
  log integer NOT NULL,
  vkey text NOT NULL,
  first_index bigint NOT NULL
);
ALTER TABLE log_key ADD CONSTRAINT log_key_pkey PRIMARY KEY (log, vkey);
ALTER TABLE log_key ADD CONSTRAINT log_key_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE log_key ADD CONSTRAINT log_key_first_index_check CHECK ((first_index >= 0));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON log_key FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON log_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE log_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON log_key AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON log_key TO prediction_ledger_runtime;

CREATE TABLE minute_check (
  log integer NOT NULL,
  checked bigint NOT NULL
);
ALTER TABLE minute_check ADD CONSTRAINT minute_check_pkey PRIMARY KEY (log);
ALTER TABLE minute_check ADD CONSTRAINT minute_check_log_fkey FOREIGN KEY (log) REFERENCES log(id);
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON minute_check FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE minute_check ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON minute_check AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT SELECT ON minute_check TO prediction_ledger_runtime;

CREATE TABLE minute_totals (
  log integer NOT NULL,
  type text NOT NULL,
  number bigint NOT NULL,
  index bigint NOT NULL,
  from_index bigint NOT NULL,
  to_index bigint NOT NULL,
  from_time bigint NOT NULL,
  to_time bigint NOT NULL,
  more boolean NOT NULL,
  body jsonb NOT NULL
);
ALTER TABLE minute_totals ADD CONSTRAINT minute_totals_pkey PRIMARY KEY (log, type, number);
ALTER TABLE minute_totals ADD CONSTRAINT minute_totals_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE minute_totals ADD CONSTRAINT minute_totals_number_check CHECK ((number > 0));
CREATE INDEX minute_totals_time ON minute_totals USING btree (log, type, to_time, number);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON minute_totals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON minute_totals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE minute_totals ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON minute_totals AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT SELECT ON minute_totals TO prediction_ledger_runtime;

CREATE TABLE model_decision (
  log integer NOT NULL,
  model text NOT NULL,
  version text NOT NULL,
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  index bigint NOT NULL,
  "time" bigint NOT NULL,
  principal text NOT NULL,
  decision text NOT NULL
);
ALTER TABLE model_decision ADD CONSTRAINT model_decision_number_key UNIQUE (number);
ALTER TABLE model_decision ADD CONSTRAINT model_decision_pkey PRIMARY KEY (log, model, version, index);
ALTER TABLE model_decision ADD CONSTRAINT model_decision_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE model_decision ADD CONSTRAINT model_decision_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text, 'withdrawn'::text])));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON model_decision FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON model_decision FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE model_decision ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON model_decision AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON model_decision TO prediction_ledger_runtime;

CREATE TABLE model_deployment (
  log integer NOT NULL,
  model text NOT NULL,
  version text NOT NULL,
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  index bigint NOT NULL,
  "time" bigint NOT NULL,
  principal text NOT NULL,
  deployment text NOT NULL,
  share integer,
  from_time bigint NOT NULL,
  to_time bigint,
  retroactive boolean NOT NULL
);
ALTER TABLE model_deployment ADD CONSTRAINT model_deployment_number_key UNIQUE (number);
ALTER TABLE model_deployment ADD CONSTRAINT model_deployment_pkey PRIMARY KEY (log, model, index);
ALTER TABLE model_deployment ADD CONSTRAINT model_deployment_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE model_deployment ADD CONSTRAINT model_deployment_check CHECK ((to_time > from_time));
ALTER TABLE model_deployment ADD CONSTRAINT model_deployment_check1 CHECK (((share IS NULL) = (deployment = ANY (ARRAY['shadow'::text, 'retired'::text]))));
ALTER TABLE model_deployment ADD CONSTRAINT model_deployment_deployment_check CHECK ((deployment = ANY (ARRAY['live'::text, 'shadow'::text, 'canary'::text, 'retired'::text])));
ALTER TABLE model_deployment ADD CONSTRAINT model_deployment_share_check CHECK (((share >= 0) AND (share <= 10000)));
CREATE INDEX model_deployment_version ON model_deployment USING btree (log, model, version, index);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON model_deployment FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON model_deployment FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE model_deployment ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON model_deployment AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON model_deployment TO prediction_ledger_runtime;

CREATE TABLE model_part (
  log integer NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  part text NOT NULL,
  digest text,
  model text NOT NULL,
  version text NOT NULL,
  index bigint NOT NULL
);
ALTER TABLE model_part ADD CONSTRAINT model_part_pkey PRIMARY KEY (log, kind, name, part, model, version);
ALTER TABLE model_part ADD CONSTRAINT model_part_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE model_part ADD CONSTRAINT model_part_kind_check CHECK ((kind = ANY (ARRAY['training'::text, 'evaluation'::text, 'feature'::text, 'code'::text])));
CREATE INDEX model_part_of ON model_part USING btree (log, model, version);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON model_part FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON model_part FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE model_part ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON model_part AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON model_part TO prediction_ledger_runtime;

CREATE TABLE model_version (
  log integer NOT NULL,
  model text NOT NULL,
  version text NOT NULL,
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  index bigint NOT NULL,
  "time" bigint NOT NULL,
  principal text NOT NULL,
  artifact text NOT NULL,
  owner text NOT NULL
);
ALTER TABLE model_version ADD CONSTRAINT model_version_log_index_key UNIQUE (log, index);
ALTER TABLE model_version ADD CONSTRAINT model_version_number_key UNIQUE (number);
ALTER TABLE model_version ADD CONSTRAINT model_version_pkey PRIMARY KEY (log, model, version);
ALTER TABLE model_version ADD CONSTRAINT model_version_log_fkey FOREIGN KEY (log) REFERENCES log(id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON model_version FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON model_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE model_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON model_version AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON model_version TO prediction_ledger_runtime;

CREATE TABLE payload (
  log integer NOT NULL,
  index bigint NOT NULL,
  key bigint NOT NULL,
  sealed bytea NOT NULL,
  originals bytea
);
ALTER TABLE payload ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE payload ALTER COLUMN originals SET STORAGE EXTERNAL;
ALTER TABLE payload ADD CONSTRAINT payload_pkey PRIMARY KEY (log, index);
CREATE INDEX payload_key ON payload USING btree (log, key, index);
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON payload FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE payload ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON payload AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT DELETE, SELECT ON payload TO prediction_ledger_eraser;
GRANT INSERT, SELECT ON payload TO prediction_ledger_runtime;
GRANT UPDATE ON payload (key) TO prediction_ledger_eraser;
GRANT UPDATE ON payload (sealed) TO prediction_ledger_eraser;
GRANT UPDATE ON payload (originals) TO prediction_ledger_eraser;

CREATE TABLE person (
  tenant integer NOT NULL,
  digest bytea NOT NULL,
  principal text NOT NULL,
  provider text NOT NULL,
  created timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  revoked timestamp with time zone,
  revocation bigint
);
ALTER TABLE person ADD CONSTRAINT person_principal_key UNIQUE (principal);
ALTER TABLE person ADD CONSTRAINT person_pkey PRIMARY KEY (tenant, digest);
ALTER TABLE person ADD CONSTRAINT person_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenant(id);
ALTER TABLE person ADD CONSTRAINT person_digest_check CHECK ((octet_length(digest) = 32));
ALTER TABLE person ADD CONSTRAINT person_principal_check CHECK ((principal ~ '^prn_[0-9a-f]{24}$'::text));
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON person AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (tenant = ( SELECT tenant_in_sight() AS tenant_in_sight))));
GRANT INSERT, SELECT ON person TO prediction_ledger_runtime;
GRANT UPDATE ON person (revoked) TO prediction_ledger_runtime;
GRANT UPDATE ON person (revocation) TO prediction_ledger_runtime;

CREATE TABLE policy_activation (
  log integer NOT NULL,
  index bigint NOT NULL,
  digest bytea NOT NULL
);
ALTER TABLE policy_activation ADD CONSTRAINT policy_activation_pkey PRIMARY KEY (log, index);
ALTER TABLE policy_activation ADD CONSTRAINT policy_activation_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE policy_activation ADD CONSTRAINT policy_activation_digest_check CHECK ((octet_length(digest) = 32));
CREATE INDEX policy_activation_digest ON policy_activation USING btree (log, digest, index);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON policy_activation FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON policy_activation FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE policy_activation ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON policy_activation AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON policy_activation TO prediction_ledger_runtime;

CREATE TABLE prediction (
  log integer NOT NULL,
  index bigint NOT NULL,
  id text NOT NULL,
  "time" bigint NOT NULL,
  model text NOT NULL,
  version text NOT NULL,
  deployment text,
  outcome text,
  principal text,
  exceptions integer,
  request text,
  parents text[],
  features text[],
  contract text,
  purpose text
);
ALTER TABLE prediction ADD CONSTRAINT prediction_id UNIQUE (log, id);
ALTER TABLE prediction ADD CONSTRAINT prediction_pkey PRIMARY KEY (log, index);
ALTER TABLE prediction ADD CONSTRAINT prediction_exceptions_check CHECK ((exceptions > 0));
CREATE INDEX prediction_decision ON prediction USING btree (log, model, outcome, index) WHERE (outcome IS NOT NULL);
CREATE INDEX prediction_deployment ON prediction USING btree (log, deployment, index) WHERE (deployment <> 'live'::text);
CREATE INDEX prediction_exceptions ON prediction USING btree (log, index) WHERE (exceptions IS NOT NULL);
CREATE INDEX prediction_model ON prediction USING btree (log, model, version, index);
CREATE INDEX prediction_parents ON prediction USING gin (parents) WITH (fastupdate=off) WHERE (parents IS NOT NULL);
CREATE INDEX prediction_request ON prediction USING btree (log, request, index) WHERE (request IS NOT NULL);
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON prediction FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE prediction ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON prediction AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON prediction TO prediction_ledger_runtime;
GRANT SELECT ON prediction (log) TO prediction_ledger_eraser;
GRANT SELECT ON prediction (index) TO prediction_ledger_eraser;
GRANT SELECT, UPDATE ON prediction (outcome) TO prediction_ledger_eraser;
GRANT UPDATE ON prediction (request) TO prediction_ledger_eraser;
GRANT UPDATE ON prediction (parents) TO prediction_ledger_eraser;
GRANT UPDATE ON prediction (features) TO prediction_ledger_eraser;
GRANT UPDATE ON prediction (purpose) TO prediction_ledger_eraser;

CREATE TABLE quarantine (
  log integer NOT NULL,
  id text NOT NULL,
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  state text NOT NULL DEFAULT 'held'::text,
  prediction text NOT NULL,
  model text NOT NULL,
  version text NOT NULL,
  principal text NOT NULL,
  rule text NOT NULL,
  contract text NOT NULL,
  reasons jsonb NOT NULL,
  received timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  expires timestamp with time zone NOT NULL,
  key bigint,
  sealed bytea,
  decider text,
  by_log integer,
  by_index bigint
);
ALTER TABLE quarantine ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE quarantine ADD CONSTRAINT quarantine_number_key UNIQUE (number);
ALTER TABLE quarantine ADD CONSTRAINT quarantine_pkey PRIMARY KEY (log, id);
ALTER TABLE quarantine ADD CONSTRAINT quarantine_by_log_fkey FOREIGN KEY (by_log) REFERENCES log(id);
ALTER TABLE quarantine ADD CONSTRAINT quarantine_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE quarantine ADD CONSTRAINT quarantine_check CHECK (((state = 'held'::text) = (key IS NOT NULL)));
ALTER TABLE quarantine ADD CONSTRAINT quarantine_check1 CHECK (((key IS NULL) = (sealed IS NULL)));
ALTER TABLE quarantine ADD CONSTRAINT quarantine_check2 CHECK (((by_log IS NULL) = (by_index IS NULL)));
ALTER TABLE quarantine ADD CONSTRAINT quarantine_id_check CHECK ((id ~ '^qua_[0-9a-f]{24}$'::text));
ALTER TABLE quarantine ADD CONSTRAINT quarantine_state_check CHECK ((state = ANY (ARRAY['held'::text, 'released'::text, 'rejected'::text, 'expired'::text, 'erased'::text])));
CREATE INDEX quarantine_expiry ON quarantine USING btree (log, expires) WHERE (state = 'held'::text);
CREATE UNIQUE INDEX quarantine_held ON quarantine USING btree (log, prediction) WHERE (state = 'held'::text);
CREATE INDEX quarantine_key ON quarantine USING btree (key) WHERE (key IS NOT NULL);
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON quarantine FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER with_entry AFTER UPDATE ON quarantine DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_quarantine_entry();
ALTER TABLE quarantine ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON quarantine AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT SELECT ON quarantine TO prediction_ledger_runtime;

CREATE TABLE recovery (
  log integer NOT NULL,
  from_index bigint NOT NULL,
  to_index bigint NOT NULL,
  payloads bigint NOT NULL,
  unconfirmed bigint NOT NULL,
  lost int8multirange NOT NULL,
  by_index bigint
);
ALTER TABLE recovery ADD CONSTRAINT recovery_pkey PRIMARY KEY (log, from_index);
ALTER TABLE recovery ADD CONSTRAINT recovery_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE recovery ADD CONSTRAINT recovery_check CHECK (((unconfirmed >= 0) AND (unconfirmed <= payloads)));
ALTER TABLE recovery ADD CONSTRAINT recovery_check1 CHECK ((from_index < to_index));
ALTER TABLE recovery ADD CONSTRAINT recovery_check2 CHECK ((lost <@ int8multirange(int8range(from_index, to_index))));
ALTER TABLE recovery ADD CONSTRAINT recovery_from_index_check CHECK ((from_index >= 0));
ALTER TABLE recovery ADD CONSTRAINT recovery_payloads_check CHECK ((payloads >= 0));
CREATE TRIGGER declared_once BEFORE DELETE OR UPDATE ON recovery FOR EACH ROW EXECUTE FUNCTION refuse_recovery_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON recovery FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER with_entry AFTER INSERT OR UPDATE ON recovery DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_recovery_entry();
ALTER TABLE recovery ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON recovery AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT SELECT ON recovery TO prediction_ledger_runtime;

CREATE TABLE request (
  log integer NOT NULL,
  id text NOT NULL,
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL,
  state text NOT NULL DEFAULT 'pending'::text,
  requester text NOT NULL,
  requested timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  request_index bigint NOT NULL,
  expires timestamp with time zone NOT NULL,
  subjects jsonb NOT NULL DEFAULT '[]'::jsonb,
  hold text,
  detail jsonb NOT NULL,
  decider text,
  decided timestamp with time zone,
  decision_index bigint
);
ALTER TABLE request ADD CONSTRAINT request_number_key UNIQUE (number);
ALTER TABLE request ADD CONSTRAINT request_pkey PRIMARY KEY (log, id);
ALTER TABLE request ADD CONSTRAINT request_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE request ADD CONSTRAINT request_check CHECK ((decider <> requester));
ALTER TABLE request ADD CONSTRAINT request_check1 CHECK (((state = 'pending'::text) = (decided IS NULL)));
ALTER TABLE request ADD CONSTRAINT request_id_check CHECK ((id ~ '^req_[0-9a-f]{24}$'::text));
ALTER TABLE request ADD CONSTRAINT request_kind_check CHECK ((kind = ANY (ARRAY['erasure'::text, 'legal-hold-release'::text])));
ALTER TABLE request ADD CONSTRAINT request_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'rejected'::text, 'expired'::text, 'executed'::text])));
CREATE INDEX request_page ON request USING btree (log, number);
CREATE TRIGGER decided_once BEFORE UPDATE ON request FOR EACH ROW EXECUTE FUNCTION refuse_second_decision();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON request FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE request ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON request AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON request TO prediction_ledger_runtime;
GRANT UPDATE ON request (state) TO prediction_ledger_runtime;
GRANT UPDATE ON request (decider) TO prediction_ledger_runtime;
GRANT UPDATE ON request (decided) TO prediction_ledger_runtime;
GRANT UPDATE ON request (decision_index) TO prediction_ledger_runtime;

CREATE TABLE tally (
  log integer NOT NULL,
  what text NOT NULL,
  subject text NOT NULL,
  reason text NOT NULL,
  count bigint NOT NULL,
  sealed bigint NOT NULL DEFAULT 0
) WITH (fillfactor=50);
ALTER TABLE tally ADD CONSTRAINT tally_pkey PRIMARY KEY (log, what, subject, reason);
ALTER TABLE tally ADD CONSTRAINT tally_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE tally ADD CONSTRAINT tally_check CHECK (((sealed >= 0) AND (sealed <= count)));
ALTER TABLE tally ADD CONSTRAINT tally_count_check CHECK ((count >= 0));
ALTER TABLE tally ADD CONSTRAINT tally_reason_check CHECK ((length(reason) <= 64));
ALTER TABLE tally ADD CONSTRAINT tally_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 64)));
ALTER TABLE tally ADD CONSTRAINT tally_what_check CHECK ((what = ANY (ARRAY['accepted'::text, 'refused'::text, 'quarantined'::text, 'duplicate'::text, 'denied'::text, 'unauthenticated'::text, 'limited'::text, 'listed'::text])));
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON tally FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE tally ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON tally AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT SELECT ON tally TO prediction_ledger_runtime;

CREATE TABLE tally_writer (
  id text NOT NULL,
  batch bigint NOT NULL,
  seen timestamp with time zone NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE tally_writer ADD CONSTRAINT tally_writer_pkey PRIMARY KEY (id);
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON tally_writer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE tenant (
  id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  created timestamp with time zone NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE tenant ADD CONSTRAINT tenant_name_key UNIQUE (name);
ALTER TABLE tenant ADD CONSTRAINT tenant_pkey PRIMARY KEY (id);
ALTER TABLE tenant ADD CONSTRAINT tenant_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON tenant FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON tenant FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON tenant AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (id = ( SELECT tenant_in_sight() AS tenant_in_sight))));
GRANT INSERT, SELECT ON tenant TO prediction_ledger_runtime;

CREATE TABLE tile (
  log integer NOT NULL,
  level smallint NOT NULL,
  index bigint NOT NULL,
  root bytea NOT NULL,
  hashes bytea NOT NULL
);
ALTER TABLE tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
ALTER TABLE tile ADD CONSTRAINT tile_pkey PRIMARY KEY (log, level, index);
ALTER TABLE tile ADD CONSTRAINT tile_log_fkey FOREIGN KEY (log) REFERENCES log(id);
ALTER TABLE tile ADD CONSTRAINT tile_hashes_check CHECK ((octet_length(hashes) = 8192));
ALTER TABLE tile ADD CONSTRAINT tile_index_check CHECK ((index >= 0));
ALTER TABLE tile ADD CONSTRAINT tile_level_check CHECK (((level >= 0) AND (level <= 7)));
ALTER TABLE tile ADD CONSTRAINT tile_root_check CHECK ((octet_length(root) = 32));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON tile FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON tile FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE tile ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON tile AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT INSERT, SELECT ON tile TO prediction_ledger_runtime;

CREATE TABLE token (
  log integer NOT NULL,
  key bigint NOT NULL,
  lookup bytea NOT NULL,
  token bytea NOT NULL
);
ALTER TABLE token ADD CONSTRAINT token_pkey PRIMARY KEY (log, key, lookup);
ALTER TABLE token ADD CONSTRAINT token_lookup_check CHECK ((octet_length(lookup) = 16));
ALTER TABLE token ADD CONSTRAINT token_token_check CHECK ((octet_length(token) = 16));
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON token FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE token ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON token AS PERMISSIVE FOR ALL TO public USING ((( SELECT (current_setting('prediction_ledger.tenant'::text, true) = '*'::text)) OR (log = ANY (( SELECT logs_in_sight() AS logs_in_sight)::integer[]))));
GRANT DELETE, SELECT ON token TO prediction_ledger_eraser;
GRANT INSERT, SELECT ON token TO prediction_ledger_runtime;

CREATE VIEW governed AS
 SELECT prediction.log,
    prediction.index,
    prediction.model,
    prediction."time"
   FROM prediction
UNION ALL
 SELECT f.log,
    f.index,
    p.model,
    p."time"
   FROM (follow_up f
     JOIN prediction p ON (((p.log = f.of_log) AND (p.index = f.of_index))));
GRANT SELECT ON governed TO prediction_ledger_runtime;

CREATE SEQUENCE data_key_id;
GRANT USAGE ON SEQUENCE data_key_id TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION add_tallies(_writer text, _batch bigint, _log integer[], _what text[], _subject text[], _reason text[], _count bigint[])
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform require_sight_of_all(_log);
  insert into tally_writer as w (id, batch) values (_writer, _batch)
    on conflict (id) do update set batch = excluded.batch, seen = clock_timestamp() where w.batch < excluded.batch;
  if not found then return false; end if;
  if _batch = 1 then delete from tally_writer where seen < clock_timestamp() - interval '30 days'; end if;
  insert into tally as t (log, what, subject, reason, count)
    select log, what, subject, reason, count from unnest(_log, _what, _subject, _reason, _count) as n(log, what, subject, reason, count)
     where count > 0 order by log, what, subject, reason
    on conflict (log, what, subject, reason) do update set count = t.count + excluded.count;
  return true;
end $function$;
GRANT EXECUTE ON FUNCTION add_tallies(text,bigint,integer[],text[],text[],text[],bigint[]) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION advance_head(_log integer, _expected bigint, _expected_head bytea, _vault bigint, _size bigint, _head bytea, _frontier bytea, _time bigint, _policy bytea)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if _size <= _expected then
    raise exception 'a log only grows: % to %', _expected, _size using errcode = 'integrity_constraint_violation';
  end if;
  update log_head set size = _size, head = _head, frontier = _frontier, time = _time, policy = _policy
   where log = _log and size = _expected and head = _expected_head and vault = _vault
     and (current_setting('prediction_ledger.tenant', true) = '*' or exists (
       select from log l where l.id = _log and l.tenant::text = current_setting('prediction_ledger.tenant', true)));
  if found then return true; end if;
  perform require_sight(_log);
  return false;
end $function$;
GRANT EXECUTE ON FUNCTION advance_head(integer,bigint,bytea,bigint,bigint,bytea,bytea,bigint,bytea) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION advance_vault(_log integer)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select require_sight(_log);
  update log_head set vault = vault + 1 where log = _log returning vault
$function$;
GRANT EXECUTE ON FUNCTION advance_vault(integer) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION authorize_erased(_log integer, _by_log integer, _by_index bigint)
 RETURNS SETOF bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with named as (update erased set by_log = _by_log, by_index = _by_index where log = _log and by_log is null returning index)
  select index from named order by index
$function$;
GRANT EXECUTE ON FUNCTION authorize_erased(integer,integer,bigint) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION build_wall(_table regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  _columns text[] := (select array_agg(attname::text) from pg_attribute where attrelid = _table and attnum > 0 and not attisdropped);
  _own text := case
    when _table = 'tenant'::regclass then 'id = (select tenant_in_sight())'
    when 'log' = any (_columns) then 'log = any ((select logs_in_sight())::integer[])'
    when 'tenant' = any (_columns) then 'tenant = (select tenant_in_sight())'
  end;
begin
  if _own is null then
    raise exception 'table % has neither log nor tenant: it cannot stand behind the wall', _table;
  end if;
  execute format('alter table %s enable row level security', _table);
  execute format('create policy wall on %s using ((select current_setting(''prediction_ledger.tenant'', true) = ''*'') or %s)', _table, _own);
end $function$;

CREATE OR REPLACE FUNCTION check_minute(_logs integer[], _checked bigint)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select require_sight_of_all(_logs);
  insert into minute_check as m (log, checked) select log, _checked from unnest(_logs) as l(log) order by log
    on conflict (log) do update set checked = greatest(m.checked, excluded.checked)
$function$;
GRANT EXECUTE ON FUNCTION check_minute(integer[],bigint) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION children_of(_log integer, _parent text, _after bigint, _limit integer)
 RETURNS SETOF bigint
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform require_sight(_log);
  return query execute 'select index from prediction where log = $1 and parents is not null and parents @> array[$2] and index > $3 order by index limit $4'
    using _log, _parent, _after, _limit;
end $function$;
GRANT EXECUTE ON FUNCTION children_of(integer,text,bigint,integer) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION clear_quarantine()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update quarantine set state = 'erased', key = null, sealed = null where key = old.id and log = old.log;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION confirm_recovered(_log integer, _index bigint, _old bytea, _key bigint, _sealed bytea, _originals bytea)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare _was bigint;
begin
  perform require_sight(_log);
  -- An erasure has this row locked from before it looks for keys until its commit; appends go on beside.
  perform from log_head where log = _log for key share;
  if not exists (select from data_key where log = _log and id = _key) then return false; end if;
  if not exists (select from recovery where log = _log and from_index <= _index and _index < to_index) then
    raise exception 'only what was recovered is confirmed' using errcode = 'integrity_constraint_violation';
  end if;
  select key into _was from payload where log = _log and index = _index and sealed = _old for update;
  if not found then return false; end if;
  update payload set key = _key, sealed = _sealed, originals = coalesce(_originals, originals) where log = _log and index = _index;
  if _was <> _key then
    delete from data_key d where d.log = _log and d.id = _was and d.lookup is null and not exists (select from payload p where p.log = _log and p.key = _was);
  end if;
  return true;
end $function$;
GRANT EXECUTE ON FUNCTION confirm_recovered(integer,bigint,bytea,bigint,bytea,bytea) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION declare_recovery(_log integer, _from bigint, _index bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform require_sight(_log);
  update recovery set by_index = _index where log = _log and from_index = _from and by_index is null;
  return found;
end $function$;
GRANT EXECUTE ON FUNCTION declare_recovery(integer,bigint,bigint) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION erase_keys(_log integer, _by_log integer, _by_index bigint, _keys bigint[])
 RETURNS SETOF bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$;
GRANT EXECUTE ON FUNCTION erase_keys(integer,integer,bigint,bigint[]) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION expire_quarantine(_logs integer[], _by_log integer, _by_index bigint, _limit integer)
 RETURNS SETOF text
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select require_sight_of_all(_logs);
  with due as (
    select log, id, key from quarantine where log = any (_logs) and state = 'held' and expires <= clock_timestamp()
     order by log, expires limit _limit for update
  ),
  expired as (
    update quarantine q set state = 'expired', by_log = _by_log, by_index = _by_index, key = null, sealed = null
      from due where q.log = due.log and q.id = due.id and _by_log is not null and _by_index is not null
    returning q.id
  ),
  gone as (delete from data_key k using due where k.log = due.log and k.id = due.key and _by_index is not null)
  select id from expired order by id
$function$;
GRANT EXECUTE ON FUNCTION expire_quarantine(integer[],integer,bigint,integer) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION first_prediction_at(_log integer, _time bigint)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$;
GRANT EXECUTE ON FUNCTION first_prediction_at(integer,bigint) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION hold_epoch(_log integer, _number integer)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select require_sight(_log);
  select exists (select from key_epoch where log = _log and number = _number and closed is null for share)
$function$;
GRANT EXECUTE ON FUNCTION hold_epoch(integer,integer) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION lock_head(_log integer)
 RETURNS SETOF log_head
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select require_sight(_log);
  select * from log_head where log = _log for update
$function$;
GRANT EXECUTE ON FUNCTION lock_head(integer) TO prediction_ledger_eraser;
GRANT EXECUTE ON FUNCTION lock_head(integer) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION log_succession(_log integer)
 RETURNS integer[]
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with recursive line as (
    select id, predecessor from log where id = _log
    union all
    select l.id, l.predecessor from log l join line on l.id = line.predecessor
  )
  select array_agg(id) from line
$function$;
GRANT EXECUTE ON FUNCTION log_succession(integer) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION logs_in_sight()
 RETURNS integer[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(array_agg(id), '{}') from log where tenant = tenant_in_sight()
$function$;
GRANT EXECUTE ON FUNCTION logs_in_sight() TO prediction_ledger_eraser;
GRANT EXECUTE ON FUNCTION logs_in_sight() TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION model_decided(_log integer, _model text, _version text, _index bigint, _time bigint)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$;
GRANT EXECUTE ON FUNCTION model_decided(integer,text,text,bigint,bigint) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION model_deployed(_log integer, _model text, _version text, _index bigint, _time bigint)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$;
GRANT EXECUTE ON FUNCTION model_deployed(integer,text,text,bigint,bigint) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION quarantine_record(_log integer, _id text, _prediction text, _model text, _version text, _principal text, _rule text, _contract text, _reasons jsonb, _period interval, _key bigint, _epoch integer, _wrapped bytea, _subject_key bigint, _sealed bytea)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare _subject bytea;
begin
  perform require_sight(_log);
  -- An erasure has this row locked from before it looks for keys until its commit; appends go on beside.
  perform from log_head where log = _log for key share;
  if not hold_epoch(_log, _epoch) then return 'stale'; end if;
  if _subject_key is not null then
    select subject into _subject from data_key where log = _log and id = _subject_key;
    if not found then return 'stale'; end if;
  end if;
  insert into quarantine (log, id, prediction, model, version, principal, rule, contract, reasons, expires, key, sealed)
    values (_log, _id, _prediction, _model, _version, _principal, _rule, _contract, _reasons, clock_timestamp() + _period, _key, _sealed)
    on conflict (log, prediction) where state = 'held' do nothing;
  if not found then return 'known'; end if;
  insert into data_key (id, log, epoch, wrapped, subject) values (_key, _log, _epoch, _wrapped, _subject);
  insert into tally as t (log, what, subject, reason, count) values (_log, 'quarantined', _principal, '', 1)
    on conflict (log, what, subject, reason) do update set count = t.count + 1;
  return 'kept';
end $function$;
GRANT EXECUTE ON FUNCTION quarantine_record(integer,text,text,text,text,text,text,text,jsonb,interval,bigint,integer,bytea,bigint,bytea) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'integrity_constraint_violation';
end $function$;

CREATE OR REPLACE FUNCTION refuse_epoch_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION refuse_evidence_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
end $function$;
GRANT EXECUTE ON FUNCTION refuse_evidence_change() TO PUBLIC;

CREATE OR REPLACE FUNCTION refuse_head_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'DELETE' or new.log <> old.log or new.size < old.size or new.time < old.time or new.vault < old.vault then
    raise exception 'log_head may only grow' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION refuse_hold_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if old.released is not null or
     (new.log, new.id, new.subjects, new.reason, new.placed_by, new.placed, new.placed_index) is distinct from
     (old.log, old.id, old.subjects, old.reason, old.placed_by, old.placed, old.placed_index) or
     (new.models, new.from_time, new.to_time, new.citation) is distinct from (old.models, old.from_time, old.to_time, old.citation) then
    raise exception 'a legal hold is released once, and nothing else of it changes' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION refuse_other_authority()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'DELETE' or old.by_log is not null or (new.log, new.index) is distinct from (old.log, old.index) then
    raise exception 'what is erased stays so, by the same entry' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION refuse_recovery_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'DELETE' or old.by_index is not null or
     (new.log, new.from_index, new.to_index, new.payloads, new.unconfirmed, new.lost) is distinct from
     (old.log, old.from_index, old.to_index, old.payloads, old.unconfirmed, old.lost) then
    raise exception 'a recovery is declared once, and nothing else of it changes' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION refuse_second_decision()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if old.state <> 'pending' or
     (new.log, new.id, new.kind, new.requester, new.requested, new.request_index, new.expires, new.subjects, new.detail) is distinct from
     (old.log, old.id, old.kind, old.requester, old.requested, old.request_index, old.expires, old.subjects, old.detail) or
     new.hold is distinct from old.hold then
    raise exception 'a request is decided once' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION refuse_second_review()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (new.tenant, new.id, new.principal, new.role, new.rule, new.opening, new.opened, new.expires) is distinct from
     (old.tenant, old.id, old.principal, old.role, old.rule, old.opening, old.opened, old.expires)
     or old.reviewed is not null or new.reviewed_by = old.principal then
    raise exception 'a break-glass is reviewed once, by another' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION refuse_strengthening()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (new.digest, new.tenant, new.principal, new.role, new.prefix, new.id, new.created, new.issued_by) is distinct from
     (old.digest, old.tenant, old.principal, old.role, old.prefix, old.id, old.created, old.issued_by)
     or new.label is distinct from old.label or new.actions is distinct from old.actions or new.models is distinct from old.models
     or (old.revoked is not null and new.revoked is distinct from old.revoked)
     or (old.expires is not null and (new.expires is null or new.expires > old.expires))
     or (old.successor is not null and new.successor is distinct from old.successor) then
    raise exception 'a credential may only become weaker' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION release_decision(_entry_log integer, _index bigint, _log integer, _id bigint)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select require_sight(_entry_log);
  update held_decision set entry_log = _entry_log, index = _index where log = _log and id = _id and index is null;
  insert into disclosure (log, index, by_log, by_index)
    select l.id, (h.body -> 'of' ->> 'index')::bigint, _entry_log, _index
      from held_decision h join log l on l.origin = h.body -> 'of' ->> 'log'
     where h.log = _log and h.id = _id and h.entry_log = _entry_log and h.index = _index and h.body -> 'of' ? 'index'
    on conflict do nothing
$function$;
GRANT EXECUTE ON FUNCTION release_decision(integer,bigint,integer,bigint) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION require_authority()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if new.by_log is not null and not exists (
    select from entry where log = new.by_log and index = new.by_index and xmin = pg_current_xact_id()::xid
       and convert_from(bytes, 'UTF8')::jsonb ->> 'type' in ('erasure', 'disposition')
  ) then
    raise exception 'payloads go only with an entry of type erasure or disposition' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION require_quarantine_entry()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if new.by_index is not null and not exists (
    select from entry where log = new.by_log and index = new.by_index and xmin = pg_current_xact_id()::xid
       and convert_from(bytes, 'UTF8')::jsonb ->> 'type' = 'quarantine-' || new.state
  ) then
    raise exception 'a record leaves quarantine by an entry that says so' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION require_recovery_entry()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if new.by_index is not null and not exists (
    select from entry where log = new.log and index = new.by_index and xmin = pg_current_xact_id()::xid
       and convert_from(bytes, 'UTF8')::jsonb ->> 'type' = 'log-recovered'
  ) then
    raise exception 'a recovery is declared by an entry of type log-recovered' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION require_sight(_log integer)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if current_setting('prediction_ledger.tenant', true) is distinct from '*' and not exists (select from log where id = _log and tenant = tenant_in_sight()) then
    raise exception 'the log % is not in sight', _log using errcode = 'insufficient_privilege';
  end if;
end $function$;

CREATE OR REPLACE FUNCTION require_sight_of_all(_logs integer[])
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if current_setting('prediction_ledger.tenant', true) is distinct from '*' and exists (
    select from unnest(_logs) as n(id) where not exists (select from log l where l.id = n.id and l.tenant = tenant_in_sight())
  ) then
    raise exception 'a log is not in sight' using errcode = 'insufficient_privilege';
  end if;
end $function$;

CREATE OR REPLACE FUNCTION reseal_payloads(_log integer, _from bigint[], _index bigint[], _key bigint[], _sealed bytea[], _originals bytea[])
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with n as (select * from unnest(_index, _key, _sealed, _originals) as n(index, key, sealed, originals)),
  resealed as (
    update payload p set key = n.key, sealed = n.sealed, originals = n.originals from n
     where p.log = _log and p.index = n.index and p.key = any (_from) returning 1
  )
  select count(*) from resealed
$function$;
GRANT EXECUTE ON FUNCTION reseal_payloads(integer,bigint[],bigint[],bigint[],bytea[],bytea[]) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION rewrap_keys(_log integer, _epoch integer, _id bigint[], _old bytea[], _wrapped bytea[], _lookup bytea[])
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$;
GRANT EXECUTE ON FUNCTION rewrap_keys(integer,integer,bigint[],bytea[],bytea[],bytea[]) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION seal_tallies(_log integer, _index bigint, _type text, _number bigint, _from_index bigint, _to_index bigint, _from_time bigint, _to_time bigint, _more boolean, _body jsonb, _what text[], _subject text[], _reason text[], _sealed bigint[])
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform require_sight(_log);
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
end $function$;
GRANT EXECUTE ON FUNCTION seal_tallies(integer,bigint,text,bigint,bigint,bigint,bigint,bigint,boolean,jsonb,text[],text[],text[],bigint[]) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION settle_quarantine(_log integer, _id text, _state text, _decider text, _by_log integer, _by_index bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare _key bigint;
begin
  perform require_sight(_log);
  if _state is null or _state not in ('released', 'rejected') or _by_index is null then
    raise exception 'a record leaves quarantine by an entry that says so' using errcode = 'integrity_constraint_violation';
  end if;
  select key into _key from quarantine where log = _log and id = _id and state = 'held' and expires > clock_timestamp() for update;
  if not found then return false; end if;
  update quarantine set state = _state, decider = _decider, by_log = _by_log, by_index = _by_index, key = null, sealed = null where log = _log and id = _id;
  delete from data_key where log = _log and id = _key;
  return true;
end $function$;
GRANT EXECUTE ON FUNCTION settle_quarantine(integer,text,text,text,integer,bigint) TO prediction_ledger_runtime;

CREATE OR REPLACE FUNCTION tenant_in_sight()
 RETURNS integer
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select nullif(nullif(current_setting('prediction_ledger.tenant', true), ''), '*')::integer
$function$;
GRANT EXECUTE ON FUNCTION tenant_in_sight() TO prediction_ledger_eraser;
GRANT EXECUTE ON FUNCTION tenant_in_sight() TO prediction_ledger_runtime;

GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT USAGE ON SCHEMA public TO prediction_ledger_eraser;
GRANT USAGE ON SCHEMA public TO prediction_ledger_runtime;
