import type { PoolClient } from 'pg';
import type { DerivedTable } from './derivation.ts';

/** What differs between a read model and what entries say. */
export interface TableReport {
  table: string;
  /** Rows as entries have them. */
  rows: number;
  /** Rows that entries make and that are not there. */
  missing: number;
  /** Rows that are there and that no entry makes. */
  surplus: number;
  /** Rows that say otherwise than their entries. */
  different: number;
  /** Keys of the first of these. */
  examples: string[];
}

const MAX_EXAMPLES = 10;

/** A read model's table beside its shadow, a temporary table of the same name that is filled from entries. */
export class RebuiltTable {
  private readonly client: PoolClient;
  private readonly table: DerivedTable;
  /** All but what the database itself counts up. */
  private readonly columns: readonly string[];

  private constructor(client: PoolClient, table: DerivedTable, columns: readonly string[]) {
    this.client = client;
    this.table = table;
    this.columns = columns;
  }

  static async open(client: PoolClient, table: DerivedTable): Promise<RebuiltTable> {
    const { rows } = await client.query<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = ('public.' || quote_ident($1))::regclass and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = '' order by attnum`,
      [table.name],
    );
    return new RebuiltTable(client, table, rows.map(({ name }) => name));
  }

  async shadow(): Promise<void> {
    await this.client.query(`create temporary table ${this.table.name} (like public.${this.table.name} including defaults including identity including indexes) on commit drop`);
  }

  async compare(): Promise<TableReport> {
    const { client, table: { name } } = this;
    await client.query(`analyze pg_temp.${name}`);
    const { rows: [sums] } = await client.query<Omit<TableReport, 'table' | 'examples'>>(
      `select (select count(*) from pg_temp.${name}) as rows, (select count(*) ${this.missing}) as missing, (select count(*) ${this.surplus}) as surplus, (select count(*) ${this.different}) as different`,
    );
    if (sums === undefined) throw new Error('a count gives a row');
    const examples = sums.missing + sums.surplus + sums.different === 0 ? [] : await this.examples();
    return { table: name, ...sums, examples };
  }

  /** Precondition: a transaction that may be rolled back. A row is written as a whole: the derivation took over what entries do not say of it. */
  async replace(): Promise<void> {
    const { client, table: { name, key, says } } = this;
    const others = this.columns.filter((column) => !key.includes(column));
    const { missing, surplus, different } = await this.compare();
    if (missing + surplus + different === 0) return;
    await client.query(`alter table public.${name} disable trigger user`);
    await client.query(`delete from public.${name} r where not exists (select from pg_temp.${name} t where ${this.isSame})`);
    if (says.length > 0) await client.query(`update public.${name} r set ${others.map((column) => `${quote(column)} = t.${quote(column)}`).join(', ')} from pg_temp.${name} t where ${this.isSame} and ${this.differs}`);
    const list = this.columns.map(quote).join(', ');
    await client.query(`insert into public.${name} (${list}) select ${list} ${this.missing} order by ${this.table.key.map((column) => `t.${quote(column)}`).join(', ')}`);
    await client.query(`alter table public.${name} enable trigger user`);
  }

  private async examples(): Promise<string[]> {
    const key = (of: string): string => this.table.key.map((column) => `${of}.${quote(column)}::text`).join(` || ' ' || `);
    const { rows } = await this.client.query<{ key: string }>(
      `(select 'missing ' || ${key('t')} as key ${this.missing} limit ${MAX_EXAMPLES}) union all
       (select 'surplus ' || ${key('r')} ${this.surplus} limit ${MAX_EXAMPLES}) union all
       (select 'different ' || ${key('t')} ${this.different} limit ${MAX_EXAMPLES}) limit ${MAX_EXAMPLES}`,
    );
    return rows.map((row) => row.key);
  }

  private get missing(): string {
    const { name } = this.table;
    return `from pg_temp.${name} t where not exists (select from public.${name} r where ${this.isSame})`;
  }

  private get surplus(): string {
    const { name } = this.table;
    return `from public.${name} r where not exists (select from pg_temp.${name} t where ${this.isSame})`;
  }

  private get different(): string {
    const { name } = this.table;
    return `from pg_temp.${name} t join public.${name} r on ${this.isSame} where ${this.differs}`;
  }

  private get isSame(): string {
    return this.table.key.map((column) => `r.${quote(column)} = t.${quote(column)}`).join(' and ');
  }

  private get differs(): string {
    const of = (table: string): string => this.table.says.map((column) => `${table}.${quote(column)}`).join(', ');
    return this.table.says.length === 0 ? 'false' : `(${of('t')}) is distinct from (${of('r')})`;
  }
}

function quote(name: string): string {
  return `"${name}"`;
}
