import { predictionTemplate, writePrediction, type Subjects } from './prediction-template.ts';
import { ulid, ULID_LENGTH } from './ulid.ts';

/** The requests of one connection. `next` overwrites the bytes it gave before. */
export interface Requests {
  next(): Buffer;
  readonly recordsEach: number;
  /** Id of one prediction in the request that `next` gave last. `record` < `recordsEach`; empty for reads. */
  idOf(record: number): string;
}

/** Posts of one prediction, or of `batch` predictions as NDJSON. */
export function appendRequests(path: string, key: string, batch: number, subjects: Subjects): Requests {
  const template = predictionTemplate(new Date());
  const line = template.bytes.length + 1;
  const bodyLength = batch === 1 ? template.bytes.length : batch * line;
  const head = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\n` +
      `Content-Type: ${batch === 1 ? 'application/json' : 'application/x-ndjson'}\r\nContent-Length: ${bodyLength}\r\n\r\n`,
    'latin1',
  );
  const request = Buffer.alloc(head.length + bodyLength, '\n');
  head.copy(request);
  for (let record = 0; record < batch; record += 1) template.bytes.copy(request, head.length + record * line);
  const next = (): Buffer => {
    const now = Date.now();
    for (let record = 0; record < batch; record += 1) {
      writePrediction(request, head.length + record * line, template, ulid(now), subjects);
    }
    return request;
  };
  const idOf = (record: number): string => {
    const at = head.length + record * line + template.idAt;
    return request.toString('latin1', at, at + ULID_LENGTH);
  };
  return { next, recordsEach: batch, idOf };
}

/** Gets of paths chosen evenly. */
export function readRequests(paths: readonly string[], key: string): Requests {
  const requests = paths.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\n\r\n`, 'latin1'));
  if (requests.length === 0) throw new Error('no path to read');
  return {
    next: () => requests[Math.floor(Math.random() * requests.length)] as Buffer, // the index is below the length
    recordsEach: 1,
    idOf: () => '',
  };
}
