import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROBLEM_MEDIA_TYPE, Problem } from './problem.ts';

/** Answers a peer whose request Node could not read, or not in time, so that there is no reply object; and hangs up. */
export function answerUnreadable(error: Error & { code?: string }, socket: Duplex, maxHeadBytes: number): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  socket.end(rawAnswer(problemOfReading(error.code, maxHeadBytes)));
}

function problemOfReading(code: string | undefined, maxHeadBytes: number): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem('request-timeout', 'Send the whole request faster.');
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem('headers-too-large', `Request line and header fields are at most ${maxHeadBytes} bytes together.`);
  return new Problem('bad-request', 'That is not HTTP/1.1.');
}

function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problem.document());
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    `content-type: ${PROBLEM_MEDIA_TYPE}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
