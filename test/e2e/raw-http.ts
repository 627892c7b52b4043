import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

/** What came back on a connection until its end. */
export interface RawAnswer {
  status: number;
  head: string;
  body: string;
  /** Everything, when several answers came. */
  all: string;
  /** How long it took, in ms. */
  ms: number;
}

/** A TCP connection to the service, to send what no HTTP client would. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  // A peer that hangs up on us is what some tests are about.
  socket.on('error', () => undefined);
  return socket;
}

/** Sends bytes and reads until the peer hangs up, which a request with `Connection: close` brings about. */
export async function sendRaw(url: string, ...chunks: readonly (string | Uint8Array)[]): Promise<RawAnswer> {
  const socket = await openSocket(url);
  const answer = readAnswer(socket);
  for (const chunk of chunks) socket.write(chunk);
  return answer;
}

/** What the peer sends until it hangs up. */
export async function readAnswer(socket: Socket): Promise<RawAnswer> {
  const started = performance.now();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  if (!socket.closed) await new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  const all = Buffer.concat(chunks).toString('utf8');
  const end = all.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(all)?.[1] ?? 0);
  return { status, head: all.slice(0, Math.max(end, 0)), body: end < 0 ? '' : all.slice(end + 4), all, ms: performance.now() - started };
}

/** A request's head. */
export function head(method: string, path: string, fields: Readonly<Record<string, string | number>>): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
