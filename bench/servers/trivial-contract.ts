import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { predictionTemplate } from '../prediction-template.ts';

const SAID = { meaning: 'As the bench sends it.', source: 'the bench', observed: 'before the prediction', accuracy: 'exact' };
const KEPT = { class: 'personal', tokenization: { mode: 'keep', reason: 'The bench measures what a contract costs that changes nothing.' } };

/**
 * A copy of the policies in which the bench's model has a contract that checks the types of its fields and changes
 * nothing: no rules, no tokens, nothing to look through. Gives the folder's path.
 */
export async function withTrivialContract(policies: string, folder: string): Promise<string> {
  const copy = join(folder, 'policies');
  await cp(policies, copy, { recursive: true });
  // JSON is YAML.
  await writeFile(join(copy, 'contracts', 'credit-risk.yaml'), JSON.stringify(contract(), null, 1));
  return copy;
}

function contract(): unknown {
  const { inputs, output, decision } = JSON.parse(predictionTemplate(new Date(0)).bytes.toString()) as Sent;
  return {
    contract: 'credit-risk', version: '1.0.0', description: 'Types, and nothing else.', owner: 'the bench', models: ['credit-risk'],
    purposes: ['*'], legalBases: ['*'], subject: 'required', require: [],
    retention: { period: 'P1Y', from: 'entry', citation: 'none: a bench' }, erasure: { mode: 'erase' }, unknownFields: 'refuse', onHit: 'refuse',
    inputs: fields(inputs), output: fields(output),
    decision: {
      outcome: { ...SAID, type: 'string', enum: [decision.outcome], class: 'internal', required: true },
      threshold: { ...SAID, type: 'number', unit: 'none', class: 'internal' },
      reasons: { ...SAID, type: 'array', maxItems: 10, items: { type: 'string', enum: decision.reasons, class: 'internal' } },
      automated: { ...SAID, type: 'boolean', class: 'internal' },
    },
  };
}

interface Sent {
  inputs: Record<string, unknown>;
  output: Record<string, unknown>;
  decision: { outcome: string; reasons: string[] };
}

function fields(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { ...SAID, ...typeOf(value), ...KEPT, required: true }]));
}

function typeOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'string') return { type: 'string', maxLength: 256 };
  return typeof value === 'number' ? { type: 'number', unit: 'none' } : { type: 'boolean' };
}
