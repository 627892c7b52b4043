import { countOf, listOf, textOf, truthOf, wordOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** Copies of what is held about somebody, as they were handed out. */
export const SUBJECT_REPORTS: Query = {
  name: 'subject-reports',
  v: 1,
  title: 'Reports to data subjects',
  question: 'Which reports of what is held about a data subject were made, in which form, and to the end?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('subject', 'text', 'opaque id; null where nobody is known', true), column('predictions', 'number', 'predictions on the page'), column('quarantine', 'number', 'records in quarantine that it names'), column('originals', 'truth', 'whether what tokens stand for was asked for'),
    column('format', 'text', 'json or html'), column('first', 'truth', 'whether the report begins with the page'), column('last', 'truth', 'whether it ends with it'), column('by', 'text', 'opaque id of who made it'),
  ],
  types: ['subject-report-issued'],
  parameters: {},
  reasons: {},
  begin: () => ({}),
  take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const { body, principal } = fact.payload;
    finds.row({
      ...entryCells(fact), subject: textOf(listOf(body, 'subjects')[0], 'subject') ?? null, predictions: countOf(body, 'predictions'), quarantine: countOf(body, 'quarantine'), originals: truthOf(body, 'originals') ?? false,
      format: wordOf(body, 'format'), first: truthOf(body, 'first') ?? false, last: truthOf(body, 'last') ?? false, by: principal,
    });
  },
};
