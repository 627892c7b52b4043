import { Client } from 'pg';

/**
 * Every record that was acknowledged is in the database, and nothing else but, perhaps, those that got no answer.
 * `sql` gives `count`. @throws Error otherwise
 */
export async function checkStored(environment: Record<string, string>, sql: string, acknowledged: number, unanswered = 0): Promise<void> {
  const client = new Client({ connectionString: environment['DATABASE_URL'] });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(sql);
    const stored = Number(rows[0]?.count);
    if (stored < acknowledged || stored > acknowledged + unanswered) {
      throw new Error(`${acknowledged} records were acknowledged, ${unanswered} got no answer, ${stored} are stored`);
    }
  } finally {
    await client.end();
  }
}
