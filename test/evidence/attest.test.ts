import { createPublicKey, verify as verifySignature } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { crypto as sigstore, dsse } from '@sigstore/core';
import { Ajv } from 'ajv';
import { verifyAttestation } from '../../src/core/attestation.ts';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { canonicalize } from '../../src/core/canonical-json.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import { parsePayload } from '../../src/core/payload.ts';
import { sha256 } from '../../src/core/sha256.ts';
import { parseVkey, type VerifierKey } from '../../src/core/vkey.ts';
import { attestationPart } from '../../src/evidence/attest.ts';
import { EvidenceKeys } from '../../src/evidence/evidence-key.ts';
import type { Manifest } from '../../src/evidence/manifest.ts';
import type { Log } from '../../src/ledger/log.ts';
import { receiptOf } from '../../src/predictions/receipt.ts';
import { startService, type Service } from '../../src/service.ts';
import { readSettings } from '../../src/settings.ts';
import { SampleBundle } from '../core/sample-bundle.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

let database: TestDatabase;
let service: Service;
let log: Log;
let vkey: VerifierKey;
let manifest: Manifest;

beforeAll(async () => {
  database = await createTestDatabase();
  const { dataDir, databaseUrl, runtimeDatabaseUrl } = database.settings;
  service = await startService(readSettings({ DATA_DIR: dataDir, DATABASE_URL: databaseUrl, RUNTIME_DATABASE_URL: runtimeDatabaseUrl }), () => undefined);
  log = service.ledger.logs[0] as Log;
  vkey = parseVkey(log.row.keys[0]?.vkey ?? '');
  manifest = { ...(await new SampleBundle().draft()).manifest, files: [] };
});

afterAll(async () => {
  await service?.close();
  await database?.drop();
});

const dataDir = (): string => database.settings.dataDir;

async function attest(keys: EvidenceKeys): Promise<string> {
  for await (const { path, bytes } of attestationPart(log, keys, { now: () => Date.UTC(2026, 10, 27) })('', manifest)) {
    expect(path).toBe('attestation.dsse.json');
    return Buffer.from(bytes as Uint8Array).toString('utf8');
  }
  throw new Error('nothing was attested');
}

describe('an attestation', () => {
  test('is signed by a key that the log names, and says of which manifest it is', async () => {
    const key = await new EvidenceKeys(dataDir()).of(log);
    const text = await attest(new EvidenceKeys(dataDir()));
    expect(verifyAttestation(text, vkey)).toEqual({
      manifest: toHex(sha256(utf8(canonicalize(manifest as unknown as JsonValue)))),
      signedAt: '2026-11-27T00:00:00.000Z',
      keyId: key.keyid,
      index: key.index,
    });
  });

  test('is verified by another implementation of DSSE, with the key in the log’s own entry', async () => {
    const { index } = await new EvidenceKeys(dataDir()).of(log);
    const { body } = parsePayload((await receiptOf(log, index)).payload);
    const pem = `-----BEGIN PUBLIC KEY-----\n${(body as { publicKey: string }).publicKey}\n-----END PUBLIC KEY-----\n`;
    const { payload, payloadType, signatures } = JSON.parse(await attest(new EvidenceKeys(dataDir()))) as { payload: string; payloadType: string; signatures: { sig: string }[] };
    const signed = dsse.preAuthEncoding(payloadType, Buffer.from(payload, 'base64'));
    const signature = Buffer.from(signatures[0]?.sig ?? '', 'base64');
    expect(sigstore.verify(signed, sigstore.createPublicKey(pem), signature)).toBe(true);
    expect(verifySignature(null, signed, createPublicKey(pem), signature)).toBe(true);
    expect(sigstore.verify(Buffer.from('other'), sigstore.createPublicKey(pem), signature)).toBe(false);
    expect(JSON.parse(Buffer.from(payload, 'base64').toString('utf8'))).toMatchObject({ _type: 'https://in-toto.io/Statement/v1', subject: [{ name: 'manifest.json' }] });
  });

  test('by any other log’s key is refused', async () => {
    const other = new SampleBundle();
    expect(() => verifyAttestation('{}', vkey)).toThrow();
    const text = await other.attest('0'.repeat(64));
    expect(() => verifyAttestation(text, vkey)).toThrow(expect.objectContaining({ code: 'evidence-key-unproven' }));
  });
});

describe('an evidence key', () => {
  const pem = (): string => join(dataDir(), 'evidence-keys', `${log.row.name}.pem`);

  test('is made once, kept to its owner, and named in the log by an entry of the catalogue', async () => {
    const [first, again] = await Promise.all([new EvidenceKeys(dataDir()).of(log), new EvidenceKeys(dataDir()).of(log)]);
    expect(again).toMatchObject({ keyid: first.keyid, index: first.index });
    expect(statSync(pem()).mode & 0o777).toBe(0o600);
    const { type, v, body } = parsePayload((await receiptOf(log, first.index)).payload);
    expect([type, v]).toEqual(['evidence-key-opened', 1]);
    const schema = JSON.parse(readFileSync('docs/spec/schemas/evidence-key-opened-v1.json', 'utf8')) as object;
    expect(new Ajv({ strict: false }).validate(schema, body)).toBe(true);
  });

  test('gets an entry again where the one that named it is not there', async () => {
    const { index, keyid } = await new EvidenceKeys(dataDir()).of(log);
    writeFileSync(join(dataDir(), 'evidence-keys', `${log.row.name}.index`), '0\n');
    const again = await new EvidenceKeys(dataDir()).of(log);
    expect(again.keyid).toBe(keyid);
    expect(again.index).toBeGreaterThan(index);
  });

  test('that is none is said, and replaced by nobody', async () => {
    const kept = readFileSync(pem());
    writeFileSync(pem(), 'no key');
    const keys = new EvidenceKeys(dataDir());
    await expect(keys.of(log)).rejects.toThrow(/not an Ed25519 private key/);
    writeFileSync(pem(), kept);
    await expect(keys.of(log)).resolves.toMatchObject({ keyid: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });
});
