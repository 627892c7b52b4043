import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CredentialPolicy } from '../../src/access/credential-policy.ts';
import { BUILT_IN_ROLES, Roles } from '../../src/access/roles.ts';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';

let folder: string;
let shipped: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-credentials-'));
  await cp('policies', folder, { recursive: true });
  shipped = await readFile(join(folder, 'credentials.yaml'), 'utf8');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function policyOf(text: string | undefined): Promise<CredentialPolicy> {
  const file = join(folder, 'credentials.yaml');
  if (text === undefined) await rm(file);
  else await writeFile(file, text);
  const bundle = await PolicyBundle.read(folder);
  return new CredentialPolicy(bundle, new Roles(bundle));
}

describe('the shipped credentials.yaml', () => {
  test('lets administrators alone issue, and nobody break the glass into administration', async () => {
    const policy = await policyOf(shipped);
    for (const by of BUILT_IN_ROLES) {
      for (const role of BUILT_IN_ROLES) {
        expect([by, role, policy.issuance(by, role)?.id]).toEqual([by, role, by === 'admin' ? 'admin-issues-keys' : undefined]);
        if (role !== 'auditor') expect(policy.breakGlass(by, role)).toBeUndefined();
      }
      expect(policy.rateLimit(by)?.perSecond).toBeGreaterThan(0);
    }
    for (const role of ['nobody', '__proto__', 'constructor', '']) expect([policy.issuance('admin', role), policy.breakGlass('operator', role), policy.rateLimit(role)]).toEqual([undefined, undefined, undefined]);
  });
});

describe('a credentials.yaml', () => {
  test.each<[string, (text: string) => string | undefined, RegExp]>([
    ['that is missing', () => undefined, /credentials\.yaml is missing/],
    ['with a misspelt key', (text) => text.replace('maxDays', 'maxDay'), /credentials\.yaml:\d+: \/issuance\/0/],
    ['with a key of its own', (text) => `${text}everything: true\n`, /\/everything is not a word/],
    ['with a list left out', (text) => text.replace('breakGlass:', '_:').replace(/\n_:[^]*?rateLimits/, '\nrateLimits'), /breakGlass/],
    ['with an unknown role', (text) => text.replace('by: operator', 'by: operators'), /credentials\.yaml:\d+: \/breakGlass\/0\/by names the role operators/],
    ['with every role at once', (text) => text.replace('by: admin', 'by: "*"'), /\/issuance\/0\/by must match/],
    ['with an id twice', (text) => text.replace('id: operator-breaks-glass-to-examine', 'id: admin-issues-keys'), /\/breakGlass\/0\/id is used twice/],
    ['with a role without a limit', (text) => text.replace('model-approver, reviewer, operator, admin]\n    perSecond', 'model-approver, reviewer, operator]\n    perSecond'), /\/rateLimits gives the role admin no limit/],
    ['with a role that has two limits', (text) => text.replace('[producer]\n    perSecond', '[producer, admin]\n    perSecond'), /\/rateLimits names the role admin twice/],
    ['with no end to a key', (text) => text.replace('maxDays: 400', 'maxDays: 4000'), /\/issuance\/0\/maxDays/],
    ['with no end to a break-glass', (text) => text.replace('maxMinutes: 60', 'maxMinutes: 10000'), /\/breakGlass\/0\/maxMinutes/],
    ['with no reason', (text) => text.replace(/reason: People.*/, 'reason: ""'), /\/rateLimits\/1\/reason/],
    ['without a bound on failures', (text) => text.replace('perMinute: 30', 'perMinute: 0'), /\/failedAuthentications\/perMinute/],
  ])('%s stops the start', async (_what, change, why) => {
    await expect(policyOf(change(shipped))).rejects.toThrow(why);
  });
});
