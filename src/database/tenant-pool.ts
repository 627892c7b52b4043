import { Pool } from 'pg';
import type pg from 'pg';

/** What a session of the service itself acts for: every tenant. Only what starts it, and what works for all logs, does. */
const EVERY_TENANT = '*';
const ACT_FOR = `select set_config('prediction_ledger.tenant', $1, false)`;

/** For whom a connection acts now; undefined: nobody, and PostgreSQL shows it no row. */
const actsFor = new WeakMap<pg.PoolClient, string>();

type Done = (error: Error | undefined, client: pg.PoolClient | undefined, release: (error?: Error | boolean) => void) => void;

/**
 * Connections that each act for one tenant at a time: PostgreSQL's row-level security shows them no other's rows
 * (migrations/0014_wall.sql). The pool itself gives them for the service; `of` gives them for a tenant. A connection keeps
 * acting for the last one that it served, so that saying it costs a trip only where that changes.
 */
export class TenantPool extends Pool {
  private readonly views = new Map<number, pg.Pool>();

  /** The same connections, acting for a tenant: for whatever a request does. */
  of(tenant: number): pg.Pool {
    const known = this.views.get(tenant);
    if (known !== undefined) return known;
    // A view: everything is the pool's but the way to a client, which `query` goes too.
    const view = Object.create(this, { connect: { value: (done?: Done) => this.give(String(tenant), done) } }) as pg.Pool;
    this.views.set(tenant, view);
    return view;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(done: Done): void;
  override connect(done?: Done): Promise<pg.PoolClient> | undefined {
    return this.give(EVERY_TENANT, done);
  }

  private give(tenant: string, done: Done | undefined): Promise<pg.PoolClient> | undefined {
    const client = this.acting(tenant);
    if (done === undefined) return client;
    client.then((found) => done(undefined, found, found.release.bind(found)), (error: Error) => done(error, undefined, () => undefined));
    return undefined;
  }

  private async acting(tenant: string): Promise<pg.PoolClient> {
    const client = await super.connect();
    if (actsFor.get(client) === tenant) return client;
    actsFor.delete(client);
    try {
      // Waited for: were it to fail, what comes next would act for another.
      await client.query(ACT_FOR, [tenant]);
    } catch (error) {
      client.release(true);
      throw error;
    }
    actsFor.set(client, tenant);
    return client;
  }
}
