import type { CoreErrorCode } from '../../src/core/core-error.ts';
import type { DatabaseErrorCode } from '../../src/database/database-error.ts';
import type { ProblemCode } from '../../src/http/problem.ts';
import type { JournalErrorCode } from '../../src/vault/journal-error.ts';
import type { VaultErrorCode } from '../../src/vault/vault-error.ts';

/** What a code means, and what mends it. The types below refuse a code without a text and a text without a code. */
export type ErrorText = readonly [meaning: string, mend: string];

export const PROBLEM_TEXTS: Record<ProblemCode, ErrorText> = {
  'malformed-json': ['The body, or one record of a batch, is not JSON in UTF-8. `errors[0].at` says where.', 'Send one JSON object, a JSON array, or NDJSON; the code in `errors` is explained under [Formats](#formats).'],
  'bad-request': ['The request line, a header field or the path is malformed.', 'Send HTTP/1.1 as the API describes it.'],
  unauthenticated: ['The request bears no key, or one that does not exist or was revoked.', 'Send `Authorization: Bearer <key>`. The first start writes a key for each role to `DATA_DIR/keys.json`.'],
  forbidden: ['The key is valid, but no rule lets its role do this. The detail names the role, the action and the resource.', 'Use a key of a role whose file under `policies/roles` allows it.'],
  'not-found': ['There is no such resource, or not one that this key may see: the two look alike on purpose.', 'Check the path and the id; use a key of the tenant that owns the log.'],
  'method-not-allowed': ['The resource does not take this method.', 'Use a method that `/docs` lists.'],
  'credential-ended': ['The credential cannot be rotated or reviewed any more: it was revoked, has expired, or has a successor.', 'Look it up in `GET /v1/keys`; rotate the successor, or issue a new key.'],
  'credential-taken': ['The certificate is registered already.', 'Use another certificate, or rotate to a new one.'],
  'id-taken': ['The id stands in the log already, with other content. Nothing was changed.', 'Use a new id. Where the content was meant to be the same, find what differs: keys may come in any order, values may not.'],
  'body-too-large': ['The body is larger than `MAX_BODY_BYTES`, or a batch larger than `MAX_BATCH_BYTES`.', 'Send fewer records at once, large inputs by digest and URI, or raise the limit.'],
  'payload-too-large': ['The record is larger than 262,144 bytes in canonical form. This limit belongs to the format and cannot be raised.', 'Hand in large inputs by digest and URI.'],
  'batch-too-large': ['The batch holds more records than `MAX_BATCH_RECORDS`. None was taken in.', 'Send smaller batches, or raise the limit.'],
  'url-too-long': ['The path and query are longer than `MAX_URL_LENGTH`.', 'Shorten them, or raise the limit.'],
  'headers-too-large': ['The header fields are larger than 16 KiB together.', 'Send fewer or shorter header fields; what is large belongs in the body.'],
  'unsupported-media-type': ['The content type is not one that is taken here.', 'Send `application/json`, or `application/x-ndjson` for a batch.'],
  'invalid-json': ['It is JSON, but holds something that cannot be kept exactly: a key twice, an integer beyond 2^53, half of a surrogate pair. `errors[0]` gives code and place.', 'Change that place; the code in `errors` is explained under [Formats](#formats). Integers beyond 2^53 go as strings.'],
  'invalid-record': ['It is JSON, but not a prediction. `errors` names every fault at once, each by its JSON pointer.', 'Mend every place that `errors` names.'],
  'invalid-body': ['The body is JSON, but not what this route takes. `errors` names every fault at once, each by its JSON pointer.', 'Mend every place that `errors` names; `/docs` gives the form.'],
  'invalid-query': ['A query parameter is unknown or out of range. `errors` names each.', 'Mend every parameter that `errors` names.'],
  'queue-full': ['More is waiting for this log’s next commits than `MAX_QUEUE_ENTRIES`, `MAX_QUEUE_BYTES` or `MAX_TOTAL_QUEUE_BYTES` allow. Nothing was taken in.', 'Send the same id again after `Retry-After`. If it lasts, the database is slower than the producers.'],
  'rate-limited': ['The principal asks more often than `policies/credentials.yaml` allows its role, on this replica.', 'Ask again after `Retry-After`, and less often; or change the limit there.'],
  'too-many-failures': ['Too many authentications failed from this address, or with keys of this prefix, within a short time. A key that was good a moment ago is not affected.', 'Mend the key, and try again after `Retry-After`.'],
  'request-timeout': ['The request did not arrive whole within `REQUEST_TIMEOUT_MS`.', 'Send faster, in smaller pieces, or raise the limit.'],
  internal: ['Something failed that nobody foresaw. Whether a posted record was taken in is not known.', 'Send the same id again. The detail holds an incident number; the service’s log has the rest under it.'],
  'payload-missing': ['The entry is in the log, its payload is not in the database, and no erasure says why.', 'Bring the payload back from a backup, or from its receipt. Find out who deleted it.'],
  'not-verifiable': ['What the database holds does not verify: it was changed behind the service.', 'Run `prediction-ledger fsck`: it names the first bad index. Keep the database as it is for the investigation.'],
  'database-unavailable': ['The database does not answer or cannot write. Nothing was taken in.', 'Send the same id again after `Retry-After`; see to the database.'],
  'vault-unavailable': ['A key that this needs cannot be had now: the database or the key provider does not give it. Nothing was taken in.', 'Send the same again. If it lasts, the detail says what to look at.'],
  'provider-unavailable': ['The token may be signed by a key that the service has not seen yet, and the identity provider that would know does not answer. Nobody was let in.', 'Try again after `Retry-After`. Tokens signed by known keys go on to work; see to the provider.'],
  'storage-full': ['The database has no room left on its disk. Nothing was taken in.', 'Give it room. Nothing else is needed: the service goes on by itself.'],
  'outcome-unknown': ['The connection broke during the commit, and the database did not come back in time. The record may or may not be in the log.', 'Send the same id with the same content again: it is taken in once, and the first receipt is given.'],
  'not-counted': ['The record is not taken in, or stands in the log already, but the database does not answer, so that the refusal or repetition cannot be counted. No answer leaves before its count. The detail holds the refusal’s own code, and `errors` its places.', 'Mend what `errors` names, and send the record again after `Retry-After`.'],
  'log-stopped': ['This log takes nothing in, rather than fork: the database is behind the checkpoint store or disagrees with it, the store is lost, or the signing key is another (invariant 8). Reads go on; other logs do not suffer.', 'The service’s log says why. Put back what is missing and start again; where it cannot be put back, `prediction-ledger recover`.'],
  'policy-mismatch': ['The policy bundle in force on the log is another than this replica’s. Nothing was taken in.', 'Give every replica the same `POLICIES_DIR`.'],
  'clock-skew': ['This replica’s clock is more than 5 s from PostgreSQL’s. Nothing was taken in.', 'Set the clock (NTP). The service goes on by itself.'],
  'shutting-down': ['The service is stopping. Nothing was taken in.', 'Send the same id again, to another replica or a little later.'],
};

