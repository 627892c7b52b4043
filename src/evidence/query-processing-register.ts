import { CLASSES } from '../contracts/contract-file.ts';
import { textOf } from './fact.ts';
import { leavesOf } from './leaf-fields.ts';
import { column, isIn, type Query } from './query.ts';

/** Records of processing (Regulation (EU) 2016/679, Article 30(1)), made from the contracts and from what came in. */
export const PROCESSING_REGISTER: Query<{ seen: Record<string, { count: number; purposes: string[]; bases: string[] }> }> = {
  name: 'processing-register',
  v: 1,
  title: 'Register of processing activities',
  question: 'For each processing: whose, for which purposes, on which legal bases, which categories of data, for how long, and how protected?',
  basis: 'aggregate',
  columns: [
    column('contract', 'text', 'name@version'), column('description', 'text', 'what is processed'), column('owner', 'text', 'who answers for it'), column('models', 'text', 'models', true), column('purposes', 'text', 'purposes that the contract allows', true), column('purposesSeen', 'text', 'purposes that predictions named', true),
    column('legalBases', 'text', 'legal bases that the contract allows', true), column('legalBasesSeen', 'text', 'legal bases that predictions named', true), column('subjects', 'text', 'whether data subjects are named: required, optional or none'), column('categories', 'text', 'classes of data'),
    column('retention', 'text', 'period, ISO 8601'), column('citation', 'text', 'why so long'), column('erasure', 'text', 'erase or retain'), column('tokenized', 'number', 'fields whose value is replaced'), column('fields', 'number', 'fields'), column('predictions', 'number', 'predictions in the period'),
  ],
  types: ['prediction'],
  parameters: {},
  reasons: { 'purpose-not-in-contract': 'predictions named a purpose that the contract does not have', 'basis-not-in-contract': 'predictions named a legal basis that the contract does not have', 'contract-not-in-policy': 'predictions were taken in under a contract that is not in the policy any more' },
  begin: () => ({ seen: {} }),
  take(fact, { seen }, finds, asked) {
    if (!isIn(asked, fact)) return;
    finds.used();
    const { body, contract } = fact.payload;
    const processing = (seen[contract ?? 'none'] ??= { count: 0, purposes: [], bases: [] });
    processing.count += 1;
    note(processing.purposes, textOf(body, 'purpose'));
    note(processing.bases, textOf(body, 'legalBasis'));
  },
  finish({ seen }, finds, { contracts }) {
    for (const { id, file, sections } of contracts.all) {
      const { count = 0, purposes = [], bases = [] } = seen[id] ?? {};
      if (count === 0 && contracts.governing.get(file.contract)?.id !== id) continue;
      const fields = [sections.inputs, sections.output, ...(sections.decision === undefined ? [] : [sections.decision])].flatMap(leavesOf);
      const classes = CLASSES.filter((each) => fields.some((field) => field.class === each));
      const row = finds.row({
        contract: id, description: file.description, owner: file.owner, models: listed(file.models), purposes: listed(file.purposes), purposesSeen: listed(purposes), legalBases: listed(file.legalBases), legalBasesSeen: listed(bases), subjects: file.subject, categories: classes.join('; '),
        retention: file.retention.period, citation: file.retention.citation, erasure: file.erasure.mode, tokenized: fields.filter(({ tokenization }) => tokenization !== undefined && tokenization.mode !== 'keep').length, fields: fields.length, predictions: count,
      });
      const foreign = (words: readonly string[], allowed: readonly string[]): string[] => words.filter((word) => allowed.length > 0 && !allowed.includes(word));
      if (foreign(purposes, file.purposes).length > 0) finds.exception({ row, index: null, why: 'purpose-not-in-contract', text: `${foreign(purposes, file.purposes).length} purposes were named that ${id} does not have.` });
      if (foreign(bases, file.legalBases).length > 0) finds.exception({ row, index: null, why: 'basis-not-in-contract', text: `${foreign(bases, file.legalBases).length} legal bases were named that ${id} does not have.` });
    }
    for (const id of Object.keys(seen).sort()) {
      if (!contracts.all.some((contract) => contract.id === id)) finds.exception({ row: null, index: null, why: 'contract-not-in-policy', text: `${seen[id]?.count} predictions were taken in under ${id}.` });
    }
  },
};

const MOST_WORDS = 200;

function note(words: string[], word: string | undefined): void {
  if (word !== undefined && !words.includes(word) && words.length < MOST_WORDS) words.push(word);
}

function listed(words: readonly string[]): string | null {
  return words.length === 0 ? null : [...words].sort().join('; ');
}
