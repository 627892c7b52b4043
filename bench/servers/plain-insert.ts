// The same HTTP server as the reference, with one prepared INSERT a request from a pool of 16: what most services do.
import { Pool } from 'pg';
import { CREATE_TABLE, serveInserts, type PredictionRow } from './insert-server.ts';

const INSERT = 'INSERT INTO prediction (id, model, version, time, body) VALUES ($1, $2, $3, $4, $5) RETURNING index';

const pool = new Pool({ max: 16 });
await pool.query(CREATE_TABLE);

async function insertOne(row: PredictionRow): Promise<number> {
  const values = [row.id, row.model, row.version, new Date(row.time), row.body];
  const { rows } = await pool.query<{ index: string }>({ name: 'insert', text: INSERT, values });
  return Number(rows[0]?.index);
}

await serveInserts((rows) => Promise.all(rows.map(insertOne)), () => pool.end());
