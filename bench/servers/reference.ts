// (a) The reference: what writing over HTTP costs when nothing is proved. Bare Fastify, and everything that waits goes
// into one COPY, one under way at a time; a reply leaves when the COPY that holds its row has committed.
import { finished } from 'node:stream/promises';
import { Client, DatabaseError } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { BinaryCopy } from './binary-copy.ts';
import { CREATE_TABLE, DuplicateIdError, serveInserts, type PredictionRow } from './insert-server.ts';

const COPY = 'COPY prediction (index, id, model, version, time, body) FROM STDIN (FORMAT binary)';
const UNIQUE_VIOLATION = '23505';

interface Waiting {
  rows: PredictionRow[];
  resolve: (indexes: number[]) => void;
  reject: (error: unknown) => void;
}

class GroupCopy {
  readonly #client: Client;
  readonly #copy = new BinaryCopy();
  #waiting: Waiting[] = [];
  #busy = false;
  #next = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  insert(rows: PredictionRow[]): Promise<number[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ rows, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      // Requests that came with the same turn of the event loop share the first COPY.
      setImmediate(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      await this.#settle(group);
    }
    this.#busy = false;
  }

  async #settle(group: Waiting[]): Promise<void> {
    try {
      await this.#write(group);
    } catch (error) {
      if (!isDuplicate(error)) return group.forEach((waiting) => waiting.reject(error));
      if (group.length === 1) return group.forEach((waiting) => waiting.reject(new DuplicateIdError()));
      // One id taken refuses the whole COPY: writing each request alone finds out whose it was.
      for (const waiting of group) await this.#settle([waiting]);
    }
  }

  async #write(group: Waiting[]): Promise<void> {
    const rows = group.flatMap((waiting) => waiting.rows);
    const stream = this.#client.query(copyFrom(COPY));
    stream.end(this.#copy.encode(rows, this.#next));
    await finished(stream);
    for (const waiting of group) {
      const first = this.#next;
      this.#next += waiting.rows.length;
      waiting.resolve(waiting.rows.map((_, at) => first + at));
    }
  }
}

function isDuplicate(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === UNIQUE_VIOLATION;
}

const client = new Client();
await client.connect();
await client.query(CREATE_TABLE);
const group = new GroupCopy(client);
await serveInserts((rows) => group.insert(rows), () => client.end());
