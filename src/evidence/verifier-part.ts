import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../database/package-folder.ts';
import type { BundlePart } from './bundle-part.ts';

/** `verify.mjs` and `verify.html`, as `npm run build` made them. */
export const verifierPart: BundlePart = async function* verifiers() {
  for (const name of ['verify.html', 'verify.mjs']) {
    yield { path: name, bytes: createReadStream(join(packageFolder(), 'dist/src/verifiers', name)) };
  }
};
