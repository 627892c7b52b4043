import { parseArgs } from 'node:util';
import { conclude, DemoFailure, say, seconds } from './narrator.ts';
import { Story } from './story.ts';
import { Workspace } from './workspace.ts';

const USAGE = 'usage: npm run demo [-- --keep]\n\n  --keep   leave the demo\'s folder in place at the end\n';

/** Exit codes: 0 all as promised, 1 something was not, 2 wrong usage, 130 interrupted. */
async function main(): Promise<number> {
  const keep = readKeep();
  if (keep === undefined) return 2;
  const started = performance.now();
  const interruption = new AbortController();
  const interrupted = new Promise<never>((_, reject) => {
    interruption.signal.addEventListener('abort', () => reject(interruption.signal.reason), { once: true });
  });
  interrupted.catch(() => {}); // raised again by the race below; before it, nobody listens yet
  // Also keeps a second Ctrl-C from cutting the cleaning up short.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interruption.abort(name));

  const workspace = await Workspace.create();
  const story = new Story(workspace, interruption.signal);
  let code = 0;
  try {
    await Promise.race([story.tell(), interrupted]);
    conclude(`All of it as promised, in ${seconds(started)}.`);
  } catch (error) {
    code = interruption.signal.aborted ? 130 : 1;
    await explain(error, interruption.signal, story);
  } finally {
    await story.service?.stop();
    if (!keep) await workspace.remove();
  }
  say(keep ? `Kept: ${workspace.folder}` : 'Nothing is left behind (npm run demo -- --keep leaves the folder).');
  return code;
}

function readKeep(): boolean | undefined {
  try {
    return parseArgs({ options: { keep: { type: 'boolean', default: false } } }).values.keep;
  } catch {
    process.stderr.write(USAGE);
    return undefined;
  }
}

async function explain(error: unknown, signal: AbortSignal, story: Story): Promise<void> {
  if (signal.aborted) {
    process.stderr.write(`\nInterrupted (${String(signal.reason)}); stopping the service and cleaning up.\n`);
    return;
  }
  const what = error instanceof DemoFailure ? error.message : String(error instanceof Error ? error.stack : error);
  process.stderr.write(`\nNot as promised: ${what}\n`);
  const tail = await story.service?.logTail();
  if (tail) process.stderr.write(`\nThe service's last words:\n${tail}\n`);
}

process.exit(await main());
