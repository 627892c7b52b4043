import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { appendFileSync, readFileSync } from 'node:fs';
import { appendFile, cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNote, verifyNote } from '../../src/core/signed-note.ts';
import { parsePayload, type Payload } from '../../src/core/payload.ts';
import { ED25519, formatVkey, parseVkey } from '../../src/core/vkey.ts';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';
import { formatStatement, parseStatement, readSignedPolicy } from '../../src/ledger/policy-signature.ts';
import { readPolicySigners } from '../../src/ledger/policy-signers.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { startService, type Service } from '../../src/service.ts';
import { readSettings } from '../../src/settings.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { runCommand, type Outcome } from './run-command.ts';

let home: string;
let folder: string;
const vkeys: Record<string, string> = {};
const keyOf = (name: string): string => join(home, `${name}.pem`);
const signers = (): string => join(home, 'signers');
const sign = (by: string, ...args: string[]): Promise<Outcome> => runCommand(['policy', 'sign', folder, '--key', keyOf(by), ...args]);

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'pl-signers-'));
  for (const name of ['signer-a', 'signer-b', 'signer-c', 'stranger']) {
    const { code, out } = await runCommand(['policy', 'keygen', '--key', keyOf(name), '--name', name]);
    expect(code).toBe(0);
    vkeys[name] = out.trim();
  }
  await writeFile(signers(), ['# who signs', vkeys['signer-a'], vkeys['signer-b'], vkeys['signer-c'], ''].join('\n'));
});
afterAll(() => rm(home, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(home, 'policies-'));
  await cp('policies', folder, { recursive: true });
});

/** Author a, approver b. */
async function signBoth(...args: string[]): Promise<void> {
  expect(await sign('signer-a', '--author', 'signer-a', '--approver', 'signer-b', ...args)).toMatchObject({ code: 0, out: expect.stringContaining('still to be signed by signer-b') });
  expect(await sign('signer-b')).toMatchObject({ code: 0, out: expect.stringContaining('all have signed') });
}

async function accepted(): Promise<unknown> {
  return readSignedPolicy(folder, await PolicyBundle.read(folder), await readPolicySigners(signers())).catch((error: Error) => error.message);
}

describe('policy keygen', () => {
  test('writes a key of mode 0600, never over another, and makes up a name that names nobody', async () => {
    expect((await stat(keyOf('signer-a'))).mode & 0o777).toBe(0o600);
    expect(await runCommand(['policy', 'keygen', '--key', keyOf('signer-a')])).toMatchObject({ code: 2, err: expect.stringContaining('EEXIST') });
    expect((await runCommand(['policy', 'keygen', '--key', join(folder, 'k.pem')])).out).toMatch(/^signer-[0-9a-f]{8}\+/);
    expect((await runCommand(['policy', 'keygen', '--key', join(folder, 'l.pem'), '--name', 'Ann Example'])).code).toBe(2);
  });
});

describe('policy sign', () => {
  test('two persons sign the same statement, and the digest does not change by it', async () => {
    const { digestHex } = await PolicyBundle.read(folder);
    await signBoth('--sequence', '7');
    expect((await PolicyBundle.read(folder)).digestHex).toBe(digestHex);
    expect(await accepted()).toMatchObject({ digest: digestHex, sequence: 7, author: 'signer-a', approvers: ['signer-b'], signatures: [{ vkey: vkeys['signer-a'] }, { vkey: vkeys['signer-b'] }] });
  });

  test('the next statement has the next number', async () => {
    await signBoth('--sequence', '7');
    await appendFile(join(folder, 'tenants.yaml'), '# changed\n');
    expect(await sign('signer-b')).toMatchObject({ code: 2, err: expect.stringContaining('on other files') });
    await signBoth();
    expect(await accepted()).toMatchObject({ sequence: 8 });
  });

  test.each<[string, string[], RegExp]>([
    ['an author who approves', ['signer-a', '--author', 'signer-a', '--approver', 'signer-a'], /approves their own policy/],
    ['no approver', ['signer-a', '--author', 'signer-a'], /1 to 20 approvers/],
    ['a key that is neither', ['signer-c', '--author', 'signer-a', '--approver', 'signer-b'], /neither the author’s nor an approver’s/],
    ['nothing to sign', ['signer-b'], /there is no \.signature/],
    ['an approver alone', ['signer-b', '--approver', 'signer-b'], /say --author too/],
    ['a number that is none', ['signer-a', '--author', 'signer-a', '--approver', 'signer-b', '--sequence', '0'], /whole number/],
    ['a name of a person', ['signer-a', '--author', 'signer-a', '--approver', 'b@example.com'], /names of keys/],
  ])('refuses %s', async (_what, [by = '', ...args], why) => {
    expect(await sign(by, ...args)).toMatchObject({ code: 2, err: expect.stringMatching(why) });
  });

  test('refuses what is no key', async () => {
    await writeFile(join(folder, '.k'), `${vkeys['signer-b']}\n${(await readFile(keyOf('signer-a'), 'utf8')).split('\n').slice(1).join('\n')}`);
    expect((await runCommand(['policy', 'sign', folder, '--key', join(folder, '.k')])).code).toBe(2);
  });
});

