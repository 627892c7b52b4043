import type { Pool } from 'pg';
import { sqlText, type ColumnOf } from '../src/access/condition-sql.ts';
import type { Attributes } from '../src/access/condition.ts';
import { RoleRules } from '../src/access/role-rules.ts';
import { rowRules } from '../src/access/row-rules.ts';
import { mustHold } from './proof.ts';
import { RandomRules } from './random-rules.ts';

/** Rule sets that go into one statement. */
const TOGETHER = 50;

const COLUMNS: Readonly<Record<string, ColumnOf>> = {
  model: () => 'model', version: () => 'version', deployment: () => 'deployment', outcome: () => 'outcome', time: () => 'time', index: () => 'index', own: () => 'own',
};

interface RandomSet {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly allows: (row: Attributes) => boolean;
  readonly told: string;
}

/**
 * Holds the decision in memory against the query, for random rules over random rows with NULLs.
 *
 * @param pool of a database in which a schema can be made; it is removed again
 * @returns pairs of rules and a row that were compared, and how many of them were allowed
 * @throws ProofFailure at the first pair where the two differ
 */
export async function compareRulesWithSql(pool: Pool, sets: number, rows: number, seed: number): Promise<{ pairs: number; allowed: number }> {
  const random = new RandomRules(seed);
  const table = `random_rows_${seed}`;
  const made = Array.from({ length: rows }, (_, n) => random.row(n));
  await pool.query(`create table ${table} (n int, model text, version text, deployment text, outcome text, time bigint, index bigint, own boolean)`);
  try {
    for (const [n, row] of made.entries()) {
      await pool.query(`insert into ${table} values ($1, $2, $3, $4, $5, $6, $7, $8)`, [n, row['model'], row['version'], row['deployment'], row['outcome'], row['time'], row['index'], row['own']]);
    }
    let allowed = 0;
    for (let done = 0; done < sets; done += TOGETHER) allowed += await compare(pool, table, random, made, Math.min(TOGETHER, sets - done));
    return { pairs: sets * rows, allowed };
  } finally {
    await pool.query(`drop table ${table}`);
  }
}

async function compare(pool: Pool, table: string, random: RandomRules, rows: readonly Attributes[], count: number): Promise<number> {
  const sets: RandomSet[] = [];
  let bound = 0;
  for (let n = 0; n < count; n++) {
    const set = randomSet(random, bound);
    bound += set.values.length;
    sets.push(set);
  }
  const queries = sets.map(({ text }, at) => `select ${at} as at, n from ${table} where ${text}`);
  const { rows: found } = await pool.query<{ at: number; n: number }>(queries.join(' union all '), sets.flatMap(({ values }) => values));
  const inQuery = new Set(found.map(({ at, n }) => `${at} ${n}`));
  sets.forEach(({ allows, told, text }, at) => {
    rows.forEach((row, n) => {
      const here = allows(row);
      mustHold(here === inQuery.has(`${at} ${n}`), `${here ? 'allowed in memory and not by the query' : 'allowed by the query and not in memory'}: ${told} as ${text} for ${JSON.stringify(row)}`);
    });
  });
  return found.length;
}

function randomSet(random: RandomRules, after: number): RandomSet {
  const rules = random.rules();
  const asker = random.asker();
  const circumstances = random.circumstances();
  const role = new RoleRules({ name: 'random', description: '', rules }, 'policy');
  const { text, values } = sqlText(rowRules(role.about('read', 'prediction'), { columns: COLUMNS, attributes: circumstances, asker }), after);
  return {
    text,
    values,
    allows: (row) => role.decide(asker, 'read', 'prediction', { ...circumstances, ...row }).allowed,
    told: JSON.stringify({ rules, asker, circumstances }),
  };
}
