#!/bin/sh
# Run once by the official PostgreSQL image, when it makes its database: two logins, neither of which is a superuser.
set -eu
psql --username postgres --no-psqlrc --set ON_ERROR_STOP=1 --set owner_password="$LEDGER_OWNER_PASSWORD" --set service_password="$LEDGER_SERVICE_PASSWORD" <<'SQL'
CREATE ROLE prediction_ledger_runtime NOLOGIN;
CREATE ROLE prediction_ledger_eraser NOLOGIN;
CREATE ROLE ledger_owner LOGIN PASSWORD :'owner_password' IN ROLE prediction_ledger_runtime, prediction_ledger_eraser;
CREATE ROLE ledger_service LOGIN PASSWORD :'service_password' IN ROLE prediction_ledger_runtime;
CREATE DATABASE ledger OWNER ledger_owner TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE ledger FROM PUBLIC;
GRANT CONNECT ON DATABASE ledger TO prediction_ledger_runtime;
\connect ledger
ALTER SCHEMA public OWNER TO ledger_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SQL
