import { fieldAt } from '../contracts/class-of.ts';
import type { Field } from '../contracts/field.ts';
import { escapePointer } from '../ledger/policy-file.ts';
import { memberOf, type ReadFact } from './fact.ts';
import type { JsonValue } from '../core/json-value.ts';
import type { Row } from './population.ts';
import { column, isIn, type Asked, type Query } from './query.ts';

export interface SeenFields {
  /** By contract and JSON pointer, arrays' positions as `*`: how often it was there. */
  fields: Record<string, Record<string, number>>;
}

const SECTIONS = ['inputs', 'output', 'decision'] as const;
/** Of a decision, these are the prediction's own form. */
const OWN = ['/decision/outcome', '/decision/threshold', '/decision/reasons', '/decision/automated'];
const MAX_FIELDS = 20_000;

/** Every field that was seen in predictions, and what its contract says of it. */
export const FIELDS_SEEN: Query<SeenFields> = {
  name: 'fields-seen',
  v: 1,
  title: 'Fields that were seen, and their definitions',
  question: 'Is every field that came in defined, with nature, source, unit and accuracy, and named in it what is done to it?',
  basis: 'aggregate',
  columns: [
    column('contract', 'text', 'name@version; none where no contract governs'), column('field', 'text', 'JSON pointer; * stands for positions in lists'), column('seen', 'number', 'predictions that have it'), column('defined', 'truth', 'whether the contract defines it'), column('type', 'text', 'its type', true),
    column('meaning', 'text', 'what it says', true), column('source', 'text', 'where it is from', true), column('observed', 'text', 'as of when', true), column('accuracy', 'text', 'how exact it is', true), column('unit', 'text', 'its unit', true), column('class', 'text', 'class of data', true), column('tokenization', 'text', 'what is done to it', true),
  ],
  types: ['prediction'],
  parameters: {},
  reasons: { undefined: 'it was seen, and no contract defines it', 'no-meaning': 'the contract says nothing of what it means or where it is from' },
  begin: () => ({ fields: {} }),
  take: noteFields,
  finish({ fields }, finds, asked) {
    for (const contract of Object.keys(fields).sort()) {
      const seen = fields[contract] ?? {};
      for (const pointer of Object.keys(seen).sort()) {
        const field = definitionOf(asked, contract, pointer);
        const defined = field !== undefined || OWN.some((own) => pointer === own || pointer.startsWith(`${own}/`));
        const row = finds.row({ contract, field: pointer, seen: seen[pointer] ?? 0, defined, ...wordsOf(field) });
        if (!defined) finds.exception({ row, index: null, why: 'undefined', text: `${pointer} of ${contract} is not defined.` });
        else if (lacksMeaning(field)) finds.exception({ row, index: null, why: 'no-meaning', text: `${pointer} of ${contract} has no meaning.` });
      }
    }
  },
};

function lacksMeaning(field: Field | undefined): boolean {
  return field !== undefined && field.type !== 'object' && field.meaning === undefined;
}

function wordsOf(field: Partial<Field> = {}): Row {
  const { type = null, meaning = null, source = null, observed = null, accuracy = null, unit = null, class: kind = null, tokenization } = field;
  return { type, meaning, source, observed, accuracy, unit, class: kind, tokenization: tokenization?.mode ?? null };
}

/** Counts the fields of a prediction. Shared by the queries that look at them. */
export function noteFields(fact: ReadFact, { fields }: SeenFields, finds: Parameters<Query['take']>[2], asked: Asked): void {
  if (!isIn(asked, fact)) return;
  finds.used();
  const { body, contract } = fact.payload;
  const counts = (fields[contract ?? 'none'] ??= {});
  const seen = new Set<string>();
  for (const section of SECTIONS) walk(memberOf(body, section), `/${section}`, seen);
  for (const pointer of seen) if (counts[pointer] !== undefined || Object.keys(counts).length < MAX_FIELDS) counts[pointer] = (counts[pointer] ?? 0) + 1;
}

function walk(value: JsonValue | undefined, pointer: string, seen: Set<string>): void {
  if (value === undefined) return;
  if (Array.isArray(value)) {
    seen.add(pointer);
    for (const item of value) if (typeof item === 'object' && item !== null) walk(item, `${pointer}/*`, seen);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) walk(member, `${pointer}/${escapePointer(name)}`, seen);
  } else seen.add(pointer);
}

/** The contract's definition of a field by its pointer. */
export function definitionOf({ contracts }: Asked, contract: string, pointer: string): Field | undefined {
  const found = contracts.all.find(({ id }) => id === contract);
  return found === undefined ? undefined : fieldAt(found.sections, pointer.replaceAll('/*', '/0'));
}
