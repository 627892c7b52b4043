import { join } from 'node:path';
import { Pool } from 'pg';
import { startCluster } from './cluster.ts';
import type { Proof } from './proof.ts';
import { compareRulesWithSql } from './rules-against-sql.ts';

/** Random sets of rules, each over so many random rows with NULLs. */
const [SETS, ROWS, PARTS] = [20_000, 60, 4];

/** The decision in memory is the query's, on real PostgreSQL. */
export const accessRules: Proof = {
  name: 'access-rules',
  claim: 'What the rules decide in memory is what their SQL finds, for random rules over random rows with NULLs.',
  async run({ small, folder, step }) {
    const cluster = await startCluster(join(folder, 'cluster'));
    try {
      const pool = new Pool({ connectionString: await cluster.create('rules') });
      try {
        for (let part = 1; part <= PARTS; part++) {
          await step(`part ${part}`, async () => {
            const sets = (small ? SETS / 20 : SETS) / PARTS;
            return { sets, ...(await compareRulesWithSql(pool, sets, ROWS, part)) };
          });
        }
      } finally {
        await pool.end();
      }
    } finally {
      await cluster.stop();
    }
  },
};
