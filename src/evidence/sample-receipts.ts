import { toHex } from '../core/bytes.ts';
import { openEntry } from '../predictions/open-entry.ts';
import type { Making } from './order.ts';
import { prove, type Proved } from './sample-writer.ts';

/**
 * Proves entries with their payload and salt beside, of those that can still be opened. Precondition: the caller may read them all.
 *
 * @param opened takes the indices of those
 */
export function receiptProver(making: Making, opened: Set<number>): (index: number) => Promise<Proved> {
  return async (index) => {
    const [proved, { opening }] = await Promise.all([prove(making, index), openEntry(making.log, index)]);
    if (opening !== undefined) opened.add(index);
    return opening === undefined ? proved : { ...proved, opened: { payload: Buffer.from(opening.payload).toString('utf8'), salt: toHex(opening.salt) } };
  };
}
