import type pg from 'pg';

/** A table of ours, as a backup sees it. */
export interface TableShape {
  readonly name: string;
  /** All that hold data (generated ones do not), in their order. */
  readonly columns: readonly string[];
  /** The columns of its primary key: the order in which its rows are written. */
  readonly key: readonly string[];
}

export interface SequenceState {
  readonly name: string;
  readonly last: number;
  readonly called: boolean;
}

/** What migrations keep account of themselves with: made anew by a restore. */
const BOOKKEEPING = ['migrations', 'migration_files'];

/** Our tables, each after those that it refers to. */
export async function listTables(client: pg.ClientBase): Promise<TableShape[]> {
  const { rows } = await client.query<TableShape & { needs: string[] }>(
    `SELECT c.relname::text AS name,
            (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
              WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns,
            coalesce((SELECT array_agg(a.attname::text ORDER BY k.position) FROM pg_constraint p
              CROSS JOIN LATERAL unnest(p.conkey) WITH ORDINALITY AS k (attnum, position)
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
              WHERE p.conrelid = c.oid AND p.contype = 'p'), '{}') AS key,
            coalesce((SELECT array_agg(f.relname::text) FROM pg_constraint r JOIN pg_class f ON f.oid = r.confrelid
              WHERE r.conrelid = c.oid AND r.contype = 'f' AND r.confrelid <> c.oid), '{}') AS needs
       FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> ALL ($1)
      ORDER BY c.relname`,
    [BOOKKEEPING],
  );
  const ordered: TableShape[] = [];
  let rest = rows;
  while (rest.length > 0) {
    const free = rest.filter(({ needs }) => !needs.some((need) => rest.some(({ name }) => name === need)));
    if (free.length === 0) throw new Error(`tables refer to each other in a circle: ${rest.map(({ name }) => name).join(', ')}`);
    ordered.push(...free.map(({ name, columns, key }) => ({ name, columns, key })));
    rest = rest.filter((table) => !free.includes(table));
  }
  return ordered;
}

/** Sequences belong to tables of ours; a deleted row's number must not be given out again, so their state is kept, not derived. */
export async function listSequences(client: pg.ClientBase): Promise<SequenceState[]> {
  const { rows: names } = await client.query<{ name: string }>(
    `SELECT s.relname::text AS name FROM pg_class s
       LEFT JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
       LEFT JOIN pg_class t ON t.oid = d.refobjid
      WHERE s.relkind = 'S' AND s.relnamespace = current_schema()::regnamespace AND (t.relname IS NULL OR t.relname <> ALL ($1))
      ORDER BY s.relname`,
    [BOOKKEEPING],
  );
  const states: SequenceState[] = [];
  for (const { name } of names) {
    const { rows } = await client.query<{ last: number; called: boolean }>(
      `SELECT last_value AS last, is_called AS called FROM ${quoteName(name)}`,
    );
    states.push({ name, ...(rows[0] as { last: number; called: boolean }) });
  }
  return states;
}

export async function countRows(client: pg.ClientBase, table: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(`SELECT count(*) AS count FROM ${quoteName(table)}`);
  return (rows[0] as { count: number }).count;
}

/** A name as an SQL identifier. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
