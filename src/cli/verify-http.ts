import { setTimeout as sleep } from 'node:timers/promises';
import { reason } from './verify-input.ts';
import type { LogSource } from './verify-source.ts';
import { CannotCheck } from './verify-verdict.ts';

const ATTEMPTS = 5;
const FIRST_WAIT_MS = 200;
const MAX_WAIT_MS = 10_000;
const TIMEOUT_MS = 30_000;

/** A reply that another attempt may better. */
class Passing extends Error {
  readonly waitMs: number | undefined;

  constructor(message: string, waitMs?: number) {
    super(message);
    this.waitMs = waitMs;
  }
}

/**
 * A log by HTTP (c2sp.org/tlog-tiles). Overload, server errors and broken connections are tried again, five times in
 * all; 404 and 410 mean that there is nothing.
 *
 * @param key an API key, for a log that is closed to others
 * @throws CannotCheck when the URL is none
 */
export function httpSource(place: string, key: string | undefined): LogSource {
  let base: URL;
  try {
    base = new URL(place.endsWith('/') ? place : `${place}/`);
  } catch {
    throw new CannotCheck(`${place} is not a URL`);
  }
  if (base.search + base.hash !== '') throw new CannotCheck('the URL of a log has no query and no fragment');
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const closed = new AbortController();
  return {
    concurrency: 8,
    close: () => closed.abort(),
    read: async (path, maxBytes) => {
      const url = new URL(path, base);
      for (let attempt = 1; ; attempt++) {
        try {
          return await get(url, headers, closed.signal, maxBytes);
        } catch (error) {
          if (error instanceof CannotCheck) throw error;
          if (attempt === ATTEMPTS || closed.signal.aborted) {
            throw new CannotCheck(`${url.href} cannot be read: ${reason(error)}`);
          }
          await sleep(waitBefore(attempt, error), undefined, { signal: closed.signal });
        }
      }
    },
  };
}

async function get(
  url: URL,
  headers: Record<string, string>,
  closed: AbortSignal,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const signal = AbortSignal.any([closed, AbortSignal.timeout(TIMEOUT_MS)]);
  const response = await fetch(url, { headers, signal });
  const { status } = response;
  if (status !== 200) {
    await response.body?.cancel();
    if (status === 404 || status === 410) return undefined;
    if (status === 429 || status >= 500) throw new Passing(`the server answers ${status}`, retryAfter(response));
    throw new CannotCheck(`${url.href} cannot be read: the server answers ${status}`);
  }
  return body(response, url, maxBytes);
}

/** The body, given up as soon as it is larger than it could rightly be. */
async function body(response: Response, url: URL, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) throw new CannotCheck(`${url.href} is larger than the ${maxBytes} bytes that it may have`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  return seconds >= 0 ? seconds * 1000 : undefined;
}

/** Doubles from attempt to attempt, with jitter, unless the server says how long. */
function waitBefore(attempt: number, error: unknown): number {
  const asked = error instanceof Passing ? error.waitMs : undefined;
  return Math.min(MAX_WAIT_MS, asked ?? FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
}
