import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

interface Operation {
  summary?: string;
  operationId?: string;
  parameters: { name: string; in: string }[];
}

// Whether the file is fresh is for `npm run openapi:check`; here: whether what it says can be used.
describe('docs/openapi.json', () => {
  const operations = readOperations();

  test('describes each operation, once', async () => {
    const ids = (await operations).map(({ operation }) => operation.operationId);
    expect(ids.length).toBeGreaterThan(10);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, operation } of await operations) expect({ name, summary: operation.summary }).toEqual({ name, summary: expect.stringMatching(/./) });
  });

  test('declares exactly the parameters that stand in each path', async () => {
    for (const { name, path, operation } of await operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const declared = operation.parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
      expect({ name, parameters: declared.toSorted() }).toEqual({ name, parameters: inPath.toSorted() });
    }
  });
});

async function readOperations(): Promise<{ name: string; path: string; operation: Operation }[]> {
  const text = await readFile(resolve(import.meta.dirname, '../../docs/openapi.json'), 'utf8');
  const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, Operation>> };
  return Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, operation })));
}
