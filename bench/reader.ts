// A reader beside the load, a process of its own: it verifies proofs, or lists, without a pause until it is told to stop.
import { readFileSync } from 'node:fs';
import { openCheckpoint, type Checkpoint } from '../src/core/checkpoint.ts';
import { verifyInclusion } from '../src/core/inclusion-proof.ts';
import { leafHash } from '../src/core/merkle-tree.ts';
import { parseTlogProof } from '../src/core/tlog-proof.ts';
import { parseVkey, type VerifierKey } from '../src/core/vkey.ts';
import { installNativeSha256 } from '../src/ledger/native-sha256.ts';
import { ReaderClient } from './reader-client.ts';

/** What a reader process is told (JSON in its first argument). */
export interface ReaderOptions {
  port: number;
  key: string;
  task: 'prove' | 'list';
  /** A JSON array of ids of published predictions. */
  idsFile: string;
}

/** After so many pages a list begins again at its newest entry. */
const PAGES = 100;

/** Fetches the proof and the entry of one prediction and checks them by the log's key alone. */
class ProofReader {
  readonly #client: ReaderClient;
  readonly #ids: readonly string[];
  readonly #vkey: VerifierKey;
  #known: { note: string; checkpoint: Checkpoint } | undefined;

  constructor(client: ReaderClient, ids: readonly string[], vkey: VerifierKey) {
    this.#client = client;
    this.#ids = ids;
    this.#vkey = vkey;
  }

  async step(): Promise<void> {
    const id = this.#ids[Math.floor(Math.random() * this.#ids.length)] as string;
    const { index, path, checkpoint: note } = parseTlogProof(await this.#client.get(`/v1/predictions/${id}/proof`));
    const { entry } = JSON.parse(await this.#client.get(`/v1/log/entries/${index}`)) as { entry: string };
    const { size, root } = this.#open(note);
    verifyInclusion({ index, size, leaf: leafHash(Buffer.from(entry)), path, root });
  }

  /** A reader verifies a checkpoint's signature once, however many proofs lead to it. */
  #open(note: string): Checkpoint {
    if (this.#known?.note !== note) this.#known = { note, checkpoint: openCheckpoint(note, this.#vkey) };
    return this.#known.checkpoint;
  }
}

/** Pages through the list from its newest entry on. */
class ListReader {
  readonly #client: ReaderClient;
  #cursor: string | undefined;
  #pages = 0;

  constructor(client: ReaderClient) {
    this.#client = client;
  }

  async step(): Promise<void> {
    const { next } = JSON.parse(await this.#client.get(`/v1/predictions?model=credit-risk${this.#cursor === undefined ? '' : `&cursor=${this.#cursor}`}`)) as { next?: string };
    this.#pages += 1;
    this.#cursor = this.#pages % PAGES === 0 ? undefined : next;
  }
}

const { port, key, task, idsFile } = JSON.parse(process.argv[2] ?? '') as ReaderOptions;
installNativeSha256();
process.once('disconnect', () => process.exit(1));
const client = await ReaderClient.connect(port, key);
const reader =
  task === 'list'
    ? new ListReader(client)
    : new ProofReader(client, JSON.parse(readFileSync(idsFile, 'utf8')) as string[], parseVkey((await client.get('/logs/default/vkey')).trim()));
const told = { stop: false };
let steps = 0;
process.once('message', () => (told.stop = true));
process.send?.('reading');
while (!told.stop) {
  await reader.step();
  steps += 1;
}
client.close();
process.send?.(steps, () => process.exit(0));
