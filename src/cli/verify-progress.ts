import { SingleBar } from 'cli-progress';

/** Progress of long work. */
export interface Progress {
  update(done: number): void;
  end(): void;
}

/** A bar on standard error where that is a terminal; elsewhere nothing. */
export function showProgress(total: number): Progress {
  if (!process.stderr.isTTY || total === 0) return { update: () => undefined, end: () => undefined };
  const format = '{bar} {percentage} % | {value} of {total} entries | {eta_formatted} left';
  // Neither hides the cursor nor stops lines from wrapping: an interrupt would leave the terminal so.
  const terminal = { hideCursor: false, linewrap: true };
  const bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true, ...terminal });
  bar.start(total, 0);
  return { update: (done) => bar.update(done), end: () => bar.stop() };
}

/** The share that is done, from 0 to 1, as a bar on standard error where that is a terminal; it goes when all is done. */
export function showShare(): { update(done: number): void } {
  if (!process.stderr.isTTY) return { update: () => undefined };
  const bar = new SingleBar({ format: '{bar} {percentage} %', stream: process.stderr, clearOnComplete: true, hideCursor: false, linewrap: true });
  bar.start(1, 0);
  return {
    update: (done) => {
      bar.update(done);
      if (done === 1) bar.stop();
    },
  };
}
