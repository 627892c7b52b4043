import { Client } from 'pg';

/** Every record that was acknowledged is in the database, and nothing else. `sql` gives `count`. @throws Error otherwise */
export async function checkStored(environment: Record<string, string>, sql: string, acknowledged: number): Promise<void> {
  const client = new Client({ connectionString: environment['DATABASE_URL'] });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(sql);
    const stored = Number(rows[0]?.count);
    if (stored !== acknowledged) throw new Error(`${acknowledged} records were acknowledged, ${stored} are stored`);
  } finally {
    await client.end();
  }
}
