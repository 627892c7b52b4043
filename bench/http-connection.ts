import { connect, type Socket } from 'node:net';

/** `text` is the body, one character a byte. */
export type OnReply = (status: number, text: string) => void;

/** One kept-alive HTTP/1.1 connection that has at most one request under way. */
export interface HttpConnection {
  /** Sends a whole request, headers and body. Its bytes may be changed once the reply has come. */
  send(request: Buffer): void;
  close(): void;
}

// Read synchronously and by one socket at a time, so all connections of a process can share it.
const received = Buffer.allocUnsafe(65536);

/**
 * Opens a connection. `onFailure` is called once, when it could not be opened or broke; the promise is for the first alone. Replies must carry a Content-Length: that is all the HTTP that a load generator needs, and
 * `node:http` would cost it several times the CPU.
 */
export function openConnection(port: number, onReply: OnReply, onFailure: (error: Error) => void): Promise<HttpConnection> {
  const reader = new ReplyReader(onReply);
  return new Promise((resolve, reject) => {
    let ended = false;
    const fail = (error: Error): void => {
      if (!ended) onFailure(error);
      ended = true;
      reject(error);
    };
    const read = (length: number): boolean => {
      try {
        reader.read(length);
      } catch (error) {
        socket.destroy(error as Error);
      }
      return true;
    };
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: received, callback: read } });
    socket.once('error', fail);
    socket.once('close', () => fail(new Error('the server closed a connection')));
    socket.once('connect', () =>
      resolve({
        send: (request) => void socket.write(request),
        close: () => ((ended = true), socket.destroy()),
      }),
    );
  });
}

class ReplyReader {
  #head = '';
  #missing = 0;
  #status = 0;
  #text = '';
  readonly #onReply: OnReply;

  constructor(onReply: OnReply) {
    this.#onReply = onReply;
  }

  /** Takes the first `length` bytes of `received`. With one request under way they never hold more than one reply. */
  read(length: number): void {
    if (this.#missing === 0) {
      this.#head += received.toString('latin1', 0, length);
      const bodyAt = this.#head.indexOf('\r\n\r\n') + 4;
      if (bodyAt < 4) return;
      this.#status = Number(this.#head.slice(9, 12));
      this.#text = this.#head.slice(bodyAt);
      this.#missing = contentLength(this.#head, bodyAt) - this.#text.length;
      this.#head = '';
    } else {
      this.#text += received.toString('latin1', 0, length);
      this.#missing -= length;
    }
    if (this.#missing < 0) throw new Error('more bytes came than the reply announced');
    if (this.#missing === 0) this.#onReply(this.#status, this.#text);
  }
}

function contentLength(head: string, end: number): number {
  // Both spellings in use end in these letters, and no other header that our servers send does.
  const at = head.indexOf('ength: ');
  if (at < 0 || at > end) throw new Error(`a reply without Content-Length: ${head.slice(0, 200)}`);
  return Number.parseInt(head.slice(at + 7, at + 20), 10);
}
