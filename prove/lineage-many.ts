import { join } from 'node:path';
import type { Log } from '../src/ledger/log.ts';
import { childrenOf } from '../src/lineage/prediction-rows.ts';
import { startService } from '../src/service.ts';
import { readSettings } from '../src/settings.ts';
import { mustHold, type Figures, type ProofContext } from './proof.ts';

const PAGE = 500;
/** One in ten is of another parent. */
const OTHERS = 10;

/**
 * Goes through the children of one prediction as a lineage's pages do. Their rows are laid into the read model by themselves,
 * without entries: what is shown is that a page costs what it holds, and that each child comes once.
 */
export async function manyChildren({ small, folder, say }: ProofContext): Promise<Figures> {
  const children = small ? 20_000 : 1_000_000;
  const service = await startService(readSettings({ DATA_DIR: join(folder, 'many'), PORT: '0' }), () => undefined);
  try {
    const { owner, pool } = service.database;
    const { rows: [made] } = await owner.query<{ id: number }>(
      `with t as (insert into tenant (name) values ('many') returning id) insert into log (tenant, name, origin, open) select id, 'many', 'example.com/logs/many', true from t returning id`,
    );
    const id = made?.id ?? 0;
    const rows = Math.ceil((children * OTHERS) / (OTHERS - 1));
    await owner.query(`insert into log_head values ($1, $2, $3, '', 0)`, [id, rows, Buffer.alloc(32)]);
    await owner.query(
      `insert into prediction (log, index, id, time, model, version, deployment, outcome, principal, parents)
       select $1, n, 'id-' || n, n, 'churn', '1', 'live', 'declined', 'prn_1', array[case when n % $3 = 0 then 'of-' || (n / 1000) else 'many' end] from generate_series(0, $2::bigint - 1) as n`,
      [id, rows, OTHERS],
    );
    await owner.query('analyze prediction');
    say(`${rows} rows lie there`);
    // Nothing else of it is looked at.
    const log = { row: { id }, pool } as unknown as Log;
    const times: number[] = [];
    let found = 0;
    for (let after = -1; ; ) {
      const began = performance.now();
      const page = await childrenOf(log, 'many', after, PAGE + 1);
      times.push(performance.now() - began);
      const shown = page.slice(0, PAGE);
      mustHold(shown.every((index, i) => index > (shown[i - 1] ?? after) && index % OTHERS !== 0), `a page behind ${after} is out of order, or holds another's children`);
      found += shown.length;
      if (page.length === shown.length) break;
      after = shown.at(-1) ?? after;
    }
    const expected = rows - Math.ceil(rows / OTHERS);
    mustHold(found === expected, `${found} children were found, and there are ${expected}`);
    const few = await childrenOf(log, 'of-1', -1, PAGE + 1);
    mustHold(few.length === 1000 / OTHERS, `${few.length} children of another were found`);
    times.sort((a, b) => a - b);
    return { children: found, pages: times.length, 'ms a page, median': Math.round((times[Math.floor(times.length / 2)] ?? 0) * 10) / 10, 'ms a page, p95': Math.round((times[Math.floor(times.length * 0.95)] ?? 0) * 10) / 10 };
  } finally {
    await service.close();
  }
}
