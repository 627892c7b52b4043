import { fork } from 'node:child_process';
import type { LoadMessage, LoadOptions, LoadResult } from './load-options.ts';
import { siblingOf } from './sibling.ts';

/** What to do, in the bench, when the measured part begins and ends. */
export interface LoadMarks {
  measuring?: () => void;
  measured?: () => void;
}

/** Runs one load generator to its end. Rejects when any reply was neither 2xx nor a refusal that the options allow. */
export function runLoad(options: LoadOptions, marks: LoadMarks = {}): Promise<LoadResult> {
  const child = fork(siblingOf(import.meta.url, './load'), [JSON.stringify(options)], { env: process.env, execArgv: ['--enable-source-maps'] });
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      const told = message as LoadMessage;
      if (told.phase === 'measuring') marks.measuring?.();
      if (told.phase === 'measured') marks.measured?.();
      if (told.phase === 'done') resolve(told.result);
      if (told.phase === 'failed') reject(new Error(`the load failed: ${told.reason}`));
    });
    child.once('exit', (code) => code === 0 || reject(new Error(`the load generator ended with ${code}`)));
    child.once('error', reject);
  });
}
