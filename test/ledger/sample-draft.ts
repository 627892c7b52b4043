import { randomBytes } from 'node:crypto';
import type { EntryDraft } from '../../src/ledger/entry-draft.ts';

/** Digest of the policy bundle that the test logs have in force. */
export const POLICY = Buffer.alloc(32, 0x70);

let drawn = 0;

/** A draft like a prediction's, under an id of its own unless one is given. Its sealed payload opens nowhere. */
export function sampleDraft(id = `draft-${++drawn}`, changes: Partial<EntryDraft> = {}): EntryDraft {
  return {
    type: 'prediction',
    commitment: randomBytes(32).toString('hex'),
    sealed: randomBytes(60),
    key: 1,
    vault: 0,
    prediction: { id, model: 'credit-risk', version: '3.2.0', deployment: undefined, outcome: 'declined' },
    ...changes,
  };
}

/** A draft like a system entry's: without a row in the read model. */
export function sampleSystemDraft(type: string, changes: Partial<EntryDraft> = {}): EntryDraft {
  return { type, commitment: randomBytes(32).toString('hex'), sealed: randomBytes(60), key: 1, vault: 0, ...changes };
}

/** The draft that brings `POLICY` into force: a log's first entry. */
export function activation(policy: Uint8Array = POLICY): EntryDraft {
  return sampleSystemDraft('policy-activated', { policy });
}
