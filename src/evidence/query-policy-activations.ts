import { memberOf, numberCell, textCell, textsOf, wordOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

interface State {
  files: Record<string, string>;
  sequence: number;
}

/** Which policies came into force, who wrote and who approved them, and what changed. */
export const POLICY_ACTIVATIONS: Query<State> = {
  name: 'policy-activations',
  v: 1,
  title: 'Policies that came into force',
  question: 'Which policy bundles came into force, who wrote and who approved each, and did an older one come back?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('digest', 'text', 'of the bundle'), column('signed', 'truth', 'whether author and approvers signed it'), column('sequence', 'number', 'its number', true), column('author', 'text', 'name of the author’s key', true),
    column('approvers', 'text', 'names of the approvers’ keys, in order', true), column('files', 'number', 'files in it'), column('added', 'text', 'files that are new', true), column('changed', 'text', 'files that changed', true), column('removed', 'text', 'files that went', true),
  ],
  types: ['policy-activated'],
  parameters: { requireSignatures: { type: 'boolean', default: false } },
  reasons: {
    unsigned: 'it came into force without signatures, where they are asked for',
    'approved-by-author': 'its author is among its approvers',
    'sequence-not-greater': 'its number is not above that of the one before',
    'digest-differs': 'its digest is not the one that its entry names',
  },
  begin: () => ({ files: {}, sequence: 0 }),
  take(fact, state, finds, asked) {
    const inPeriod = isIn(asked, fact);
    const { body, v } = fact.payload;
    const files = (memberOf(body, 'files') ?? {}) as Record<string, string>;
    const before = state.files;
    const sequence = numberCell(body, 'sequence');
    const last = state.sequence;
    state.files = files;
    if (sequence !== null) state.sequence = Math.max(last, sequence);
    if (!inPeriod) return;
    const approvers = textsOf(body, 'approvers');
    const author = textCell(body, 'author');
    const names = (all: string[]): string | null => (all.length === 0 ? null : all.sort().join(' '));
    const digest = wordOf(body, 'digest');
    const row = finds.row({
      ...entryCells(fact), digest, signed: v === 2, sequence, author, approvers: names(approvers), files: Object.keys(files).length, added: names(Object.keys(files).filter((path) => before[path] === undefined)),
      changed: names(Object.keys(files).filter((path) => before[path] !== undefined && before[path] !== files[path])), removed: names(Object.keys(before).filter((path) => files[path] === undefined)),
    });
    const say = (why: string, text: string): void => finds.exception({ row, index: fact.index, why, text });
    if (v !== 2 && asked.parameters['requireSignatures'] === true) say('unsigned', 'Nobody signed the bundle.');
    if (author !== null && approvers.includes(author)) say('approved-by-author', `${author} wrote and approved it.`);
    if (sequence !== null && sequence <= last) say('sequence-not-greater', `Number ${sequence} follows number ${last}.`);
    if (digest !== fact.policy) say('digest-differs', 'The entry names another policy than its payload.');
  },
};
