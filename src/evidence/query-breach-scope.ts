import { CLASSES } from '../contracts/contract-file.ts';
import type { Contracts } from '../contracts/contracts.ts';
import { textOf, wordOf } from './fact.ts';
import { leavesOf } from './leaf-fields.ts';
import { column, isIn, type Query } from './query.ts';

interface Scope {
  number: number;
  predictions: number;
  withSubject: number;
  firstIndex: number;
  lastIndex: number;
  first: string;
  last: string;
}

/** What would be concerned if everything of the period were disclosed: by model and contract. */
export const BREACH_SCOPE: Query<{ scopes: Record<string, Scope> }> = {
  name: 'breach-scope',
  v: 1,
  title: 'Scope of a breach of the period',
  question: 'If what was taken in in this window were disclosed: how many data subjects and how many records about them, of which categories, under which contracts?',
  basis: 'aggregate',
  columns: [
    column('contract', 'text', 'name@version; none where no contract governs'), column('model', 'text', 'model'), column('predictions', 'number', 'records that can still be opened'), column('withSubject', 'number', 'of these about a named data subject'), column('subjects', 'number', 'different data subjects among those, by their opaque ids'), column('categories', 'text', 'classes of data that the contract defines', true),
    column('tokenized', 'number', 'fields that hold a token in place of the value'), column('firstIndex', 'number', 'leaf index of the first'), column('lastIndex', 'number', 'of the last'), column('first', 'time', 'entry time of the first'), column('last', 'time', 'of the last'),
  ],
  types: ['prediction'],
  parameters: {},
  reasons: {},
  countsIds: true,
  begin: () => ({ scopes: {} }),
  take(fact, { scopes }, finds, asked) {
    if (!isIn(asked, fact)) return;
    finds.used();
    const { body, contract } = fact.payload;
    const scope = (scopes[JSON.stringify([contract ?? 'none', wordOf(body, 'model')])] ??= { number: Object.keys(scopes).length, predictions: 0, withSubject: 0, firstIndex: fact.index, lastIndex: fact.index, first: fact.at, last: fact.at });
    scope.predictions += 1;
    const subject = textOf(body, 'subject');
    if (subject !== undefined) {
      scope.withSubject += 1;
      finds.mark(scope.number, subject);
    }
    scope.lastIndex = fact.index;
    scope.last = fact.at;
  },
  async finish({ scopes }, finds, { contracts }) {
    const subjects = await finds.different();
    for (const key of Object.keys(scopes).sort()) {
      const [contract = '', model = ''] = JSON.parse(key) as string[];
      const { number, ...scope } = scopes[key] as Scope; // its key
      finds.row({ contract, model, ...natureOf(contracts, contract), ...scope, subjects: subjects.get(number) ?? 0 });
    }
    // One person may be in several rows: counted once here, and again beyond the first time.
    const all = subjects.get(-1) ?? 0;
    const inRows = Object.values(scopes).reduce((sum, { number }) => sum + (subjects.get(number) ?? 0), 0);
    finds.total('data subjects', { inRows }, { different: all, again: inRows - all });
  },
};

function natureOf(contracts: Contracts, id: string): { categories: string | null; tokenized: number } {
  const contract = contracts.all.find((each) => each.id === id);
  if (contract === undefined) return { categories: null, tokenized: 0 };
  const { inputs, output, decision } = contract.sections;
  const fields = [inputs, output, decision].flatMap((section) => (section === undefined ? [] : leavesOf(section)));
  const found = CLASSES.filter((each) => fields.some((field) => field.class === each));
  return { categories: found.length === 0 ? null : found.join('; '), tokenized: fields.filter(({ tokenization }) => tokenization?.mode === 'token').length };
}
