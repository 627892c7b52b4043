import type { Pool } from 'pg';
import type { Finding } from './fsck.ts';
import type { CheckedPayload } from './fsck-payload.ts';
import { readRecoveries, type Recovery } from './recovery-table.ts';

interface Stated {
  from: number;
  lost: unknown;
}

/** Payloads that were lost with a tail, by what entries of type `log-recovered` say: each row against its entry. */
export class LossAudit {
  private readonly recoveries: readonly Recovery[];
  private readonly seen = new Map<number, Stated>();

  private constructor(recoveries: readonly Recovery[]) {
    this.recoveries = recoveries;
  }

  static async open(pool: Pool, log: number): Promise<LossAudit> {
    return new LossAudit(await readRecoveries(pool, log));
  }

  /** Whether the loss of an entry's payload stands in a recovery. */
  has(index: number): boolean {
    const { recoveries } = this;
    return recoveries.some(({ from, to, lost }) => from <= index && index < to && isWithin(lost, index));
  }

  /** Takes up what an entry declares. */
  note({ payload }: CheckedPayload): void {
    // Version 1 named no indices.
    if (payload?.type === 'log-recovered' && payload.v > 1) this.seen.set(payload.index, payload.body as unknown as Stated);
  }

  /** Rows that no entry declares, or that say other than their entry. */
  unfounded(): Finding[] {
    return this.recoveries.flatMap((recovery): Finding[] => {
      const { from, to, lost, by } = recovery;
      if (by === null) return [{ code: 'recovery-pending', detail: `entries ${from} to ${to - 1} were brought back, and no entry says so yet: start the service once the log goes on`, index: from }];
      const stated = this.seen.get(by);
      const isSaid = stated?.from === from && JSON.stringify(stated.lost) === JSON.stringify(lost);
      return isSaid ? [] : [{ code: 'recovery-unproven', detail: `payloads are said to be lost by entry ${by}, which does not say so`, index: from }];
    });
  }
}

function isWithin(ranges: Recovery['lost'], index: number): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((ranges[middle] as readonly [number, number])[1] <= index) low = middle + 1; // within the bounds
    else high = middle;
  }
  const found = ranges[low];
  return found !== undefined && found[0] <= index;
}