describe('signatures are refused', () => {
  test('where there are none, by one alone, by strangers, on other files, or with one bit changed', async () => {
    expect(await accepted()).toMatch(/are not signed/);
    await sign('signer-a', '--author', 'signer-a', '--approver', 'signer-b');
    expect(await accepted()).toMatch(/signer-b has not signed/);
    await sign('signer-b');
    const file = join(folder, '.signature');
    const note = await readFile(file, 'utf8');
    for (let at = note.indexOf('\n\n') + 20; at < note.length - 3; at += 17) {
      await writeFile(file, note.slice(0, at) + (note[at] === 'A' ? 'B' : 'A') + note.slice(at + 1));
      expect(typeof (await accepted())).toBe('string');
    }
    await writeFile(file, note.replace('sequence 1', 'sequence 9'));
    expect(await accepted()).toMatch(/does not verify/);
    await writeFile(file, note);
    await appendFile(join(folder, 'tenants.yaml'), '# changed\n');
    expect(await accepted()).toMatch(/changed after they were signed/);
    await sign('stranger', '--author', 'stranger', '--approver', 'signer-b');
    expect(await accepted()).toMatch(/no key of POLICY_SIGNERS has signed/);
    await sign('signer-b');
    expect(await accepted()).toMatch(/stranger has not signed, or is no key/);
  });

  test('where somebody wrote a statement by hand in which the author approves', () => {
    const text = formatStatement({ digest: 'ab'.repeat(32), sequence: 1, author: 'signer-a', approvers: ['signer-a'] });
    expect(() => parseStatement(text)).toThrow(/approves their own policy/);
    expect(() => parseStatement(text.replace('approver signer-a', 'approver  signer-b'))).toThrow(/names of keys/);
  });

  test.each([
    ['one name twice', () => `${vkeys['signer-a']}\n${vkeys['signer-a']}\n`, /used twice/],
    ['one key under two names', () => `${vkeys['signer-a']}\n${formatVkey('other', ED25519, parseVkey(vkeys['signer-a'] ?? '').publicKey)}\n`, /under another name/],
    ['one key alone', () => `${vkeys['signer-a']}\n`, /fewer than two/],
    ['nonsense', () => `${vkeys['signer-a']}\nx\n`, /line 2: not a vkey/],
  ])('by a file of signers with %s', async (_what, text, why) => {
    await writeFile(join(folder, '.signers'), text());
    await expect(readPolicySigners(join(folder, '.signers'))).rejects.toThrow(why);
  });
});

describe('a service that asks for signatures', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const start = (withSigners = true): Promise<Service> => {
    const { dataDir, databaseUrl, runtimeDatabaseUrl } = database.settings;
    const env = { DATA_DIR: dataDir, DATABASE_URL: databaseUrl, RUNTIME_DATABASE_URL: runtimeDatabaseUrl, POLICIES_DIR: folder, ...(withSigners && { POLICY_SIGNERS: signers() }) };
    return startService(readSettings(env), () => undefined, { sealByHand: true });
  };
  const activations = async (withSigners = true): Promise<Payload[]> => {
    const service = await start(withSigners);
    try {
      const [log] = service.ledger.logs;
      if (log === undefined) throw new Error('no log');
      const found: Payload[] = [];
      for (let index = 0, { size } = await log.readHead(); index < size; index++) {
        const { entry, opening } = await openEntry(log, index);
        if (entry.type === 'policy-activated') found.push(parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8')));
      }
      return found;
    } finally {
      await service.close();
    }
  };
  const change = (): void => appendFileSync(join(folder, 'tenants.yaml'), `# ${Math.random()}\n`);

  test('starts with a signed policy alone, records it, and does not go back to an older one', async () => {
    await expect(start()).rejects.toThrow('the policies are not signed');
    await signBoth('--sequence', '5');
    const [first] = await activations();
    expect(first).toMatchObject({ v: 2, principal: 'system', body: { sequence: 5, author: 'signer-a', approvers: ['signer-b'] } });
    const schema = JSON.parse(readFileSync('docs/spec/schemas/policy-activated-v2.json', 'utf8')) as object;
    expect(new Ajv({ strict: false }).validate(schema, first?.body)).toBe(true);
    // Whoever holds the payload can check it without the files.
    const body = first?.body as unknown as { digest: string; sequence: number; author: string; approvers: string[]; signatures: { vkey: string; signature: string }[] };
    for (const { vkey, signature } of body.signatures) {
      const key = parseVkey(vkey);
      const note = formatNote({ text: formatStatement(body), signatures: [{ name: key.name, keyId: key.keyId, signature: Buffer.from(signature, 'base64') }] });
      expect(verifyNote(note, [key]).verified).toHaveLength(1);
    }
    expect(await activations()).toHaveLength(1);

    change();
    await signBoth('--sequence', '4');
    await expect(start()).rejects.toThrow(/number 4, and number 5 was in force/);
    await signBoth('--sequence', '5');
    await expect(start()).rejects.toThrow(/number 5, and number 5 was in force/);
    // An unsigned one in between, when signatures were not asked for, does not make the older one new.
    expect(await activations(false)).toMatchObject([{ v: 2 }, { v: 1 }]);
    change();
    await signBoth('--sequence', '5');
    await expect(start()).rejects.toThrow(/number 5 was in force/);
    await signBoth('--sequence', '6');
    expect(await activations()).toMatchObject([{ v: 2 }, { v: 1 }, { v: 2, body: { sequence: 6 } }]);
  });
});
