import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform, version } from '@swc/core';

const OPTIONS = {
  sourceMaps: 'inline',
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
  swcrc: false,
};
const CACHE = fileURLToPath(new URL('../node_modules/.cache/typescript-hooks', import.meta.url));

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  return { format: 'module', source: await compiled(fileURLToPath(url)), shortCircuit: true };
}

/** By the source's own digest, so that what is kept is never stale; where nothing can be kept, it is compiled each time. */
async function compiled(filename) {
  const source = await readFile(filename, 'utf8');
  const digest = createHash('sha256').update(JSON.stringify([version, OPTIONS, filename, source])).digest('hex');
  const kept = join(CACHE, `${digest}.mjs`);
  const before = await readFile(kept, 'utf8').catch(() => undefined);
  if (before !== undefined) return before;
  const { code } = await transform(source, { ...OPTIONS, filename });
  await keep(kept, code).catch(() => undefined);
  return code;
}

async function keep(path, code) {
  await mkdir(CACHE, { recursive: true });
  await writeFile(`${path}.${process.pid}`, code);
  await rename(`${path}.${process.pid}`, path);
}
