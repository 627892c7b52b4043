import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { verifyBundle } from '../../src/core/verify-bundle.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import type { Log } from '../../src/ledger/log.ts';
import { memoryBundle } from '../core/sample-bundle.ts';
import { prediction } from '../e2e/prediction.ts';
import { startTestService, type TestService } from '../e2e/service.ts';
import { bundleOf, type ReadBundle } from './bundle-of.ts';

const PERIOD = { from: '2020-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' };

let service: TestService;
let log: Log;
let bundle: ReadBundle;

beforeAll(async () => {
  service = await startTestService();
  log = service.service.ledger.byLogName('default') as Log;
  for (let seq = 1; seq <= 40; seq++) {
    if (seq === 20) continue;
    const { status } = await service.call('POST', '/v1/predictions', 'producer', prediction(`p-${seq}`, { producer: { seq }, ...(seq % 2 === 0 && { decision: undefined }) }));
    expect(status).toBe(201);
  }
  await service.call('GET', '/v1/predictions/p-1', 'auditor');
  await service.service.tally.flush();
  await service.service.sealing.seal();
  bundle = await bundleOf(service.service, log, { framework: 'soc2', ...PERIOD });
});
afterAll(() => service.close());

describe('a bundle', () => {
  test('verifies against the log’s key alone', async () => {
    const report = await verifyBundle(memoryBundle(bundle.files, 100_000), { vkey: parseVkey(log.row.keys[0]?.vkey ?? '') });
    expect(report.findings).toEqual([]);
    expect(report.findingCount).toBe(0);
  });

  test('has files of the form that the schemas give', () => {
    const ajv = new Ajv({ allErrors: true, strict: false });
    formats.default(ajv);
    const folder = 'docs/spec/schemas/bundle';
    const validators = new Map<string, ValidateFunction>(readdirSync(folder).map((name) => [name, ajv.compile(JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as object)]));
    const check = (name: string, path: string, text: string): void => {
      const validate = validators.get(name);
      expect([path, validate?.(JSON.parse(text)), validate?.errors]).toEqual([path, true, null]);
    };
    for (const [path, bytes] of bundle.files) {
      const text = bytes.toString('utf8');
      const lines = text.split('\n').slice(0, -1);
      if (path === 'manifest.json') check('manifest.json', path, text);
      if (path === 'controls.json') check('controls.json', path, text);
      if (path === 'log/vkeys.json') check('vkeys.json', path, text);
      if (path.endsWith('/envelope.json')) check('envelope.json', path, text);
      if (path.endsWith('/exceptions.jsonl')) for (const line of lines) check('exception.json', path, line);
      if (path.startsWith('samples/')) for (const line of lines) check('sample.json', path, line);
      if (path === 'log/consistency.jsonl') for (const line of lines) check('consistency.json', path, line);
    }
  });

  test('is the same again, in pieces or at once, byte by byte but for the attestation', async () => {
    const again = await bundleOf(service.service, log, { framework: 'soc2', ...PERIOD, size: bundle.made.manifest.log.size, slice: 0 });
    expect(again.made.digest).toBe(bundle.made.digest);
    const files = ({ files: all }: ReadBundle): string[] => [...all].flatMap(([path, bytes]) => (path === 'attestation.dsse.json' ? [] : [`${path} ${bytes.toString('hex')}`]));
    expect(files(again)).toEqual(files(bundle));
  });

  test('tells what is wrong with the period, and says nothing of what it cannot judge', () => {
    expect(bundle.exceptions('producer-sequences')).toMatchObject([{ row: 0, why: 'gap' }]);
    expect(bundle.envelope('producer-sequences')).toMatchObject({ verdict: 'contradicted', gapCheck: { expected: 40, found: 39, gaps: [{ from: 20, to: 20 }] } });
    expect(bundle.envelope('served-versions')).toMatchObject({ verdict: 'contradicted', rowCount: 39, exceptions: { count: 39, reasons: { 'unknown-version': 39 } } });
    expect(bundle.envelope('decisions')).toMatchObject({ rowCount: 20, exclusions: [{ rule: 'no decision was made', count: 19, lost: false }], verdict: 'evidenced' });
    expect(bundle.envelope('intake-totals')).toMatchObject({ verdict: 'evidenced', gapCheck: { expected: 1, found: 1, gapCount: 0 } });
    expect(bundle.envelope('verified-range')).toMatchObject({ verdict: 'evidenced', exceptions: { count: 0 } });
    expect(bundle.envelope('restore-drills')).toMatchObject({ verdict: 'unevaluable', rule: 'never' });
    expect(bundle.envelope('break-glass')).toMatchObject({ verdict: 'unevaluable', rowCount: 0 });
    expect(bundle.envelope('disclosures')).toMatchObject({ rowCount: 1, verdict: 'evidenced' });
  });

  test('of every framework is made, and its verdicts are of the five', async () => {
    for (const { id } of service.service.frameworks.all) {
      const made = await bundleOf(service.service, log, { framework: id, ...PERIOD });
      const report = await verifyBundle(memoryBundle(made.files, 100_000), { vkey: parseVkey(log.row.keys[0]?.vkey ?? '') });
      expect([id, report.findings]).toEqual([id, []]);
      expect(made.controls().controls.map(({ verdict }) => verdict)).toContain('evidenced');
    }
  });
});
