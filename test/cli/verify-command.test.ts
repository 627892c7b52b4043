import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { run as runCommand } from '../../src/cli/run.ts';
import { SampleLog } from '../core/sample-log.ts';
import { testSigner } from '../core/test-signer.ts';
import { LogFolder, temporaryFolder } from './log-folder.ts';

const ROOT = join(import.meta.dirname, '../..');
const ENTRY_POINT = ['--import', join(ROOT, 'test/typescript.mjs'), join(ROOT, 'src/cli/main.ts')];

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the command line as a process of its own. */
async function spawned(args: readonly string[], input = ''): Promise<Outcome> {
  const child = spawn(process.execPath, [...ENTRY_POINT, ...args], { cwd: folder });
  const outcome: Outcome = { code: null, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.err += text));
  child.stdin.end(input);
  outcome.code = await new Promise((resolve) => child.once('close', resolve));
  return withoutTraces(outcome);
}

/** Runs it within this process, which takes a hundredth of the time. */
async function run(args: readonly string[]): Promise<Outcome> {
  const outcome: Outcome = { code: null, out: '', err: '' };
  const out = jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((outcome.out += String(text)), true));
  const err = jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((outcome.err += String(text)), true));
  const [before, home] = [process.exitCode, process.cwd()];
  process.exitCode = 0;
  process.chdir(folder);
  try {
    await runCommand(args);
    outcome.code = process.exitCode;
  } finally {
    process.chdir(home);
    process.exitCode = before;
    out.mockRestore();
    err.mockRestore();
  }
  return withoutTraces(outcome);
}

/** Whatever came of it, nobody is shown where in our code it happened. */
function withoutTraces(outcome: Outcome): Outcome {
  expect(outcome.out + outcome.err).not.toMatch(/^\s+at .*[:(]\d+|node:internal|\.ts:\d+/m);
  return outcome;
}

const log = SampleLog.of(20);
const { vkey } = log.signer;
const ERASED = [4, 7];
const erasure = log.erase(ERASED);
log.append();
const VKEY = ['--vkey', vkey];
let folder: string;
let copy: LogFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
  copy = await LogFolder.of(log);
  const files = {
    'receipt.json': JSON.stringify(await log.receipt(7)),
    'forged.json': JSON.stringify(await log.receipt(7)).replace('p-7', 'p-8'),
    'erased.json': JSON.stringify(await log.erasedReceipt(7, erasure, ERASED)),
    proof: await log.proof(3),
    entry: log.entryText(3),
    'other-entry': log.entryText(4),
    checkpoint: await log.checkpoint(),
    older: await log.checkpoint(10),
    vkey: `${vkey}\n`,
    junk: '\u0000junk',
  };
  await Promise.all(Object.entries(files).map(async ([name, text]) => writeFile(join(folder, name), text)));
});

