import { readFile } from 'node:fs/promises';
import { ProofFailure } from './proof.ts';

const SAMPLE_MS = 50;

/** Looks at a process's resident memory, as Linux tells it, until it is asked what the most was. */
export class MemoryWatch {
  private readonly pid: number;
  private readonly clock: NodeJS.Timeout;
  private most = 0;

  private constructor(pid: number) {
    this.pid = pid;
    this.clock = setInterval(() => void this.look().catch(() => undefined), SAMPLE_MS);
  }

  /** @throws ProofFailure where there is no /proc */
  static async of(pid: number | undefined): Promise<MemoryWatch> {
    const watch = new MemoryWatch(pid ?? 0);
    await watch.look().catch(() => {
      clearInterval(watch.clock);
      throw new ProofFailure('memory is measured by /proc: this needs Linux');
    });
    return watch;
  }

  /** The most that was seen, in MB of a million bytes. */
  end(): number {
    clearInterval(this.clock);
    return Math.ceil(this.most / 1e6);
  }

  private async look(): Promise<void> {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${this.pid}/status`, 'utf8')) ?? [];
    if (kibibytes === undefined) throw new Error('no VmRSS');
    this.most = Math.max(this.most, Number(kibibytes) * 1024);
  }
}
