import { column, isIn, type Query } from './query.ts';

interface State {
  types: Record<string, { entries: number; inPeriod: number; first: number; last: number; gone: number }>;
  entries: number;
  faults: number;
}

const MOST_FAULTS = 1000;

/** The whole range, entry by entry: chain, tree, commitments; and how many entries of each type there are. */
export const VERIFIED_RANGE: Query<State> = {
  name: 'verified-range',
  v: 1,
  title: 'Verification of the whole range',
  question: 'Do chain, tree and commitments of every entry of the range hold, is no index missing, and is its root the one of the signed checkpoint?',
  basis: 'aggregate',
  columns: [
    column('type', 'text', 'type of the entries'), column('entries', 'number', 'in the range'), column('inPeriod', 'number', 'of these within the period'), column('gone', 'number', 'of those in the range whose payload is gone with authority'), column('firstIndex', 'number', 'leaf index of the first'), column('lastIndex', 'number', 'of the last'),
  ],
  types: ['*'],
  parameters: {},
  reasons: {
    'root-mismatch': 'the entries have another root than the checkpoint', 'payload-missing': 'a payload is not there, and no entry erased it', 'commitment-mismatch': 'a payload is not the one that its entry commits to', 'entry-invalid': 'an entry is not as it must be, or not in its place',
  },
  begin: () => ({ types: {}, entries: 0, faults: 0 }),
  take: () => undefined,
  look(fact, state, finds, asked) {
    const { type, index, fault } = fact;
    const counts = (state.types[type] ??= { entries: 0, inPeriod: 0, first: index, last: index, gone: 0 });
    counts.entries += 1;
    counts.last = index;
    if (fact.gone === 'erased') counts.gone += 1;
    state.entries += 1;
    if (isIn(asked, fact)) {
      counts.inPeriod += 1;
      finds.used();
    }
    if (fault === undefined || ++state.faults > MOST_FAULTS) return;
    const why = fault.code === 'payload-missing' || fault.code === 'commitment-mismatch' ? fault.code : 'entry-invalid';
    finds.exception({ row: null, index, why, text: `${fault.detail}.` });
  },
  finish(state, finds, { size, root, rootRead }) {
    for (const type of Object.keys(state.types).sort()) {
      const { entries, inPeriod, gone, first, last } = state.types[type] as State['types'][string]; // its key
      finds.row({ type, entries, inPeriod, gone, firstIndex: first, lastIndex: last });
    }
    finds.total('entries', { size }, { entries: state.entries });
    finds.gapCheck('leaf indices', size, state.entries, size === state.entries ? [] : [{ from: state.entries, to: size - 1 }]);
    if (rootRead() !== root) finds.exception({ row: null, index: null, why: 'root-mismatch', text: 'The entries that were read have another root than the checkpoint.' });
  },
};
