import { describe, expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorPage } from '../../docs/generate/error-page.ts';
import { CORE_TEXTS, DATABASE_TEXTS, FINDING_TEXTS, JOURNAL_TEXTS, PROBLEM_TEXTS, VAULT_TEXTS } from '../../docs/generate/error-texts.ts';
import { CORE_ERROR_CODES } from '../../src/core/core-error.ts';
import { DATABASE_ERROR_CODES } from '../../src/database/database-error.ts';
import { PROBLEMS } from '../../src/http/problem.ts';
import { JOURNAL_ERROR_CODES } from '../../src/vault/journal-error.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('docs/errors.md', () => {
  test('is what the catalogues and the texts make', async () => {
    const page = await readFile(join(ROOT, 'docs/errors.md'), 'utf8');
    expect(page.replaceAll('\r\n', '\n') === errorPage() ? 'fresh' : 'stale: run "npm run errors"').toBe('fresh');
  });

  test.each([
    ['HTTP', PROBLEM_TEXTS, Object.keys(PROBLEMS)],
    ['core', CORE_TEXTS, CORE_ERROR_CODES],
    ['database', DATABASE_TEXTS, DATABASE_ERROR_CODES],
    ['journal', JOURNAL_TEXTS, JOURNAL_ERROR_CODES],
  ] as const)('each code of %s has a text, and each text a code', (_, texts, codes) => {
    expect(Object.keys(texts).toSorted()).toEqual(codes.toSorted());
  });

  test('each finding of fsck has a text, and each text a finding', async () => {
    const folder = join(ROOT, 'src/ledger');
    const files = (await readdir(folder)).filter((name) => name.startsWith('fsck'));
    const sources = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
    const found = new Set(sources.flatMap((source) => [...source.matchAll(/code: '([a-z-]+)'/g)].map(([, code]) => String(code))));
    const own = [...found].filter((code) => !(CORE_ERROR_CODES as readonly string[]).includes(code));
    expect(Object.keys(FINDING_TEXTS).toSorted()).toEqual(own.toSorted());
  });

  test('each text says what it means and what mends it, in whole sentences', () => {
    for (const texts of [PROBLEM_TEXTS, CORE_TEXTS, DATABASE_TEXTS, VAULT_TEXTS, JOURNAL_TEXTS, FINDING_TEXTS]) {
      for (const text of Object.values(texts)) for (const sentence of text) expect(sentence).toMatch(/^[A-Z`].{5,}\.$/s);
    }
  });
});
