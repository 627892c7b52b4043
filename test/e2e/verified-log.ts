import { openCheckpoint, type Checkpoint } from '../../src/core/checkpoint.ts';
import { decodeEntryBundle } from '../../src/core/entry-bundle.ts';
import { entriesPath, TILE_WIDTH } from '../../src/core/tile.ts';
import { LogVerifier } from '../../src/core/verify-log.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import type { TestService } from './service.ts';

/** A log as a stranger has verified it. */
export interface VerifiedLog {
  checkpoint: Checkpoint;
  entries: Uint8Array[];
}

/**
 * Fetches a log's newest checkpoint and every entry bundle below it, and verifies all of it with what `core` offers to
 * strangers. Throws at the first thing that is wrong.
 *
 * @param by whose key to present; an open log needs none
 * @param atLeast waits until a checkpoint of so many entries is published
 */
export async function verifiedLog(service: TestService, { log = 'default', by, atLeast = 0 }: { log?: string; by?: string; atLeast?: number } = {}): Promise<VerifiedLog> {
  const vkey = parseVkey((await service.call('GET', `/logs/${log}/vkey`, by)).text.trimEnd());
  const checkpoint = openCheckpoint(await checkpointOf(service, log, by, atLeast), vkey);
  const verifier = new LogVerifier({ origin: vkey.name });
  const entries: Uint8Array[] = [];
  for (let index = 0; index * TILE_WIDTH < checkpoint.size; index++) {
    const width = Math.min(TILE_WIDTH, checkpoint.size - index * TILE_WIDTH);
    const bundle = await service.call('GET', `/logs/${log}/${entriesPath({ index, width })}`, by);
    if (bundle.status !== 200) throw new Error(`bundle ${index} of width ${width}: ${bundle.status} ${bundle.text}`);
    entries.push(...decodeEntryBundle(bundle.bytes));
  }
  for (const entry of entries) verifier.add(entry);
  verifier.checkCheckpoint(checkpoint);
  return { checkpoint, entries };
}

/** The text of the newest checkpoint once it covers `atLeast` entries. */
export async function checkpointOf(service: TestService, log: string, by: string | undefined, atLeast: number): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const { status, text } = await service.call('GET', `/logs/${log}/checkpoint`, by);
    if (status === 200 && Number(text.split('\n')[1]) >= atLeast) return text;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`no checkpoint of ${log} covers ${atLeast} entries after 5 s`);
}
