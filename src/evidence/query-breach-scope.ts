import { CLASSES } from '../contracts/contract-file.ts';
import type { Contracts } from '../contracts/contracts.ts';
import { textOf, wordOf } from './fact.ts';
import { leavesOf } from './leaf-fields.ts';
import { column, isIn, type Query } from './query.ts';

interface Scope {
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
  question: 'If what was taken in in this window were disclosed: how many records about data subjects, of which categories, under which contracts?',
  basis: 'aggregate',
  columns: [
    column('contract', 'text', 'name@version; none where no contract governs'), column('model', 'text', 'model'), column('predictions', 'number', 'records that can still be opened'), column('withSubject', 'number', 'of these about a named data subject'), column('categories', 'text', 'classes of data that the contract defines', true),
    column('tokenized', 'number', 'fields that hold a token in place of the value'), column('firstIndex', 'number', 'leaf index of the first'), column('lastIndex', 'number', 'of the last'), column('first', 'time', 'entry time of the first'), column('last', 'time', 'of the last'),
  ],
  types: ['prediction'],
  parameters: {},
  reasons: {},
  begin: () => ({ scopes: {} }),
  take(fact, { scopes }, finds, asked) {
    if (!isIn(asked, fact)) return;
    finds.used();
    const { body, contract } = fact.payload;
    const scope = (scopes[JSON.stringify([contract ?? 'none', wordOf(body, 'model')])] ??= { predictions: 0, withSubject: 0, firstIndex: fact.index, lastIndex: fact.index, first: fact.at, last: fact.at });
    scope.predictions += 1;
    if (textOf(body, 'subject') !== undefined) scope.withSubject += 1;
    scope.lastIndex = fact.index;
    scope.last = fact.at;
  },
  finish({ scopes }, finds, { contracts }) {
    for (const key of Object.keys(scopes).sort()) {
      const [contract = '', model = ''] = JSON.parse(key) as string[];
      const { categories, tokenized } = natureOf(contracts, contract);
      finds.row({ contract, model, categories, tokenized, ...(scopes[key] as Scope) }); // its key
    }
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
