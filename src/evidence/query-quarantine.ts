import { numberCell, numberOf, textCell, textOf, textsOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** What became of records that a contract doubted. */
export const QUARANTINE: Query = {
  name: 'quarantine',
  v: 1,
  title: 'Records in quarantine and what became of them',
  question: 'Who released or rejected what a contract had doubted, why, and what expired because nobody decided?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('outcome', 'text', 'released, rejected or expired'), column('records', 'number', 'how many'), column('quarantine', 'text', 'id in quarantine; null where there are several', true), column('producer', 'text', 'opaque id of who posted it', true),
    column('received', 'time', 'when it came', true), column('contract', 'text', 'the contract that doubted it', true), column('by', 'text', 'opaque id of who decided'), column('prediction', 'number', 'leaf index that it was released as', true),
  ],
  types: ['quarantine-released', 'quarantine-rejected', 'quarantine-expired'],
  parameters: {},
  reasons: { expired: 'nobody decided in time', 'released-by-producer': 'it was released by who had posted it' },
  begin: () => ({}),
  take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const { body, principal } = fact.payload;
    const outcome = fact.type.slice('quarantine-'.length);
    const several = textsOf(body, 'quarantine');
    const producer = textCell(body, 'producer');
    const row = finds.row({
      ...entryCells(fact), outcome, records: numberOf(body, 'count') ?? 1, quarantine: textOf(body, 'quarantine') ?? (several.length === 1 ? (several[0] ?? null) : null), producer, received: textCell(body, 'received'), contract: textCell(body, 'contract'),
      by: principal, prediction: numberCell(body, 'prediction'),
    });
    if (outcome === 'expired') finds.exception({ row, index: fact.index, why: 'expired', text: `${numberOf(body, 'count') ?? 1} records went because nobody decided.`, disposition: fact.index });
    if (outcome === 'released' && producer === principal) finds.exception({ row, index: fact.index, why: 'released-by-producer', text: `${principal} posted and released it.` });
  },
};