export const CORE_TEXTS: Record<CoreErrorCode, ErrorText> = {
  'json-syntax': ['The text is not JSON (RFC 8259). The place is a line, a column and an offset.', 'Write it with a JSON library; NaN, Infinity, comments and trailing commas are not JSON.'],
  'json-duplicate-key': ['An object holds the same key twice: readers would disagree about its value.', 'Send each key once.'],
  'json-unsafe-integer': ['An integer that a double cannot hold exactly: another reader would see another number.', 'Send it as a string.'],
  'json-number-not-finite': ['A number beyond the range of a double, such as 1e400.', 'Send it as a string, or leave it out.'],
  'json-lone-surrogate': ['A string holds half of a surrogate pair, which no UTF-8 can carry.', 'Cut texts between characters, not within them.'],
  'json-too-deep': ['The JSON is nested deeper than is taken (`MAX_DEPTH`; 64 in every format).', 'Flatten it.'],
  'json-prototype-key': ['A key such as `__proto__`, which could change what objects inherit in a careless reader.', 'Rename the key.'],
  'encoding-hex': ['Expected lower-case hexadecimal of a certain length.', 'Copy the value whole, in lower case.'],
  'encoding-base64': ['Expected base64 (RFC 4648, section 4) with its padding, in its one canonical form.', 'Copy the value whole; base64url is another encoding.'],
  'encoding-utf8': ['The bytes are not UTF-8.', 'Send UTF-8 without a byte order mark.'],
  'entry-malformed': ['The leaf’s bytes are not an entry: an unknown or missing member, or a value out of its form.', 'Get the entry again, from the log or from the receipt. If it is the log’s own, the log was changed.'],
  'entry-not-canonical': ['The entry says the right things in other bytes than the canonical ones (RFC 8785).', 'Keep entries as exact texts; never parse and print them again.'],
  'entry-too-large': ['An entry is larger than 65,535 bytes.', 'No log of this service holds such an entry: the source is not one, or was changed.'],
  'payload-malformed': ['The payload is not a payload, or not its own canonical JSON.', 'Keep payloads as exact texts; never parse and print them again.'],
  'payload-too-large': ['The payload is larger than 262,144 bytes.', 'No log of this service holds such a payload: the source is not one, or was changed.'],
  'commitment-mismatch': ['The entry did not commit to this payload under this salt: payload, salt or entry were changed, or belong to different records.', 'Get the receipt again. If the log gives the same, its database was tampered with.'],
  'chain-broken': ['An entry does not name its own index, or the leaf hash of the entry before it.', 'The copy is incomplete, or entries were changed, swapped or removed there. Compare with another copy; `fsck` names the index.'],
  'time-went-backwards': ['An entry is older than the one before it, which the service never lets happen.', 'The log was not written by the service alone, or was changed.'],
  'origin-mismatch': ['What was given belongs to another log than the vkey or the other parts.', 'Use the vkey of the log that the receipt’s entry names as `origin`.'],
  'proof-malformed': ['The text is not a proof in the form of c2sp.org/tlog-proof@v1, or its hashes are not of 32 bytes.', 'Get the proof again and keep it byte for byte.'],
  'inclusion-invalid': ['The inclusion proof does not lead from this entry to the checkpoint’s root hash: the entry is not in that tree at that index.', 'Get the receipt again. If the log gives the same, it does not hold what it says.'],
  'consistency-invalid': ['The older tree is not a prefix of the newer one: the log was rewritten, or the proof is another’s.', 'Keep both checkpoints: signed by the same key they are the evidence of a fork.'],
  'root-mismatch': ['The entries do not make the root hash that the checkpoint signed.', 'The copy is incomplete or changed, or the log was rewritten after the checkpoint. Keep both.'],
  'size-mismatch': ['The number of entries, nodes or hashes is not the one that the tree size asks for.', 'Get the missing part again.'],
  'tile-path-malformed': ['Not the path of a tile (c2sp.org/tlog-tiles).', 'Use `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`.'],
  'tile-malformed': ['A tile has not the bytes that its path asks for.', 'Get it again. If it is the log’s own, run `fsck`.'],
  'bundle-malformed': ['An entry bundle does not hold the entries that its path asks for.', 'Get it again. If it is the log’s own, run `fsck`.'],
  'note-malformed': ['The text is not a signed note (c2sp.org/signed-note).', 'Keep checkpoints byte for byte: the final newline and the em dash belong to them.'],
  'note-unsigned': ['No key that was given signed the note.', 'Give the vkey of the log that is to be checked; after a rotation, the one of that time (`/logs/<log>/vkeys`).'],
  'note-signature-invalid': ['The note bears a signature by the key that was given, and it does not verify: the note was changed, or never signed.', 'Get the checkpoint again. If it stays so, its source is not to be believed.'],
  'vkey-malformed': ['The text is not a vkey, its key ID does not belong to it, or its type is unknown.', 'Copy the whole line, `name+key ID+base64`.'],
  'checkpoint-malformed': ['The note is signed, but its text is not a checkpoint (c2sp.org/tlog-checkpoint).', 'Ask for `/logs/<log>/checkpoint`.'],
  'receipt-malformed': ['The JSON is not a receipt: `entry`, `salt`, `payload` and `proof`, each an exact string.', 'Take the member `receipt` of the answer, or all of `/v1/predictions/{id}/receipt`, unchanged.'],
  'erasure-unproven': ['The receipt says that its payload was erased, and does not prove it: the entry counts as missing.', 'Ask the log for the receipt again; it must bring the erasure entry’s own proof and its list of indices.'],
  'hash-implementation-wrong': ['The SHA-256 that was to be installed gives other hashes than the one of this package. Nothing was installed.', 'Repair or replace the runtime: its crypto is broken.'],
};

