import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { end, startScript } from './child-processes.ts';
import type { Place } from './ledger-client.ts';
import type { ProducersOptions, ProducersReport } from './producers-process.ts';
import { ProofFailure } from './proof.ts';

/** Everything that producers were told of their records. */
export interface Acknowledged {
  places: Map<string, Place>;
  repeats: number;
  retries: number;
}

/** Producers in a process of their own, who retry until each of their records is acknowledged. */
export class Producers {
  private readonly child: ChildProcess;
  private readonly report: Promise<ProducersReport>;
  /** Resolves when the first record is acknowledged. */
  readonly began: Promise<unknown>;

  constructor(options: ProducersOptions) {
    this.child = startScript('prove/producers-process.js', [JSON.stringify(options)], {}, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.began = once(this.child, 'message');
    this.report = new Promise((resolve, reject) => {
      this.child.on('message', (message) => {
        if (message !== 'began') resolve(message as ProducersReport);
      });
      this.child.once('exit', () => reject(new ProofFailure('the producers ended without a report')));
    });
    this.report.catch(() => undefined); // told to whoever asks
  }

  /** Lets each finish the record that it is at. */
  async stop(): Promise<Acknowledged> {
    this.child.send('stop');
    return this.finished();
  }

  /** What they were told, once all of their records are acknowledged. @throws ProofFailure when one was refused for good */
  async finished(): Promise<Acknowledged> {
    const { acknowledged, repeats, retries } = await this.report;
    const places = new Map(acknowledged.map(([id, index, leafHash]) => [id, { index, leafHash }]));
    if (places.size !== acknowledged.length) throw new ProofFailure('the producers posted an id twice');
    return { places, repeats, retries };
  }

  async kill(): Promise<void> {
    await end(this.child, 'SIGKILL');
  }
}
