import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { Caller } from '../../src/access/caller.ts';
import { issueKey } from '../../src/access/issue-key.ts';
import type { Principal } from '../../src/access/principal.ts';
import { revokeKey } from '../../src/access/revoke-key.ts';
import { rotateKey } from '../../src/access/rotate-key.ts';
import { parsePayload } from '../../src/core/payload.ts';
import { PREDICTION_SCHEMA } from '../../src/predictions/prediction.ts';
import type { Log } from '../../src/ledger/log.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { startService, type Service } from '../../src/service.ts';
import { readSettings } from '../../src/settings.ts';
import { PredictionIntake } from '../../src/predictions/intake.ts';
import { Quarantine } from '../../src/predictions/quarantine.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

const FOLDER = 'docs/spec/schemas';
/** Those of entry types; a bundle's stand in a folder of their own. */
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const schema = (name: string): object => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as object;

let database: TestDatabase;
let service: Service;

beforeAll(async () => {
  database = await createTestDatabase();
  const { dataDir, databaseUrl, runtimeDatabaseUrl } = database.settings;
  service = await startService(
    readSettings({ DATA_DIR: dataDir, DATABASE_URL: databaseUrl, RUNTIME_DATABASE_URL: runtimeDatabaseUrl }),
    () => undefined,
  );
});

afterAll(async () => {
  await service?.close();
  await database?.drop();
});

/** The life of a key, with all that its terms may hold. */
async function administer(log: Log): Promise<void> {
  const { database: { pool }, credentialPolicy } = service;
  const asker: Principal = { id: `prn_${'1'.repeat(24)}`, tenant: log.row.tenant, role: 'admin', method: 'api-key', prefix: 'pl_00000000', issuedBy: 'system', elevations: [] };
  const callerTo = (action: 'issue' | 'rotate' | 'revoke'): Caller => new Caller(asker, log, { action, resource: 'key', each: true, trace: 'none' }, service.roles, undefined);
  await issueKey(pool, credentialPolicy, callerTo('issue'), { role: 'auditor' });
  const { prefix } = await issueKey(pool, credentialPolicy, callerTo('issue'), { role: 'producer', label: 'scoring-1', days: 3, scope: { actions: ['append'], models: ['m'] } });
  const { key } = await rotateKey(pool, credentialPolicy, callerTo('rotate'), prefix, 60);
  await revokeKey(pool, callerTo('revoke'), key.prefix, 'compromised');
}

describe('the catalogue of entry types', () => {
  test('gives predictions the schema that intake applies', () => {
    const { subject: _reference, ...posted } = PREDICTION_SCHEMA.properties;
    const form = JSON.parse(JSON.stringify({ ...PREDICTION_SCHEMA, properties: posted })) as object;
    expect(schema('prediction-v3.json')).toMatchObject(form);
  });

  test('has a page entry for each schema', () => {
    const page = readFileSync('docs/spec/payloads.md', 'utf8');
    for (const name of NAMES) expect(page).toContain(`schemas/${name}`);
  });

  test('describes every payload that a service writes', async () => {
    const ajv = new Ajv({ allErrors: true, strict: false });
    formats.default(ajv);
    const validators = new Map<string, ValidateFunction>();
    for (const name of NAMES) validators.set(name, ajv.compile(schema(name)));
    const log = service.ledger.logs[0];
    if (log === undefined) throw new Error('no log');
    const record = { id: 'r-1', model: 'm', version: '1', inputs: { a: 1 }, output: { b: 2 }, decision: { outcome: 'yes' } };
    await new PredictionIntake(service.contracts, new Quarantine(), service.models, 32).take(log, Buffer.from(JSON.stringify(record)), { principal: `prn_${'0'.repeat(24)}`, rule: 'r' });
    await administer(log);
    await service.tally.add({ log: log.row.id, what: 'refused', subject: `prn_${'1'.repeat(24)}`, reason: 'invalid-record' });
    await service.trail.denied(log, { principal: `prn_${'1'.repeat(24)}`, rule: 'none' }, { action: 'read', resource: 'log', role: 'producer' });
    service.tally.note({ log: log.row.id, what: 'unauthenticated', subject: 'unknown', reason: 'no-credential' });
    await service.tally.flush();
    await service.sealing.seal();
    const { size } = await log.readHead();
    const seen = new Set<string>();
    for (let index = 0; index < size; index++) {
      const { opening } = await openEntry(log, index);
      const payload = parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8'));
      const name = `${payload.type}-v${payload.v}.json`;
      seen.add(`${payload.type}-v${payload.v}`);
      expect(validators.get('payload.json')?.(payload)).toBe(true);
      expect({ name, valid: validators.get(name)?.(payload.body) }).toEqual({ name, valid: true });
    }
    expect([...seen].sort()).toEqual(['access-decision-v1', 'access-totals-v1', 'api-key-issued-v1', 'api-key-issued-v2', 'api-key-revoked-v1', 'api-key-rotated-v1', 'intake-totals-v1', 'log-opened-v1', 'policy-activated-v1', 'prediction-v3']);
  });
});
