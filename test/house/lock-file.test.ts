import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const TOOL = join(ROOT, '.ci/complete-lock.mjs');

interface Lock {
  packages: Record<string, { version?: string; resolved?: string; optional?: boolean; os?: string[]; cpu?: string[] }>;
}

describe('package-lock.json', () => {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;

  test('names the packages of every platform, so that npm ci takes it', () => {
    expect(() => execFileSync(process.execPath, [TOOL, '--check'], { cwd: ROOT, stdio: 'pipe' })).not.toThrow();
  });

  test('names no registry', () => {
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });

  test('a platform that is missing is noticed, and put back', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pl-lock-'));
    try {
      const entries = Object.entries(lock.packages);
      const [gone, kept] = entries.find(([path]) => path.includes('@swc/core-darwin')) ?? ['none', {}];
      writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: Object.fromEntries(entries.filter(([path]) => path !== gone)) }));
      const run = (...args: string[]): Buffer => execFileSync(process.execPath, [TOOL, ...args], { cwd: folder, stdio: 'pipe' });
      expect(() => run('--check')).toThrow(/@swc\/core-darwin/);
      run();
      const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as Lock;
      expect(packages[gone]).toMatchObject({ version: kept.version, optional: true, os: kept.os, cpu: kept.cpu });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