export const DATABASE_TEXTS: Record<DatabaseErrorCode, ErrorText> = {
  'backup-failed': ['The backup could not be written, or there is nothing to back up. No file was left behind.', 'See the reason: room on the disk, rights on the folder, a file of that name.'],
  'backup-malformed': ['The file is not a backup, is damaged or was changed. Nothing was restored.', 'Use another copy.'],
  'backup-newer': ['A newer release made the backup.', 'Restore with that release.'],
  'backup-unreadable': ['The backup’s file cannot be read.', 'Check the path and the rights.'],
  'binaries-missing': ['There is no embedded PostgreSQL for this system, or it does not run here.', 'Install with optional dependencies, or set `DATABASE_URL` to a PostgreSQL of version 15 or newer.'],
  'cluster-broken': ['The embedded PostgreSQL’s folder is incomplete, or its server does not stop.', 'Bring the folder back from where it is; restore a backup if it is lost. The service never begins a new one in its place.'],
  'cluster-older': ['Another major release of PostgreSQL made the embedded cluster.', 'Back up with the release that made it and restore with this one; the message gives both commands.'],
  'cluster-user-missing': ['PostgreSQL refuses to run as root, and there is no user that it could run as.', 'Add a user `postgres`, start as another user, or set `DATABASE_URL`.'],
  'data-dir-in-use': ['Another process works in this `DATA_DIR`.', 'Stop that process, or set another `DATA_DIR`.'],
  'data-dir-unreachable': ['The embedded cluster belongs to a user who cannot reach it.', 'Start as that user or as root, or let the folders above be entered (o+x).'],
  'database-newer': ['A newer release has migrated the database.', 'Start that release, or a newer one.'],
  'database-not-durable': ['`fsync`, `full_page_writes` or `synchronous_commit` is off: an acknowledged prediction could be lost (invariant 1).', 'Switch it on, for the role and the database too.'],
  'database-not-empty': ['`restore` found rows in the database.', 'Restore into a new database, or on an empty `DATA_DIR`, before the service starts there.'],
  'database-not-utf8': ['The database has another encoding than UTF8.', 'Create it with `ENCODING \'UTF8\'`.'],
  'database-read-only': ['The server is a standby.', 'Point `DATABASE_URL` at the primary.'],
  'database-too-old': ['The server’s PostgreSQL is older than 15.', 'Upgrade it, or unset `DATABASE_URL`.'],
  'database-unreachable': ['The database cannot be opened; the message ends in the reason. The password is never repeated.', 'Check host, port, user, password, the database’s name and the server.'],
  'database-url-malformed': ['The variable is no PostgreSQL URL.', 'Write `postgres://user:password@host:5432/database`; percent-encode what is special in the password.'],
  'migration-changed': ['A migration that this database has had was edited afterwards.', 'Put the file back; changes go into a new migration.'],
  'migration-failed': ['A migration failed and was rolled back, or the numbers of the files have a gap.', 'The message ends in PostgreSQL’s reason. The database is as it was before.'],
  'roles-missing': ['The user of `DATABASE_URL` may not create the two roles that the service needs.', 'Let a database administrator run the lines that the message gives, once.'],
  'runtime-role-too-strong': ['The role that the service works as could change what is append-only (invariant 2).', 'Grant it `prediction_ledger_runtime` and nothing else.'],
};

