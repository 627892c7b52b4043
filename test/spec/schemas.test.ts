import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { parsePayload } from '../../src/core/payload.ts';
import { PREDICTION_SCHEMA } from '../../src/predictions/prediction.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { startService, type Service } from '../../src/service.ts';
import { readSettings } from '../../src/settings.ts';
import { takeIn } from '../../src/predictions/intake.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

const FOLDER = 'docs/spec/schemas';
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

describe('the catalogue of entry types', () => {
  test('gives predictions the schema that intake applies', () => {
    expect(schema('prediction-v1.json')).toMatchObject(JSON.parse(JSON.stringify(PREDICTION_SCHEMA)) as object);
  });

  test('has a page entry for each schema', () => {
    const page = readFileSync('docs/spec/payloads.md', 'utf8');
    for (const name of readdirSync(FOLDER)) expect(page).toContain(`schemas/${name}`);
  });

  test('describes every payload that a service writes', async () => {
    const ajv = new Ajv({ allErrors: true, strict: false });
    formats.default(ajv);
    const validators = new Map<string, ValidateFunction>();
    for (const name of readdirSync(FOLDER)) validators.set(name, ajv.compile(schema(name)));
    const log = service.ledger.logs[0];
    if (log === undefined) throw new Error('no log');
    const record = { id: 'r-1', model: 'm', version: '1', inputs: { a: 1 }, output: { b: 2 }, decision: { outcome: 'yes' } };
    await takeIn(log, Buffer.from(JSON.stringify(record)), { principal: `prn_${'0'.repeat(24)}`, rule: 'r' }, 32);
    const { size } = await log.readHead();
    const seen = new Set<string>();
    for (let index = 0; index < size; index++) {
      const { opening } = await openEntry(log, index);
      const payload = parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8'));
      const name = `${payload.type}-v${payload.v}.json`;
      seen.add(payload.type);
      expect(validators.get('payload.json')?.(payload)).toBe(true);
      expect({ name, valid: validators.get(name)?.(payload.body) }).toEqual({ name, valid: true });
    }
    expect([...seen].sort()).toEqual(['api-key-issued', 'log-opened', 'policy-activated', 'prediction']);
  });
});
