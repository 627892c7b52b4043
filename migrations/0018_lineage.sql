-- When each policy bundle came into force on a log: what governed an entry, and which entries a bundle governed.
create table policy_activation (
  log integer not null references log,
  index bigint not null,
  digest bytea not null check (octet_length(digest) = 32),
  primary key (log, index)
);
create index policy_activation_digest on policy_activation (log, digest, index);
create trigger append_only before update or delete on policy_activation for each row execute function refuse_change();
create trigger no_truncate before truncate on policy_activation for each statement execute function refuse_change();
select build_wall('policy_activation');
grant select, insert on policy_activation to prediction_ledger_runtime;
insert into policy_activation (log, index, digest)
  select log, index, decode(convert_from(bytes, 'UTF8')::jsonb ->> 'policy', 'hex') from entry where position('"type":"policy-activated"'::bytea in bytes) > 0;

-- Predictions of a log that name a parent, from an index on. Works as the owner: behind the wall no index finds a member of an
-- array, so it looks by itself. Planned anew each time: a parent may have one child, or a million.
create function children_of(_log integer, _parent text, _after bigint, _limit integer) returns setof bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  perform require_sight(_log);
  return query execute 'select index from prediction where log = $1 and parents is not null and parents @> array[$2] and index > $3 order by index limit $4'
    using _log, _parent, _after, _limit;
end $$;
revoke all on function children_of(integer, text, bigint, integer) from public;
grant execute on function children_of(integer, text, bigint, integer) to prediction_ledger_runtime;