export const VAULT_TEXTS: Record<VaultErrorCode, ErrorText> = {
  'kek-missing': ['The database holds payloads sealed under a key-encryption key that is not there.', 'Put `DATA_DIR/key-encryption-keys.json` back. Without it those payloads can never be opened again; proofs go on to verify.'],
  'kek-malformed': ['The file of key-encryption keys has not its form.', 'Put the last good copy back.'],
  'unwrap-failed': ['A data key does not open under its key-encryption key: one of the two was changed.', 'Put the right key file back; if it is the right one, restore the table `data_key` from a backup.'],
  'key-erased': ['The data key that sealed a payload is not there: it was erased, or somebody deleted its row.', 'If no erasure says why, restore the table `data_key` from a backup.'],
  'key-spent': ['One data key has sealed as many payloads in this process as it safely may.', 'Rotate the data subject’s key; a restart gives it room as well.'],
  'keys-unavailable': ['The database gave no new keys in time.', 'Send the same again. If it lasts, look for what keeps the database busy.'],
  'payload-unreadable': ['A sealed payload does not open under its key: it was changed, or its key is gone.', 'Run `prediction-ledger fsck`; bring the payload back from a backup, or from its receipt.'],
  'provider-unavailable': ['The key provider does not answer, or not as it should: it is sealed, overloaded, or out of reach; or the key file cannot be read or written.', 'The message says which. Unseal Vault, mend the network or the disk; the call is safe to repeat.'],
  'provider-refused': ['The key provider answers and refuses: the token has expired or lacks a right, the mount is not there, or a key is not what it must be.', 'Give the service a token whose policy allows what docs/design/2026-11-27-key-providers.md lists, and check `VAULT_NAMESPACE`, `TRANSIT_MOUNT` and `TRANSIT_KEY_PREFIX`.'],
};

