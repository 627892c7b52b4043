import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchesOptions } from './batches-process.ts';
import { end, hasEnded, startScript } from './child-processes.ts';
import { ProofFailure } from './proof.ts';

/** Predictions that are handed in by a process of its own, so that its work is not the service's. */
export class Batches {
  private readonly child: ChildProcess;
  private taken = 0;

  constructor(options: BatchesOptions) {
    this.child = startScript('prove/batches-process.js', [JSON.stringify(options)], {}, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.child.on('message', (taken) => (this.taken = taken as number));
  }

  /** Waits until all are acknowledged. @throws ProofFailure when one was refused for good */
  async finished(): Promise<number> {
    if (!hasEnded(this.child)) await once(this.child, 'exit');
    if (this.child.exitCode !== 0) throw new ProofFailure('predictions could not be handed in');
    return this.taken;
  }

  /** Predictions a second that are acknowledged in a stretch of so many seconds from now. */
  async rate(seconds: number): Promise<number> {
    const [before, began] = [this.taken, performance.now()];
    await sleep(seconds * 1000);
    if (hasEnded(this.child)) throw new ProofFailure('nothing is handed in any more');
    return ((this.taken - before) / (performance.now() - began)) * 1000;
  }

  /** Lets each request that is under way finish. */
  async stop(): Promise<number> {
    if (!hasEnded(this.child)) this.child.send('stop');
    return this.finished();
  }

  async kill(): Promise<void> {
    await end(this.child, 'SIGKILL');
  }
}
