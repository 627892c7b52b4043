import type { Contract } from '../contracts/contract.ts';
import type { Field, Fields } from '../contracts/field.ts';

/** What a data subject is told of the logic that their data went into: each field's meaning, source and form. */
export interface ExplainedContract {
  id: string;
  /** Absent, with what follows, where the version is no longer at hand. */
  description?: string;
  owner?: string;
  purposes?: string[];
  legalBases?: string[];
  retention?: { period: string; from: string; citation: string };
  erasure?: { mode: string; citation?: string };
  fields?: ExplainedField[];
}

export interface ExplainedField {
  /** JSON pointer into the prediction; `*` stands for every other field. */
  at: string;
  meaning?: string;
  source?: string;
  unit?: string;
  class?: string;
  /** In what form it is kept. */
  kept: string;
}

export function explainContract(id: string, contract: Contract | undefined): ExplainedContract {
  if (contract === undefined) return { id };
  const { description, owner, purposes, legalBases, retention, erasure } = contract.file;
  const { inputs, output, decision, outcome } = contract.sections;
  const fields = [...explain(inputs, '/inputs'), ...explain(output, '/output'), ...explain(decision, '/decision'), ...explain(outcome, '/outcome')];
  return { id, description, owner, purposes, legalBases, retention, erasure, fields };
}

function explain(fields: Fields | undefined, at: string): ExplainedField[] {
  return [...(fields ?? [])].flatMap(([name, field]) => explainField(field, `${at}/${name}`));
}

function explainField(field: Field, at: string): ExplainedField[] {
  if (field.type === 'object') return explain(field.fields, at);
  if (field.type === 'array' && field.items !== undefined) return explainField(field.items, at);
  const { meaning, source, unit, tokenization } = field;
  return [{
    at, ...(meaning !== undefined && { meaning }), ...(source !== undefined && { source }), ...(unit !== undefined && { unit }),
    ...(field.class !== undefined && { class: field.class }), kept: tokenization?.mode ?? 'keep',
  }];
}
