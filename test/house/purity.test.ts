import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** What core must not do → the rule that says so. */
const IMPURE: Record<string, string> = {
  'export const now = (): number => Date.now();': 'no-restricted-globals',
  'export const pause = (): unknown => setTimeout(() => undefined, 1);': 'no-restricted-globals',
  'export const bytes = (): unknown => Buffer.alloc(1);': 'no-restricted-globals',
  'export const platform = (): string => process.platform;': 'no-restricted-globals',
  'export const get = (): unknown => fetch("https://example.com/");': 'no-restricted-globals',
  'export const dice = (): number => Math.random();': 'no-restricted-properties',
};

/** What no source of ours may do → the rule that says so. */
const CARELESS: Record<string, string> = {
  'export function pass(value: any): unknown {\n  return value;\n}': 'no-explicit-any',
  'export function first(values: string[]): string {\n  return values[0]!;\n}': 'no-non-null-assertion',
  'export function forget(work: () => Promise<void>): void {\n  work();\n}': 'no-floating-promises',
  'export const home = process.env.HOME;': 'no-process-env',
};

describe('the house rules', () => {
  let house: string;

  // A copy with a culprit for each rule, in which the tools have to find every one.
  beforeAll(async () => {
    house = await mkdtemp(join(tmpdir(), 'pl-purity-'));
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'tsconfig.core.json', 'package.json']) await copyFile(join(ROOT, name), join(house, name));
    await symlink(join(ROOT, 'node_modules'), join(house, 'node_modules'));
    await cp(join(ROOT, 'src/core'), join(house, 'src/core'), { recursive: true });
    await mkdir(join(house, 'src/ledger'));
    const culprits = [...Object.keys(IMPURE).map((text, i) => [`src/core/impure-${i}.ts`, text] as const), ...Object.keys(CARELESS).map((text, i) => [`src/ledger/careless-${i}.ts`, text] as const)];
    for (const [path, text] of culprits) await writeFile(join(house, path), `${text}\n`);
  });
  afterAll(() => rm(house, { recursive: true }));

  test('the linter finds each', async () => {
    const { code, output } = await run('oxlint/bin/oxlint', '--deny-warnings', '--format', 'unix', 'src');
    expect(code).toBe(1);
    for (const [i, rule] of Object.values(IMPURE).entries()) expect(output).toMatch(new RegExp(`src/core/impure-${i}\\.ts:.*\\(${rule}\\)`));
    for (const [i, rule] of Object.values(CARELESS).entries()) expect(output).toMatch(new RegExp(`src/ledger/careless-${i}\\.ts:.*\\(${rule}\\)`));
  }, 60_000);

  test('core compiles without the types of Node or of a browser, and none of these does', async () => {
    const { code, output } = await run('typescript/bin/tsc', '-p', 'tsconfig.core.json', '--pretty', 'false');
    expect(code).toBe(2);
    const files = [...output.matchAll(/^(src\/\S+?)\(/gm)].map(([, file]) => file);
    expect([...new Set(files)].toSorted()).toEqual([1, 2, 3, 4].map((i) => `src/core/impure-${i}.ts`));
  }, 60_000);

  function run(tool: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
    return new Promise((done, fail) => {
      const child = spawn(process.execPath, [join(ROOT, 'node_modules', tool), ...args], { cwd: house, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.on('error', fail).on('close', (code) => done({ code, output }));
    });
  }
});
