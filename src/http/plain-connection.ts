import { STATUS_CODES, type IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { GuardedRequest } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import type { Problem } from './problem.ts';
import { problemFields } from './problem.filter.ts';
import { readUsualHead, type UsualHead } from './request-head.ts';
import { admitAndAnswer, ANSWER_FIELDS, JSON_TYPES, type Answer, type AnswerTo, type ShortRoute } from './short-way.ts';

/** Beyond this a head is not usual. */
const MAX_HEAD_BYTES = 4096;
/** A connection that says nothing for so long is Node's, with its limits on the time that a request may take. */
const FIRST_WORD_MS = 1000;
const END_OF_HEAD = '\r\n\r\n';

/**
 * Reads the requests of a connection for as long as each is the usual one of the route, whole in one piece and alone, and
 * answers it: Node's parser and its objects for request and response cost more than reading, hashing and writing a record
 * down. At the first thing that is otherwise, the connection goes to Node with all that was read and not answered, for good;
 * so everything else, every refusal of a message, and all that takes its time is as ever.
 *
 * @param keepAliveMs how long a connection may be idle
 */
export function readPlainConnections(fastify: FastifyInstance, route: ShortRoute, keepAliveMs: number): void {
  const { server } = fastify;
  const toNode = server.listeners('connection') as ((socket: Socket) => void)[];
  const open = new Set<PlainConnection>();
  const way: Way = {
    route,
    line: `POST ${route.url} HTTP/1.1`,
    keepAliveMs,
    closing: false,
    handOver: (socket) => {
      for (const listener of toNode) listener.call(server, socket);
    },
    open,
  };
  fastify.addHook('preClose', (done) => {
    way.closing = true;
    for (const connection of open) connection.close();
    done();
  });
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => new PlainConnection(socket, way));
}

/** What all connections share. */
interface Way {
  readonly route: ShortRoute;
  readonly line: string;
  readonly keepAliveMs: number;
  closing: boolean;
  handOver(socket: Socket): void;
  readonly open: Set<PlainConnection>;
}

class PlainConnection implements AnswerTo {
  private readonly socket: Socket;
  private readonly way: Way;
  /** Clients write the same head again and again: it is read once. */
  private headText = '';
  private head: UsualHead | undefined;
  /** Whether an answer is owed. */
  private busy = false;
  /** What came before the answer to the request before it. */
  private early: Buffer | undefined;
  private ended = false;

  constructor(socket: Socket, way: Way) {
    this.socket = socket;
    this.way = way;
    way.open.add(this);
    socket.on('data', this.onData).on('end', this.onEnd).on('error', this.onError).on('close', this.onClose).on('timeout', this.onTimeout);
    socket.setTimeout(FIRST_WORD_MS);
  }

  /** Ends a connection on which nothing is owed; the others end with their answer. */
  close(): void {
    if (!this.busy) this.socket.destroySoon();
  }

  send({ status, text }: Answer): void {
    this.write(status, ANSWER_FIELDS, text, text.length);
  }

  refuse(problem: Problem): void {
    const text = JSON.stringify(problem.document());
    this.write(problem.status, Object.entries(problemFields(problem)).flat(), text, Buffer.byteLength(text));
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.busy) {
      this.socket.pause();
      this.early = this.early === undefined ? chunk : Buffer.concat([this.early, chunk]);
      return;
    }
    const headEnd = this.way.closing ? -1 : chunk.indexOf(END_OF_HEAD, 0, 'latin1');
    const head = headEnd < 0 || headEnd > MAX_HEAD_BYTES ? undefined : this.headOf(chunk.toString('latin1', 0, headEnd));
    const bodyAt = headEnd + END_OF_HEAD.length;
    if (head === undefined || chunk.length !== bodyAt + head.length) return this.handOver(chunk);
    this.busy = true;
    admitAndAnswer(new PlainRequest(head.headers, this.socket, this.way.route), this, this.way.route, (take) => take(chunk.subarray(bodyAt)));
  };

  private headOf(text: string): UsualHead | undefined {
    if (text === this.headText) return this.head;
    const { route, line, keepAliveMs } = this.way;
    const head = readUsualHead(text, line);
    const isUsual = head !== undefined && JSON_TYPES.has(head.headers['content-type'] ?? '') && head.headers.authorization !== undefined && head.length <= route.maxBodyBytes;
    if (!isUsual) return undefined;
    if (this.head === undefined) this.socket.setTimeout(keepAliveMs);
    this.headText = text;
    this.head = head;
    return head;
  }

  private write(status: number, fields: readonly string[], text: string, length: number): void {
    const { socket, way } = this;
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    for (const list of [fields, way.route.fields]) for (let i = 0; i < list.length; i += 2) head += `${list[i]}: ${list[i + 1]}\r\n`;
    const last = way.closing || this.ended;
    head += `content-length: ${length}\r\nDate: ${dateNow()}\r\n`;
    head += last ? 'Connection: close\r\n\r\n' : `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(way.keepAliveMs / 1000)}\r\n\r\n`;
    this.busy = false;
    if (socket.destroyed) return;
    // Plain ASCII but for the text of some refusals.
    const taken = socket.write(head + text, length === text.length ? 'latin1' : 'utf8');
    if (last) socket.destroySoon();
    else if (this.early !== undefined) this.handOver(this.early);
    else if (!taken) this.waitForReader();
  }

  /** Who asks on and on and reads no answer is heard again when the answers have left: they take up no more memory. */
  private waitForReader(): void {
    const { socket } = this;
    socket.pause();
    socket.once('drain', () => socket.resume());
  }

  /** Precondition: no answer is owed. */
  private handOver(unread?: Buffer): void {
    const { socket, way } = this;
    this.leave();
    socket.setTimeout(0);
    if (unread !== undefined) socket.unshift(unread);
    way.handOver(socket);
    socket.resume();
  }

  private leave(): void {
    const { socket } = this;
    this.way.open.delete(this);
    socket.off('data', this.onData).off('end', this.onEnd).off('error', this.onError).off('close', this.onClose).off('timeout', this.onTimeout);
  }

  private readonly onEnd = (): void => {
    this.ended = true;
    if (!this.busy) this.socket.end();
  };

  private readonly onError = (): void => {
    this.socket.destroy();
  };

  private readonly onClose = (): void => this.leave();

  private readonly onTimeout = (): void => {
    if (this.busy) return;
    // The first request has yet to come.
    if (this.head === undefined) this.handOver();
    else this.socket.destroy();
  };
}

class PlainRequest implements GuardedRequest {
  caller?: Caller;
  readonly headers: IncomingHttpHeaders;
  readonly raw: { socket: Socket };
  private readonly route: ShortRoute;

  constructor(headers: IncomingHttpHeaders, socket: Socket, route: ShortRoute) {
    this.headers = headers;
    this.raw = { socket };
    this.route = route;
  }

  get ip(): string {
    return this.route.sourceOf({ socket: this.raw.socket, headers: this.headers });
  }
}

let date = '';
let dateUntil = 0;

/** RFC 9110, section 5.6.7; made once a second. */
function dateNow(): string {
  const now = Date.now();
  if (now >= dateUntil) {
    date = new Date(now).toUTCString();
    dateUntil = Math.floor(now / 1000 + 1) * 1000;
  }
  return date;
}
