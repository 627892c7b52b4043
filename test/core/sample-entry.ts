import type { Entry } from '../../src/core/entry.ts';

/** An entry that is right in every member, with the changes that a test wants. */
export function entryWith(changes: Partial<Entry> = {}): Entry {
  return {
    v: 1,
    origin: 'ledger.example/logs/default',
    index: 7,
    time: '2026-11-22T09:00:00.000Z',
    type: 'prediction',
    commitment: '0123456789abcdef'.repeat(4),
    policy: 'ab'.repeat(32),
    prev: 'cd'.repeat(32),
    ...changes,
  };
}