export const JOURNAL_TEXTS: Record<JournalErrorCode, ErrorText> = {
  'journal-unavailable': ['The erasure journal or a key export cannot be read or written. Without it no erasure is acknowledged, and after a restoration nothing is served.', 'The message says which file or database, and why: mend that. What is wanted again goes through then.'],
  'journal-broken': ['A line of the erasure journal was changed, removed or put in: it does not fit its checksum, or the line before it.', 'Put the last good copy back, with the lines that were appended since. Where there is none, erase again by hand what the log’s erasure entries name, and begin a new journal only then.'],
  'key-export-broken': ['An export of wrapped keys is not what was written: cut short, changed, or another file.', 'Put a good copy back. Without one, the payloads of the restored database whose keys stood in it stay closed; proofs go on to verify.'],
};

/** What `fsck` finds beyond the codes of core. */
export const FINDING_TEXTS: Record<string, ErrorText> = {
  'checkpoint-store-missing': ['The checkpoint store holds nothing for this log, which has entries.', 'Put the store back.'],
  'checkpoint-wrong': ['A published checkpoint does not verify under the log’s keys, or does not fit the entries.', 'Compare with the copies that others keep of that checkpoint.'],
  'entry-missing': ['An index below the head has no entry, or there are entries beyond the head.', 'Bring the tail back with `prediction-ledger recover tail`, or restore a backup.'],
  'head-missing': ['The log has no row that says how far it goes.', 'Restore a backup.'],
  'head-wrong': ['The head does not fit the last entry.', 'Restore a backup; somebody changed the row.'],
  'payload-missing': ['An entry’s payload is gone, and no erasure says why.', 'Bring it back from a backup, or from its receipt.'],
  'read-model-wrong': ['The row that lists and look-ups use does not say what the payload says.', 'Restore the table `prediction` from a backup; the entry and payload are what counts.'],
};
