-- Credentials that live: scope, expiry, rotation, last use; people who come by an identity provider; break-glass.

-- A principal keeps its id through rotations, so it may hold several keys. A certificate is a credential like a key: its
-- digest is the SHA-256 fingerprint, its prefix begins with crt_.
alter table api_key
  drop constraint api_key_principal_key,
  add column id bigint generated always as identity unique,
  add column label text check (label ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  add column actions text[],
  add column models text[],
  add column issued_by text not null default 'system',
  add column expires timestamptz,
  add column last_used timestamptz,
  add column successor text,
  add column revocation bigint,
  add constraint api_key_prefix unique (tenant, prefix);
create index api_key_page on api_key (tenant, id);

-- A credential only ever gets weaker: nobody brings a revoked one back, lengthens its life or changes whom it stands for.
create function refuse_strengthening() returns trigger language plpgsql as $$
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
end $$;
create trigger only_weaker before update on api_key for each row execute function refuse_strengthening();
grant update (revoked, expires, last_used, successor, revocation) on api_key to prediction_ledger_runtime;

-- digest: SHA-256 over issuer and subject. It alone leads from a person to the principal; deleting the row cuts that link.
create table person (
  tenant integer not null references tenant,
  digest bytea not null check (octet_length(digest) = 32),
  principal text not null unique check (principal ~ '^prn_[0-9a-f]{24}$'),
  provider text not null,
  created timestamptz not null default clock_timestamp(),
  revoked timestamptz,
  revocation bigint,
  primary key (tenant, digest)
);
grant select, insert, update (revoked, revocation) on person to prediction_ledger_runtime;

-- Elevations for a time. The reason stands in the payload of the entry alone.
create table break_glass (
  tenant integer not null references tenant,
  id text not null check (id ~ '^bg_[0-9a-f]{24}$'),
  principal text not null,
  role text not null,
  rule text not null,
  opening bigint not null,
  opened timestamptz not null default clock_timestamp(),
  expires timestamptz not null,
  reviewed timestamptz,
  reviewed_by text,
  verdict text check (verdict in ('justified', 'not-justified')),
  review bigint,
  primary key (tenant, id)
);
create index break_glass_principal on break_glass (tenant, principal, expires);
grant select, insert, update (reviewed, reviewed_by, verdict, review) on break_glass to prediction_ledger_runtime;

create function refuse_second_review() returns trigger language plpgsql as $$
begin
  if (new.tenant, new.id, new.principal, new.role, new.rule, new.opening, new.opened, new.expires) is distinct from
     (old.tenant, old.id, old.principal, old.role, old.rule, old.opening, old.opened, old.expires)
     or old.reviewed is not null or new.reviewed_by = old.principal then
    raise exception 'a break-glass is reviewed once, by another' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger reviewed_once before update on break_glass for each row execute function refuse_second_review();
revoke all on function refuse_strengthening(), refuse_second_review() from public;
