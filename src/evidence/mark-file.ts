import { open, rm, type FileHandle } from 'node:fs/promises';
import { openAt } from './open-at.ts';

/** 2 of a group's number, 12 of an opaque id. */
const MARK_BYTES = 14;
const CHUNK_BYTES = MARK_BYTES * 18_000;
/** Ids that are held at once while they are counted. */
const AT_ONCE = 200_000;

/**
 * Counts how many different opaque ids (`xxx_` and 24 hexadecimal digits) belong to each of some groups, however many there are: ids
 * are written to a file beside the bundle, and counted a part at a time.
 */
export class MarkFile {
  private readonly path: string;
  private readonly file: FileHandle;
  private marks: Buffer[] = [];

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.file = file;
  }

  /** Goes on where `length` says. @throws Error when the file is shorter */
  static async open(path: string, length: number): Promise<MarkFile> {
    return new MarkFile(path, await openAt(path, length));
  }

  /** @param group 0 to 65,535 */
  add(group: number, id: string): void {
    const mark = Buffer.alloc(MARK_BYTES);
    mark.writeUInt16BE(group);
    mark.write(id.slice(4), 2, 'hex');
    this.marks.push(mark);
  }

  /** Writes what came since the last time behind `at`; gives how long it is. */
  async flush(at: number): Promise<number> {
    const bytes = Buffer.concat(this.marks);
    this.marks = [];
    for (let done = 0; done < bytes.length; ) done += (await this.file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    return bytes.length;
  }

  /**
   * Different ids by group; under -1 those of all groups together.
   *
   * @param atOnce about how many marks to hold at once
   */
  async count(length: number, atOnce = AT_ONCE): Promise<Map<number, number>> {
    const counts = new Map<number, number>();
    const parts = Math.max(1, Math.ceil(length / MARK_BYTES / atOnce));
    for (let part = 0; part < parts; part++) {
      const seen = new Set<string>();
      const note = (group: number, key: string): void => {
        if (seen.has(key)) return;
        seen.add(key);
        counts.set(group, (counts.get(group) ?? 0) + 1);
      };
      for await (const piece of this.pieces(length)) {
        for (let at = 0; at < piece.length; at += MARK_BYTES) {
          // Ids are random: each part has its share of them, and all marks of an id are in one.
          if (piece.readUInt32BE(at + 2) % parts !== part) continue;
          note(-1, piece.toString('latin1', at + 2, at + MARK_BYTES));
          note(piece.readUInt16BE(at), piece.toString('latin1', at, at + MARK_BYTES));
        }
      }
    }
    return counts;
  }

  /** It is no file of the bundle. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
  }

  close(): Promise<void> {
    return this.file.close();
  }

  /** A piece at a time: the next one takes its place. */
  private async *pieces(length: number): AsyncIterable<Buffer> {
    const reader = await open(this.path, 'r');
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let at = 0; at < length; at += CHUNK_BYTES) {
        const { bytesRead } = await reader.read(chunk, 0, Math.min(CHUNK_BYTES, length - at), at);
        if (bytesRead % MARK_BYTES !== 0 || bytesRead === 0) throw new Error(`${this.path} ends within a mark`);
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      await reader.close();
    }
  }
}
