import type { IncomingHttpHeaders } from 'node:http';

/** The head of a request whose framing leaves nothing to interpretation. */
export interface UsualHead {
  headers: IncomingHttpHeaders;
  /** Of the body, in bytes. */
  length: number;
}

/** Fields that say nothing of how the message is framed, by which nobody is asked to wait, or to speak otherwise. */
const HARMLESS = new Set([
  'host', 'user-agent', 'accept', 'accept-encoding', 'accept-language', 'authorization', 'content-type', 'content-length', 'cache-control', 'date', 'origin', 'referer',
  'x-request-id', 'x-correlation-id', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-real-ip', 'traceparent', 'tracestate', 'baggage',
]);
/** RFC 9112, section 5, without white space but the one blank that everybody writes: a token, and visible ASCII with blanks between. */
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([!-~](?:[ -~]*[!-~])?)$/;
const LENGTH = /^[1-9]\d{0,8}$/;

/**
 * Reads the head of a request that is as nearly every client writes it. Of anything else nothing is said: it is for Node's
 * parser to judge. So whoever stands between client and service cannot have read the message otherwise.
 *
 * @param text request line and fields, without the empty line that ends them
 * @param line the request line that is expected
 * @returns undefined unless each field is one of a closed list, stands once, and is written plainly
 */
export function readUsualHead(text: string, line: string): UsualHead | undefined {
  const [first, ...fields] = text.split('\r\n');
  if (first !== line) return undefined;
  const headers: { [name: string]: string } = Object.create(null) as { [name: string]: string };
  for (const field of fields) {
    const match = FIELD.exec(field);
    if (match === null) return undefined;
    const name = (match[1] as string).toLowerCase();
    const value = match[2] as string;
    const known = HARMLESS.has(name) || (name === 'connection' && value.toLowerCase() === 'keep-alive');
    if (!known || name in headers) return undefined;
    headers[name] = value;
  }
  const { host, 'content-length': length = '' } = headers;
  return host === undefined || !LENGTH.test(length) ? undefined : { headers, length: Number(length) };
}
