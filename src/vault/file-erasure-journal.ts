import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../database/sync-folder.ts';
import type { ErasureJournal, JournalRecord } from './erasure-journal.ts';
import { JournalError } from './journal-error.ts';
import { decodeLine, encodeLine, FIRST, isTorn, type JournalLine } from './journal-line.ts';
import { linesOf } from './lines.ts';

/** Where the good lines end. */
interface Tail {
  /** Bytes up to the end of the last good line. */
  size: number;
  hash: string;
  /** Whether a line feed ends it. */
  isEnded: boolean;
  /** The file's; 0 where there is none. */
  ino: number;
}

const EMPTY: Tail = { size: 0, hash: FIRST, isEnded: true, ino: 0 };

/** Lines in a file of mode 0600, of all logs in one chain, for one replica: whoever holds the data folder's lock writes it. */
export class FileErasureJournal implements ErasureJournal {
  private readonly path: string;
  private tail: Tail | undefined;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  append(origin: string, record: JournalRecord): Promise<void> {
    const result = this.turn.then(() => this.write(origin, record));
    this.turn = result.catch(() => undefined);
    return result;
  }

  async *read(origin: string): AsyncGenerator<JournalRecord, void, undefined> {
    for await (const line of this.scan()) if (line.origin === origin) yield line.record;
  }

  async close(): Promise<void> {
    await this.turn;
  }

  private async write(origin: string, record: JournalRecord): Promise<void> {
    const tail = await this.end();
    const { text, hash } = encodeLine(tail.hash, origin, record);
    const bytes = Buffer.from(`${tail.isEnded ? '' : '\n'}${text}\n`);
    this.tail = undefined; // looked for again, unless all goes well
    try {
      const file = await open(this.path, 'a', 0o600);
      try {
        const { size, ino } = await file.stat();
        if (size !== tail.size) throw this.broken('somebody else writes to it');
        await file.appendFile(bytes);
        await file.sync();
        if (size === 0) await syncFolder(dirname(this.path));
        this.tail = { size: size + bytes.length, hash, isEnded: true, ino };
      } finally {
        await file.close();
      }
    } catch (error) {
      throw this.unavailable(error, 'written');
    }
  }

  /** The end of the file as it is now; what a crash left of a line that was never acknowledged is cut off. */
  private async end(): Promise<Tail> {
    const { size, ino } = await this.present();
    if (this.tail !== undefined && this.tail.size === size && this.tail.ino === ino) return this.tail;
    const lines = this.scan();
    let step = await lines.next();
    while (step.done !== true) step = await lines.next();
    const tail = step.value;
    try {
      if (size > tail.size) {
        const file = await open(this.path, 'r+');
        try {
          await file.truncate(tail.size);
          await file.sync();
        } finally {
          await file.close();
        }
      }
    } catch (error) {
      throw this.unavailable(error, 'mended');
    }
    this.tail = { ...tail, ino };
    return this.tail;
  }

  private async *scan(): AsyncGenerator<JournalLine, Tail, undefined> {
    let { size, hash, isEnded } = EMPTY;
    if ((await this.present()).size === 0) return EMPTY;
    try {
      let number = 0;
      for await (const line of linesOf(createReadStream(this.path))) {
        const text = line.bytes.toString('utf8');
        if (!line.isEnded && isTorn(text)) break;
        number += 1;
        const decoded = decodeLine(text, hash);
        if ('fault' in decoded) throw this.broken(`line ${number}: ${decoded.fault}`);
        ({ hash } = decoded);
        isEnded = line.isEnded;
        size += line.bytes.length + (isEnded ? 1 : 0);
        yield decoded;
      }
    } catch (error) {
      throw this.unavailable(error, 'read');
    }
    return { size, hash, isEnded, ino: 0 };
  }

  /** A file that was removed under a running service must not be papered over by a new one. */
  private async present(): Promise<{ size: number; ino: number }> {
    try {
      return await stat(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw this.unavailable(error, 'read');
      if (this.tail !== undefined && this.tail.size > 0) throw this.broken('it is gone');
      return EMPTY;
    }
  }

  private broken(why: string): JournalError {
    return new JournalError('journal-broken', `the erasure journal ${this.path}: ${why}`);
  }

  private unavailable(error: unknown, what: string): Error {
    if (error instanceof JournalError) return error;
    return new JournalError('journal-unavailable', `the erasure journal ${this.path} cannot be ${what}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}
