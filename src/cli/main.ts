#!/usr/bin/env node
import { run } from './run.ts';

// A reader that has seen enough, as `head`, is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

await run(process.argv.slice(2));
