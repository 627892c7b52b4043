// `npm run errors` writes docs/errors.md; `npm run errors:check` fails when it is stale.
import { resolve } from 'node:path';
import { errorPage } from './error-page.ts';
import { writeOrCompare } from './write-or-compare.ts';

await writeOrCompare(resolve('docs/errors.md'), errorPage(), 'npm run errors');
