import { openConnection, type HttpConnection } from './http-connection.ts';

/** Asks over one kept-alive connection, one question at a time. */
export class ReaderClient {
  readonly #key: string;
  #connection: HttpConnection | undefined;
  #settle: { resolve: (body: string) => void; reject: (error: Error) => void } | undefined;

  private constructor(key: string) {
    this.#key = key;
  }

  static async connect(port: number, key: string): Promise<ReaderClient> {
    const client = new ReaderClient(key);
    client.#connection = await openConnection(
      port,
      (status, text) => {
        if (status === 200) client.#settle?.resolve(Buffer.from(text, 'latin1').toString('utf8'));
        else client.#settle?.reject(new Error(`status ${status}: ${text.slice(0, 500)}`));
      },
      (error) => client.#settle?.reject(error),
    );
    return client;
  }

  /** The body of a 200. @throws Error for any other status */
  get(path: string): Promise<string> {
    return this.#ask(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${this.#key}\r\n\r\n`);
  }

  /** The body of a 200 to a JSON body of ASCII. @throws Error for any other status */
  post(path: string, body: string): Promise<string> {
    return this.#ask(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${this.#key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  }

  #ask(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#connection?.send(Buffer.from(request, 'latin1'));
    });
  }

  close(): void {
    this.#connection?.close();
  }
}
