import { createHash } from 'node:crypto';
import { isJournalRecord, type JournalRecord } from './erasure-journal.ts';

/** `prev` of a journal's first line. */
export const FIRST = '0'.repeat(64);

const TRAILER = /,"hash":"([0-9a-f]{64})"\}$/;

export interface JournalLine {
  origin: string;
  record: JournalRecord;
  /** SHA-256 of the line without it, hexadecimal: its checksum, and the `prev` of the line after it. */
  hash: string;
}

/** `{"prev","origin","record","hash"}`: the last covers what stands before it, `prev` included, so the lines are a chain. */
export function encodeLine(prev: string, origin: string, record: JournalRecord): { text: string; hash: string } {
  if (!isJournalRecord(record)) throw new TypeError('not a record of an erasure journal');
  const body = JSON.stringify({ prev, origin, record });
  const hash = sha256(body);
  return { text: `${body.slice(0, -1)},"hash":"${hash}"}`, hash };
}

/** The line, or what is wrong with it. */
export function decodeLine(text: string, prev: string): JournalLine | { fault: string } {
  const [trailer, hash] = TRAILER.exec(text) ?? [];
  if (trailer === undefined || hash === undefined) return { fault: 'it does not end as a line does' };
  const body = `${text.slice(0, -trailer.length)}}`;
  if (sha256(body) !== hash) return { fault: 'its checksum is wrong' };
  try {
    const value = JSON.parse(body) as { prev?: unknown; origin?: unknown; record?: unknown };
    if (value.prev !== prev) return { fault: 'it does not follow the line before it' };
    if (typeof value.origin === 'string' && isJournalRecord(value.record)) return { origin: value.origin, record: value.record, hash };
  } catch {
    // said below
  }
  return { fault: 'it holds no record of version 1' };
}

/** Whether it can be the beginning of a line whose writing was cut off: what follows a line's end was not cut off, but changed. */
export function isTorn(text: string): boolean {
  return !/,"hash":"[0-9a-f]{64}"\}/.test(text);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
