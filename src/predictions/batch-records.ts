import { Problem } from '../http/problem.ts';

const NEWLINE = 0x0a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The lines of NDJSON that are not blank, as views into the body. @throws Problem `batch-too-large` */
export function splitLines(body: Buffer, maxRecords: number): Buffer[] {
  const records: Buffer[] = [];
  for (let start = 0; start < body.length; ) {
    const found = body.indexOf(NEWLINE, start);
    const end = found === -1 ? body.length : found;
    add(records, body.subarray(start, end), maxRecords);
    start = end + 1;
  }
  return records;
}

/**
 * The elements of a JSON array, as views into the body, so that a bad element can be refused alone: only commas outside
 * strings and brackets part them. What stands in an element is for the record's own parser to judge.
 *
 * @throws Problem `malformed-json` when it is no array, `batch-too-large`
 */
export function splitArray(body: Buffer, maxRecords: number): Buffer[] {
  const records: Buffer[] = [];
  let at = skipBlank(body, 0);
  if (body[at] !== OPEN_ARRAY) throw notAnArray(at);
  let start = at + 1;
  let depth = 0;
  for (at = start; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) at = endOfString(body, at);
    else if (byte === OPEN_ARRAY || byte === 0x7b) depth += 1;
    else if (depth > 0) {
      if (byte === CLOSE_ARRAY || byte === 0x7d) depth -= 1;
    } else if (byte === COMMA) {
      if (isBlank(body.subarray(start, at))) throw notAnArray(at);
      add(records, body.subarray(start, at), maxRecords);
      start = at + 1;
    } else if (byte === CLOSE_ARRAY) {
      if (skipBlank(body, at + 1) < body.length) throw notAnArray(at + 1);
      if (isBlank(body.subarray(start, at)) && records.length > 0) throw notAnArray(at);
      add(records, body.subarray(start, at), maxRecords);
      return records;
    }
  }
  throw notAnArray(body.length);
}

function add(records: Buffer[], record: Buffer, maxRecords: number): void {
  if (isBlank(record)) return;
  if (records.length === maxRecords) throw new Problem('batch-too-large', `A batch holds at most ${maxRecords} records.`);
  records.push(record);
}

/** The place of the closing quote, or the end of the body. */
function endOfString(body: Buffer, open: number): number {
  for (let at = open + 1; at < body.length; at++) {
    if (body[at] === BACKSLASH) at += 1;
    else if (body[at] === QUOTE) return at;
  }
  return body.length;
}

function isBlank(bytes: Buffer): boolean {
  return skipBlank(bytes, 0) === bytes.length;
}

/** RFC 8259, section 2: space, tab, line feed, carriage return. */
function skipBlank(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0a || bytes[at] === 0x0d)) at += 1;
  return at;
}

function notAnArray(offset: number): Problem {
  return new Problem('malformed-json', 'The body is not a JSON array of records.', {
    errors: [{ at: `offset ${offset}`, code: 'json-syntax', detail: 'send [record, record, …], or one record a line as application/x-ndjson' }],
  });
}
