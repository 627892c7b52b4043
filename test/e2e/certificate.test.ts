import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreError } from '../../src/core/core-error.ts';
import { verifyCertificate } from '../../src/core/verify-certificate.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { runCommand } from '../cli/run-command.ts';
import { verifyCertificate as verifyIndependently } from '../spec/independent-verifier.ts';
import { startTestService, type JsonObject, type TestService } from './service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

async function erase(subject: string): Promise<string> {
  const asked = await service.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject, reason: 'subject-request' });
  const id = String((asked.json['request'] as JsonObject)['id']);
  expect((await service.call('POST', `/v1/requests/${id}/approvals`, 'privacy-officer-2', { decision: 'approve' })).status).toBe(200);
  return id;
}

test('a certificate verifies offline, by two verifiers, and shows from when on it is irrecoverable; whatever is changed in it does not', async () => {
  for (const id of ['a', 'b']) {
    const body = { id, model: 'triage', version: '1', subject: 'ada', inputs: { age: 41 }, output: { score: 0.5 }, decision: { outcome: 'yes' } };
    expect((await service.call('POST', '/v1/predictions', 'producer', body)).status).toBe(201);
  }
  const request = await erase('ada');
  const nobody = await erase('never seen');
  const certificateOf = async (id: string): Promise<string> => (await service.call('GET', `/v1/subjects/erasures/${id}/certificate`, 'privacy-officer')).text;
  const log = service.service.ledger.byLogName('default');
  const vkey = log?.row.keys[0]?.vkey ?? '';
  const key = parseVkey(vkey);
  const early = await certificateOf(request);
  expect(verifyCertificate(early, key)).toMatchObject({ kind: 'certificate', request, erased: 2, irrecoverableFrom: null });
  expect(verifyIndependently(early, vkey)).toEqual({ erased: 2, irrecoverableFrom: null });

  if (log === undefined) throw new Error('there is no log');
  await service.service.endsEpochs.end(log, { principal: 'system', rule: 'system' });
  const text = await certificateOf(request);
  const report = verifyCertificate(text, key);
  const { irrecoverable } = JSON.parse(text) as { irrecoverable: { from: string } };
  expect(report.irrecoverableFrom).toBe(irrecoverable.from);
  expect(verifyIndependently(text, vkey)).toEqual({ erased: 2, irrecoverableFrom: irrecoverable.from });
  expect(verifyCertificate(await certificateOf(nobody), key)).toMatchObject({ erased: 0 });

  const changed = (change: (certificate: Record<string, unknown> & { erasure: Record<string, unknown>; ends: Record<string, unknown>[] }) => void): string => {
    const certificate = JSON.parse(text) as Parameters<typeof change>[0];
    change(certificate);
    return JSON.stringify(certificate);
  };
  const forgeries = [
    changed((each) => (each['request'] = nobody)),
    changed((each) => (each.erasure['indices'] = [0, 1])),
    changed((each) => (each.erasure['indices'] = [])),
    changed((each) => (each.erasure['payload'] = String(each.erasure['payload']).replace('subject-request', 'other'))),
    changed((each) => (each['succession'] = [{ origin: 'elsewhere', indices: [1] }])),
    changed((each) => (each['v'] = 2)),
    changed((each) => (each['ends'] = [each.erasure])),
    changed((each) => (each.ends[0] = { ...each.ends[0], salt: '0'.repeat(64) })),
    changed((each) => (each['more'] = 1)),
    changed((each) => Reflect.deleteProperty(each, 'ends')),
  ];
  for (const forged of forgeries) {
    expect(() => verifyCertificate(forged, key)).toThrow(CoreError);
    expect(() => verifyIndependently(forged, vkey)).toThrow();
  }
  // Without the end of its epoch it holds, and shows less.
  expect(verifyCertificate(changed((each) => (each['ends'] = [])), key).irrecoverableFrom).toBeNull();

  const folder = await mkdtemp(join(tmpdir(), 'pl-certificate-'));
  await writeFile(join(folder, 'certificate.json'), text);
  const verdict = await runCommand(['verify', 'certificate', join(folder, 'certificate.json'), '--vkey', vkey]);
  expect(verdict).toMatchObject({ code: 0, out: expect.stringContaining(`irrecoverable from ${irrecoverable.from}`) as unknown });
  await rm(folder, { recursive: true });
});
