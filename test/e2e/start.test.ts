import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

jest.setTimeout(240_000);

const SECRET = 's3cret-of-the-database';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let database: TestDatabase;
let folder: string;
let taken: Server;
let base: Record<string, string>;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'pl-start-'));
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { dataDir, databaseUrl, runtimeDatabaseUrl } = database.settings;
  base = { DATA_DIR: dataDir, DATABASE_URL: databaseUrl, RUNTIME_DATABASE_URL: runtimeDatabaseUrl, PORT: '0', LOG_LEVEL: 'warn', LOG_ORIGIN: 'first.example.com' };
});
afterAll(async () => {
  taken.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The service in a process of its own, until it ends. */
async function run(env: Record<string, string>, onStdout?: (text: string, kill: (signal: NodeJS.Signals) => void) => void): Promise<Run> {
  const child = spawn(process.execPath, ['--import', './test/typescript.mjs', 'src/main.ts'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...base, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    onStdout?.(stdout, (signal) => child.kill(signal));
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const hung = setTimeout(() => child.kill('SIGKILL'), 100_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(hung);
  return { code, stdout, stderr };
}

/** The base with another database in its URL, and a password that must not be seen. */
function urlWith(changes: { database?: string; user?: string }): string {
  const url = new URL(base['DATABASE_URL'] as string);
  url.password = SECRET;
  if (changes.database !== undefined) url.pathname = `/${changes.database}`;
  if (changes.user !== undefined) url.username = changes.user;
  return url.href;
}

async function policiesWith(name: string, file: string, text: string): Promise<string> {
  const policies = join(folder, name);
  await cp(join(ROOT, 'policies'), policies, { recursive: true });
  await mkdir(join(policies, 'roles'), { recursive: true });
  await writeFile(join(policies, file), text);
  return policies;
}

describe('what is wrong stops the start with one line that says which and why', () => {
  test.each<[string, () => Promise<Record<string, string>> | Record<string, string>, RegExp]>([
    ['a port that is none', () => ({ PORT: 'http' }), /PORT="http" is not a whole number from 0 to 65535/],
    ['a port that is taken', () => ({ PORT: String((taken.address() as { port: number }).port) }), /EADDRINUSE.*set HOST .* and PORT to a free port/],
    ['a host that is not this machine', () => ({ HOST: '192.0.2.1' }), /EADDRNOTAVAIL.*set HOST to an address of this machine/],
    ['a host without an address', () => ({ HOST: 'no-such-host.invalid' }), /no-such-host\.invalid.*set HOST/],
    ['another kind of database', () => ({ DATABASE_URL: `mysql://u:${SECRET}@h/db` }), /DATABASE_URL is not a postgres:\/\/ URL/],
    ['a database that is not there', () => ({ DATABASE_URL: urlWith({ database: 'no_such_database' }) }), /database/],
    ['a user that is not there', () => ({ DATABASE_URL: urlWith({ user: 'no_such_user' }) }), /database/],
    ['a data folder below a file', async () => {
      await writeFile(join(folder, 'file'), '');
      return { DATA_DIR: join(folder, 'file', 'data') };
    }, /mkdir.*file\/data.*set DATA_DIR to a folder that can be written/],
    ['no policies', () => ({ POLICIES_DIR: join(folder, 'none') }), /POLICIES_DIR .*none cannot be read: ENOENT/],
    ['a misspelt action', async () => ({ POLICIES_DIR: await policiesWith('action', 'roles/operator.yaml', 'role: operator\ndescription: x\nrules:\n  - id: a\n    effect: allow\n    actions: [raed]\n    resources: [log]\n    reason: x\n') }), /roles\/operator\.yaml:6: .*actions.* must be equal to one of the allowed values/],
  ])('%s', async (_what, env, why) => {
    const { code, stdout, stderr } = await run(await env());
    const lines = stderr.trimEnd().split('\n').filter((line) => !line.startsWith('{'));
    expect(lines).toEqual([expect.stringMatching(/^prediction-ledger does not start: /)]);
    expect(lines[0]).toMatch(why);
    expect(stderr).not.toContain(SECRET);
    expect([code, stdout]).toEqual([1, '']);
  });

  test('another origin than the one that the log was made with', async () => {
    const started = await run({}, (text, kill) => text.includes('listens') && kill('SIGTERM'));
    expect(started.code).toBe(0);
    const { code, stderr } = await run({ LOG_ORIGIN: 'second.example.com' });
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/does not start: log default was created with origin first\.example\.com\/logs\/default, but LOG_ORIGIN now gives second/);
  });
});

describe('a service that starts', () => {
  test('says where it listens and how to begin, and stops with 0 on SIGTERM and SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { code, stdout, stderr } = await run({ LOG_LEVEL: 'info' }, (text, kill) => text.includes('curl') && kill(signal));
      expect(stdout).toMatch(/prediction-ledger listens on http:\/\/127\.0\.0\.1:\d+ /);
      expect(stdout).toContain("curl -sS -X POST 'http://127.0.0.1:");
      expect(stdout).not.toMatch(/pl_[0-9a-f]{8}_/);
      expect(code).toBe(0);
      expect(stderr.trimEnd().split('\n').map((line) => (JSON.parse(line) as { msg: string }).msg).slice(-2)).toEqual([`${signal}: finishing what is under way`, 'stopped']);
    }
  });

  test('no line of its log holds a key or a password', async () => {
    const { stderr } = await run({ LOG_LEVEL: 'debug' }, (text, kill) => text.includes('curl') && kill('SIGTERM'));
    expect(stderr).not.toMatch(/pl_[0-9a-f]{8}_/);
    const { password } = new URL(base['DATABASE_URL'] as string);
    if (password !== '') expect(stderr).not.toContain(decodeURIComponent(password));
  });
});
