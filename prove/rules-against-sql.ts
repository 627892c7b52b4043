import type { Pool } from 'pg';
import { sqlText } from '../src/access/condition-sql.ts';
import { judge, type Attributes } from '../src/access/condition.ts';
import { RoleRules } from '../src/access/role-rules.ts';
import { rowRules } from '../src/access/row-rules.ts';
import type { Role } from '../src/access/rule.ts';
import { uniteRoles } from '../src/access/several-roles.ts';
import type { Asker } from '../src/access/variable.ts';
import { predictionColumns } from '../src/predictions/prediction-table.ts';
import { mustHold } from './proof.ts';
import { CLASSES, RandomRules, type RandomRow } from './random-rules.ts';

/** Rule sets that go into one statement. */
const TOGETHER = 50;

const NAMES = ['model', 'version', 'deployment', 'outcome', 'time', 'index', 'principal', 'contract', 'purpose'] as const;

interface RandomSet {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly allows: (row: RandomRow) => boolean;
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
  await pool.query(`create table ${table} (n int, model text, version text, deployment text, outcome text, time bigint, index bigint, principal text, contract text, purpose text)`);
  try {
    for (const [n, row] of made.entries()) {
      await pool.query(`insert into ${table} values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, [n, ...NAMES.map((name) => row[name])]);
    }
    let allowed = 0;
    for (let done = 0; done < sets; done += TOGETHER) allowed += await compare(pool, table, random, made, Math.min(TOGETHER, sets - done));
    return { pairs: sets * rows, allowed };
  } finally {
    await pool.query(`drop table ${table}`);
  }
}

async function compare(pool: Pool, table: string, random: RandomRules, rows: readonly RandomRow[], count: number): Promise<number> {
  const sets: RandomSet[] = [];
  let bound = 0;
  for (let n = 0; n < count; n++) {
    const set = randomSet(random, bound, 1 + (n % 3));
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

/** Of one role, or of somebody who has two or three at once. */
function randomSet(random: RandomRules, after: number, count: number): RandomSet {
  const parts = Array.from({ length: count }, (_, n) => ({ name: `role-${n}`, description: '', rules: random.rules().map((rule) => ({ ...rule, id: `${rule.id}-${n}` })) }));
  const asker = random.asker();
  const circumstances = random.circumstances();
  const [first] = parts;
  const united = count === 1 && first !== undefined ? first : uniteRoles(parts);
  const role = new RoleRules(united, 'policy');
  const { text, values } = sqlText(rowRules(role.about('read', 'prediction'), { columns: predictionColumns(CLASSES), attributes: circumstances, asker }), after);
  return {
    text,
    values,
    allows: (row) => {
      const known = { ...circumstances, ...attributesIn(row, asker) };
      const { allowed } = role.decide(asker, 'read', 'prediction', known);
      mustHold(count === 1 || allowed === anyAllowsAndNoneDenies(parts, asker, known), `several roles are not what each of them says: ${JSON.stringify({ parts, asker, known })}`);
      return allowed;
    },
    told: JSON.stringify({ rules: united.rules, asker, circumstances }),
  };
}

/** What rules look at of a row, as it is worked out where there is no query. */
function attributesIn({ principal, contract, ...row }: RandomRow, { id }: Asker): Attributes {
  return { ...row, own: principal === null || id === undefined ? null : principal === id, class: CLASSES.get(String(contract)) ?? null };
}

/** What is meant by several roles, said of each rule by itself: some rule of any role surely allows it, and each that denies surely does not hold. */
function anyAllowsAndNoneDenies(roles: readonly Role[], asker: Asker, known: Attributes): boolean {
  const all = roles.flatMap(({ name, rules }) => rules.map((rule) => ({ ...rule, truth: rule.condition === undefined || judge(rule.condition, known, { ...asker, role: name }) })));
  return all.some(({ effect, truth }) => effect === 'allow' && truth === true) && !all.some(({ effect, fields, truth }) => effect === 'deny' && fields === undefined && truth !== false);
}
