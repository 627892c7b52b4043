// `npm run queries` writes docs/spec/evidence-queries.md; `npm run queries:check` fails when it is stale.
import { resolve } from 'node:path';
import { queriesPage } from './queries-page.ts';
import { writeOrCompare } from './write-or-compare.ts';

await writeOrCompare(resolve('docs/spec/evidence-queries.md'), queriesPage(), 'npm run queries');
