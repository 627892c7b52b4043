import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Quarantines what it does not know and what looks like a person. */
export const DOUBTFUL = `
contract: doubtful
version: 1.0.0
description: Quarantines what it doubts.
owner: head of tests
models: [doubtful]
purposes: ["*"]
legalBases: ["*"]
subject: optional
require: []
retention: { period: P1Y, from: entry, citation: none }
erasure: { mode: erase }
unknownFields: quarantine
onHit: quarantine
quarantineExpiry: PT12H
inputs:
  age: { type: integer, unit: years, class: internal, meaning: Age., source: form, observed: once, accuracy: full years, minimum: 0, maximum: 150 }
  note: { type: string, class: internal, meaning: Note., source: form, observed: once, accuracy: as typed, maxLength: 200 }
output:
  score: { type: number, unit: probability, class: internal, meaning: Score., source: model, observed: at scoring, accuracy: two digits, minimum: 0, maximum: 1 }
`;

/** The shipped policies, and a contract for the model `doubtful` that keeps what it does not know apart. @returns their folder, as POLICIES_DIR takes it */
export async function doubtfulPolicies(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'policies');
  await cp('policies', folder, { recursive: true });
  await writeFile(join(folder, 'contracts', 'doubtful.yaml'), DOUBTFUL);
  return folder;
}

/** A record that comes into quarantine. */
export function doubted(id: string, subject?: string): object {
  return { id, model: 'doubtful', version: '1', ...(subject !== undefined && { subject }), inputs: { age: 41, surprise: 'x' }, output: { score: 0.5 } };
}
