import { createServer, connect as connectSocket, type AddressInfo, type Socket } from 'node:net';
import { openPool, parseDatabaseUrl } from '../../src/database/connection.ts';
import type { TenantPool } from '../../src/database/tenant-pool.ts';

/** Stands between a pool and PostgreSQL, and loses a request or an answer when told to. */
export interface CuttingProxy {
  pool: TenantPool;
  /** Breaks the connection on which the next request holding `text` comes: before PostgreSQL gets it, or when it has answered. */
  cutNext(text: string, when: 'before' | 'after'): void;
  /** Whether new connections are refused, as by a server that is down. */
  stayAway(away: boolean): void;
  /** Connections cut so far. */
  readonly cuts: number;
  close(): Promise<void>;
}

export async function startCuttingProxy(databaseUrl: string): Promise<CuttingProxy> {
  const target = parseDatabaseUrl(databaseUrl);
  const { host = 'localhost', port = 5432 } = target;
  let armed: { text: string; when: 'before' | 'after' } | undefined;
  let cuts = 0;
  let isAway = false;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (isAway) return void client.destroy();
    const upstream = connectSocket(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
    let muted = false;
    const cut = (): void => {
      cuts += 1;
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (request) => {
      if (armed !== undefined && request.includes(armed.text)) {
        const { when } = armed;
        armed = undefined;
        if (when === 'before') return cut();
        muted = true;
      }
      upstream.write(request);
    });
    upstream.on('data', (answer) => {
      // The whole answer to a request of ours comes when it is carried out: with the commit behind it.
      if (muted) cut();
      else client.write(answer);
    });
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const pool = openPool({ ...target, host: '127.0.0.1', port: (server.address() as AddressInfo).port }, 4, () => undefined);
  return {
    pool,
    cutNext: (text, when) => {
      armed = { text, when };
    },
    stayAway: (away) => {
      isAway = away;
    },
    get cuts() {
      return cuts;
    },
    close: async () => {
      await pool.end();
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
