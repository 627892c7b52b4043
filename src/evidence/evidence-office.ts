import { rm } from 'node:fs/promises';
import type { EvidenceDesk } from './evidence-desk.ts';
import { EvidenceQueue } from './evidence-queue.ts';
import { setQueued, unfinishedJobs } from './evidence-table.ts';
import { tendEvidence } from './tend-evidence.ts';
import { workOn } from './work-evidence.ts';

const TEND_MS = 60_000;
/** How soon a piece of work ends when the service does, in ms. */
const NOTHING_MS = 0;

/** Makes bundles in the background, and looks after them. */
export class EvidenceOffice {
  readonly desk: EvidenceDesk;
  readonly queue: EvidenceQueue;
  private timer: NodeJS.Timeout | undefined;
  private tending: Promise<void> = Promise.resolve();
  private isClosing = false;
  /** Ids of bundles that this process is making. */
  private readonly atWork = new Set<string>();

  constructor(desk: EvidenceDesk, atOnce: number) {
    this.desk = desk;
    this.queue = new EvidenceQueue({ pool: desk.pool, atOnce, work: (queued) => this.work(queued), complain: (message) => desk.say('warn', message) });
  }

  /**
   * Takes up what an earlier process of this folder left, and begins.
   *
   * @param byItself false: nothing is made but by `drain`
   */
  async start(byItself: boolean): Promise<void> {
    await this.queue.start(byItself);
    if (!byItself) return;
    await this.takeUp();
    this.timer = setInterval(() => void this.tend(), TEND_MS).unref();
  }

  /** Looks after bundles now. */
  tend(): Promise<void> {
    this.tending = this.tending
      .then(() => tendEvidence(this.desk, this.queue, Date.now()))
      .catch((error: unknown) => this.desk.say('warn', `evidence bundles were not looked after: ${error instanceof Error ? error.message : String(error)}`));
    return this.tending;
  }

  /** Makes everything that was asked for, here and now: for tests. */
  async drain(pieceMs?: number): Promise<void> {
    for (const { log, id } of await unfinishedJobs(this.desk.pool)) while (await workOn(this.desk, { log, id }, pieceMs));
  }

  async close(): Promise<void> {
    this.isClosing = true;
    clearInterval(this.timer);
    await this.queue.close();
    await this.tending;
  }

  /** Removes what was made of a bundle that is not wanted any more. */
  async discard(id: string): Promise<void> {
    await rm(this.desk.placeOf({ id }), { recursive: true, force: true });
  }

  private async work(queued: { log: number; id: string }): Promise<boolean> {
    // The queue takes a piece of work that lasts for long as left, and hands it out again: it waits for the one that is at it.
    if (this.atWork.has(queued.id)) return true;
    this.atWork.add(queued.id);
    try {
      return await workOn(this.desk, queued, this.isClosing ? NOTHING_MS : undefined);
    } finally {
      this.atWork.delete(queued.id);
    }
  }

  /** The process before this one, in this folder, is gone: its jobs wait for nobody. So do those that the queue does not know. */
  private async takeUp(): Promise<void> {
    for (const row of await unfinishedJobs(this.desk.pool)) {
      const isOurs = row.holder === this.desk.holder;
      if (!isOurs && row.job !== null && (await this.queue.knows(row.job))) continue;
      if (row.job !== null) await this.queue.forget(row.job);
      await setQueued(this.desk.pool, row, await this.queue.send(row));
    }
  }
}