describe('prediction-ledger verify', () => {
  test.each<[string, string[], RegExp]>([
    ['a receipt', ['receipt', 'receipt.json', ...VKEY], /Entry 7 of type prediction/],
    ['a receipt, the key in a file', ['receipt', 'receipt.json', '--vkey', '@vkey'], /Entry 7 of type prediction/],
    ['the receipt of an erased entry', ['receipt', 'erased.json', ...VKEY], /erased with authority: entry 20/],
    ['a proof', ['proof', 'proof', '--entry', 'entry', ...VKEY], /Entry 3 of type prediction/],
    ['a checkpoint', ['checkpoint', 'checkpoint', ...VKEY], /the log had 22 entries/],
    ['a checkpoint and itself', ['checkpoint', 'older', ...VKEY, '--consistent-with', 'older'], /10 entries extends/],
  ])('holds: %s', async (_, args, words) => {
    const { code, out, err } = await run(['verify', ...args]);
    expect(err).toBe('');
    expect(out).toMatch(/^VALID\n\nProved:\n {2}- .*\nNot proved:\n {2}- /s);
    expect(out).toMatch(words);
    expect(code).toBe(0);
  });

  test('holds: a receipt on standard input, said in JSON', async () => {
    const input = await readFile(join(folder, 'receipt.json'), 'utf8');
    const { code, out } = await spawned(['verify', 'receipt', '-', ...VKEY, '--json'], input);
    expect(JSON.parse(out)).toMatchObject({ result: 'valid', kind: 'receipt', index: 7, treeSize: 22 });
    expect(code).toBe(0);
  });

  test('holds: two checkpoints by the tiles of the log, whichever is the older', async () => {
    for (const pair of [['checkpoint', '--consistent-with', 'older'], ['older', '--consistent-with', 'checkpoint']]) {
      const { code, out } = await run(['verify', 'checkpoint', ...pair, ...VKEY, '--log', copy.path]);
      expect(out).toContain('The tree of 22 entries extends the one of 10');
      expect(code).toBe(0);
    }
  });

  test('holds: a log in a folder', async () => {
    const { code, out, err } = await run(['verify', 'log', copy.path, ...VKEY, '--checkpoint', 'older']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('Entries 0 to 21 are whole and in order');
    expect(out).toContain('has only grown since the checkpoints that you kept: over 10 entries');
  });

  test('holds: a log in a folder from a checkpoint, said in JSON', async () => {
    const args = ['verify', 'log', copy.path, ...VKEY, '--checkpoint', 'older', '--from-checkpoint', '--json'];
    const { code, out } = await run(args);
    expect(JSON.parse(out)).toMatchObject({ result: 'valid', kind: 'log', from: 10, size: 22, checkpoints: [10] });
    expect(code).toBe(0);
  });

  test.each<[string, string[], string]>([
    ['a forged receipt', ['receipt', 'forged.json', ...VKEY], 'commitment-mismatch'],
    ['a receipt that is none', ['receipt', 'checkpoint', ...VKEY], 'json-syntax'],
    ['another log’s key', ['receipt', 'receipt.json', '--vkey', testSigner('other.example/log').vkey], 'note-unsigned'],
    ['the proof of another entry', ['proof', 'proof', '--entry', 'other-entry', ...VKEY], 'inclusion-invalid'],
    ['a checkpoint that is none', ['checkpoint', 'junk', ...VKEY], 'note-malformed'],
  ])('does not hold: %s', async (_, args, reason) => {
    const { code, out, err } = await run(['verify', ...args]);
    expect(out).toMatch(/^NOT VALID: /);
    expect(out).toContain(`Code: ${reason} `);
    expect([code, err]).toEqual([1, '']);
    const json = await run(['verify', ...args, '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ result: 'not-valid', code: reason });
    expect(json.code).toBe(1);
  });

  test('does not hold: a forged log, and the first bad index is named', async () => {
    const bad = await LogFolder.of(log);
    await bad.change('tile/entries/000.p/22', (bytes) => {
      const end = bytes.indexOf('","index":5,');
      return bytes.fill('0', end - 64, end);
    });
    const { code, out } = await spawned(['verify', 'log', bad.path, ...VKEY]);
    expect(out).toMatch(/^NOT VALID: entry 5 was changed.*\nFirst bad index: 5\n/);
    expect(code).toBe(1);
    const json = await run(['verify', 'log', bad.path, ...VKEY, '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ result: 'not-valid', code: 'inclusion-invalid', index: 5 });
  });

  test('does not hold: checkpoints of a fork', async () => {
    const fork = SampleLog.of(9);
    for (let i = 9; i < 30; i++) fork.append({ body: 'fork' });
    await writeFile(join(folder, 'fork'), await fork.checkpoint());
    const { path } = await LogFolder.of(fork);
    const args = ['verify', 'checkpoint', 'fork', ...VKEY, '--consistent-with', 'older', '--log', path];
    const { code, out } = await run(args);
    expect(out).toContain('consistency-invalid');
    expect(code).toBe(1);
  });

  test.each<[string, string[], RegExp]>([
    ['a file that is not there', ['receipt', 'nowhere.json', ...VKEY], /nowhere\.json cannot be read: ENOENT/],
    ['a folder in the place of a file', ['receipt', '.', ...VKEY], /\. cannot be read: EISDIR/],
    ['a log that is not there', ['log', 'nowhere', ...VKEY], /there is no log at nowhere/],
    ['a folder without a log', ['log', '.', '--vkey', '@vkey', '--checkpoint', 'older'], /is missing/],
    ['a server that is not there', ['log', 'http://127.0.0.1:47101/logs/x', ...VKEY], /cannot be read: .*ECONNREFUSED/],
    ['a key that is no key', ['receipt', 'receipt.json', '--vkey', 'a+b+c'], /--vkey: not a vkey/],
    ['a key in a file that is not there', ['receipt', 'receipt.json', '--vkey', '@nowhere'], /nowhere cannot be read/],
    ['two sizes and no tiles', ['checkpoint', 'checkpoint', ...VKEY, '--consistent-with', 'older'], /need --log/],
    ['--from-checkpoint and no checkpoint', ['log', '.', ...VKEY, '--from-checkpoint'], /needs a --checkpoint/],
  ])('cannot check: %s', async (_, args, words) => {
    const { code, out, err } = await run(['verify', ...args]);
    expect(err).toMatch(/^COULD NOT CHECK: [^\n]+\n$/);
    expect(err).toMatch(words);
    expect([code, out]).toEqual([2, '']);
  });

  test('cannot check, said in JSON', async () => {
    const { code, out, err } = await run(['verify', 'receipt', 'nowhere.json', ...VKEY, '--json']);
    expect(JSON.parse(out)).toMatchObject({ result: 'not-checked', message: expect.stringContaining('nowhere.json') });
    expect([code, err]).toEqual([2, '']);
  });

  test.each<[string, string[], RegExp]>([
    ['no key', ['receipt', 'receipt.json'], /required option '--vkey/],
    ['no file', ['receipt', ...VKEY], /missing required argument 'file'/],
    ['an option that there is not', ['log', 'x', ...VKEY, '--trust'], /unknown option '--trust'/],
    ['a verb that there is not', ['belief'], /unknown command 'belief'/],
    ['nothing', [], /Usage: prediction-ledger verify/],
  ])('bad usage exits with 2: %s', async (_, args, words) => {
    const { code, err } = await run(['verify', ...args]);
    expect(err).toMatch(words);
    expect(code).toBe(2);
  });

  test.each(['verify --help', 'verify log --help', 'verify help log'])('%s exits with 0', async (line) => {
    const { code, out, err } = await run(line.split(' '));
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toBe('');
  });

  test('as a process: bad usage and a missing file exit with 2, a reader that leaves early is no failure', async () => {
    expect((await spawned(['verify', 'log'])).code).toBe(2);
    const missing = await spawned(['verify', 'receipt', 'nowhere.json', ...VKEY]);
    expect([missing.code, missing.out]).toEqual([2, '']);
    const args = ['verify', 'receipt', 'receipt.json', ...VKEY];
    const child = spawn(process.execPath, [...ENTRY_POINT, ...args], { cwd: folder });
    child.stdout.destroy();
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(err).toBe('');
  });

  test('as a process: --help names every command', async () => {
    const { code, out, err } = await spawned(['--help']);
    expect([code, err]).toEqual([0, '']);
    for (const name of ['verify', 'fsck', 'backup', 'restore', 'recover', 'tenant']) {
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });

  test('shows no control character that a log or receipt brings', async () => {
    const receipt = await log.receipt(7);
    const text = JSON.stringify({ ...receipt, entry: receipt.entry.replace('"v":1', '"\u009b31m\u202e":1,"v":1') });
    await writeFile(join(folder, 'steering.json'), text);
    const { code, out } = await run(['verify', 'receipt', 'steering.json', ...VKEY]);
    expect(code).toBe(1);
    expect(out).not.toMatch(/[\u0080-\u009f\u202e]/);
  });
});
