import type { Recount } from './counting.ts';
import { recountAccess } from './recount-access.ts';
import { recountData } from './recount-data.ts';

/** For each query, the same counts by other code: written from docs/spec/evidence-queries.md and payloads.md alone. */
export const RECOUNTS: Readonly<Record<string, Recount>> = { ...recountData, ...recountAccess };
