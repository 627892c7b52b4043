import { Client } from 'pg';
import { databaseUrlOf, type Connection } from '../src/database/connection.ts';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.ts';

/** A PostgreSQL of the proof's own, for services that are given a DATABASE_URL. */
export interface Cluster {
  /** Makes an empty database, or a copy of another to which nobody is connected; gives its URL. */
  create(name: string, template?: string): Promise<string>;
  /** As its superuser. */
  connect(name: string): Promise<Client>;
  drop(name: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startCluster(dataDir: string): Promise<Cluster> {
  const server = await startEmbeddedPostgres({ dataDir, log: () => undefined, flags: ['min_wal_size=64MB'] });
  const at = (database: string): Connection => ({ ...server.owner, database });
  const admin = new Client(server.owner);
  await admin.connect();
  return {
    create: async (name, template = 'template0') => {
      await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
      return databaseUrlOf(at(name));
    },
    connect: async (name) => {
      const client = new Client(at(name));
      await client.connect();
      return client;
    },
    drop: async (name) => {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    },
    stop: async () => {
      await admin.end();
      await server.stop();
    },
  };
}
