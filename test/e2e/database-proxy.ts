import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Stands between the service and its database, so that the database can go away and come back. */
export class DatabaseProxy {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private isSilent = false;

  private constructor(
    private readonly folder: string,
    private readonly target: { path: string } | { host: string; port: number },
    private readonly port: string,
  ) {}

  /** @param url of the real database; the proxy listens on a Unix socket */
  static async before(url: string): Promise<DatabaseProxy> {
    const { hostname, port, searchParams } = new URL(url);
    const folder = await mkdtemp(join(tmpdir(), 'pl-proxy-'));
    const socketFolder = searchParams.get('host');
    const real = port === '' ? '5432' : port;
    const target = socketFolder === null ? { host: hostname, port: Number(real) } : { path: join(socketFolder, `.s.PGSQL.${real}`) };
    const proxy = new DatabaseProxy(folder, target, real);
    await proxy.open();
    return proxy;
  }

  /** The same database by way of the proxy. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = 'localhost';
    changed.searchParams.set('host', this.folder);
    return changed.href;
  }

  /** Lets connections through again. */
  async open(): Promise<void> {
    this.isSilent = false;
    const server = createServer((socket) => this.pass(socket));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(join(this.folder, `.s.PGSQL.${this.port}`), resolve));
  }

  /** Breaks every connection and refuses new ones, as a server does that was stopped. */
  async refuse(): Promise<void> {
    const closed = new Promise<void>((resolve) => void (this.server?.close(() => resolve()) ?? resolve()));
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Keeps every connection and says nothing more on any, as a machine does that lost its network. */
  silence(): void {
    this.isSilent = true;
    for (const socket of this.sockets) socket.pause();
  }

  async close(): Promise<void> {
    await this.refuse();
    await rm(this.folder, { recursive: true, force: true });
  }

  private pass(socket: Socket): void {
    const upstream = connect(this.target);
    for (const [from, to] of [[socket, upstream], [upstream, socket]] as const) {
      this.sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.isSilent) from.pause();
    }
  }
}
