import type { JsonValue } from '../core/json-value.ts';
import { memberOf, numberCell, numberOf, textCell, textOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

interface State {
  /** Epoch → when it began, ms since 1970, and by which entry; the first begins with the log. */
  epochs: Record<string, { since: number; index: number }>;
  open: number;
}

const DAY_MS = 86_400_000;

/** The log's own keys and the epochs of the keys that payloads are sealed under. */
export const KEY_EVENTS: Query<State> = {
  name: 'key-events',
  v: 1,
  title: 'Encryption keys and their rotation',
  question: 'Under which keys are payloads sealed, when was each epoch of keys opened and ended, and is the open one older than it may be?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('event', 'text', 'type of the entry'), column('epoch', 'number', 'number of the epoch of keys', true), column('key', 'text', 'name of the epoch’s key, or the key by which log or bundles are signed', true),
    column('rewrapped', 'number', 'data keys that moved on', true), column('subject', 'text', 'opaque id of whose key gave way to another', true), column('resealed', 'number', 'payloads that were sealed anew under it', true), column('epochAgeDays', 'number', 'whole days that the epoch before was open, or that this one lasted', true),
  ],
  types: ['log-opened', 'key-epoch-opened', 'key-epoch-ended', 'subject-key-rotated', 'evidence-key-opened'],
  parameters: { maxEpochDays: { type: 'integer', minimum: 1, default: 400 } },
  reasons: { 'epoch-too-old': 'an epoch of keys was open for longer than it may be' },
  begin: () => ({ epochs: {}, open: 1 }),
  take(fact, state, finds, asked) {
    // The first epoch begins with the log.
    if (fact.index === 0) state.epochs['1'] = { since: fact.time, index: 0 };
    const inPeriod = isIn(asked, fact);
    const { body } = fact.payload;
    const epoch = numberOf(body, 'epoch') ?? numberOf(memberOf(body, 'key'), 'epoch') ?? (fact.type === 'log-opened' ? 1 : null);
    const about = fact.type === 'key-epoch-opened' ? numberOf(body, 'previous') : epoch;
    const since = state.epochs[String(about)]?.since;
    const isOfEpochs = fact.type === 'key-epoch-opened' || fact.type === 'key-epoch-ended';
    const age = !isOfEpochs || since === undefined ? null : Math.floor((fact.time - since) / DAY_MS);
    if (fact.type === 'key-epoch-opened' && epoch !== null) {
      state.epochs[String(epoch)] = { since: fact.time, index: fact.index };
      state.open = epoch;
    }
    if (!inPeriod) return;
    const row = finds.row({ ...entryCells(fact), event: fact.type, epoch, key: keyOf(body), rewrapped: numberCell(body, 'rewrapped'), subject: textCell(body, 'subject'), resealed: numberCell(body, 'payloads'), epochAgeDays: age });
    if (fact.type === 'key-epoch-opened' && age !== null && age > Number(asked.parameters['maxEpochDays'])) {
      finds.exception({ row, index: fact.index, why: 'epoch-too-old', text: `The epoch before had been open for ${age} days.`, disposition: fact.index });
    }
  },
  finish(state, finds, { asOf, parameters }) {
    const open = state.epochs[String(state.open)];
    const age = open === undefined ? 0 : Math.floor((asOf - open.since) / DAY_MS);
    if (open !== undefined && age > Number(parameters['maxEpochDays'])) finds.exception({ row: null, index: open.index, why: 'epoch-too-old', text: `Epoch ${state.open} has been open for ${age} days.` });
  },
};

function keyOf(body: JsonValue): string | null {
  return textOf(body, 'kek') ?? textOf(body, 'vkey') ?? textCell(body, 'keyid');
}
