import type pg from 'pg';

/** Runs work in one transaction of a client of its own: committed when it resolves, rolled back when it rejects. */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failure: unknown;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    // A client whose transaction may still be open is not given to another.
    const isClean = failure === undefined || (await client.query('rollback').then(() => true, () => false));
    client.release(!isClean);
  }
}
