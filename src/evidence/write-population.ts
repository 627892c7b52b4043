import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { toHex } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical-json.ts';
import { csvLine } from '../core/csv-line.ts';
import type { JsonValue } from '../core/json-value.ts';
import { digestFile, FileWriter, writeText } from './file-writer.ts';
import type { Assertion } from './frameworks.ts';
import type { GatherState } from './gather.ts';
import type { FileDigest } from './manifest.ts';
import type { Making } from './order.ts';
import type { Envelope, Row, Sample } from './population.ts';
import { exclusionsOf } from './population-writer.ts';
import { lineBatches } from './row-lines.ts';
import { prove, SampleWriter, type Proved } from './sample-writer.ts';
import { judge } from './verdict.ts';

const MAX_CACHED_PROOFS = 500;

/** How a row's entry is proved; asked once for a row that several samples have. */
type Prove = (index: number) => Promise<Proved>;

/** Writes what belongs to a population beside its rows and exceptions: CSV, samples, envelope. */
export async function writePopulation(making: Making, gathered: GatherState, assertion: Assertion, proveEntry: Prove = (index) => prove(making, index)): Promise<Envelope> {
  const { folder, order, log, checkpoint, policy } = making;
  const { file, query, parameters } = assertion;
  const found = gathered.populations[file.id]?.writer;
  if (found === undefined) throw new Error(`${file.id} was not gathered`);
  const under = `populations/${file.id}`;
  const { csv, samples } = await writeRows(making, assertion, found.rows, cached(proveEntry));
  const exclusions = exclusionsOf(found);
  const ruling = judge({ rule: file.rule, rowCount: found.rows, controlTotals: found.totals, gapCheck: found.gaps, exclusions, open: found.open, exceptions: found.exceptions });
  const period = { from: order.from, to: order.to };
  const asked = { name: query.name, v: query.v, parameters: { ...parameters } };
  const envelope: Envelope = {
    v: 1,
    assertion: file.id,
    name: query.title,
    question: query.question,
    controls: making.framework.file.controls.flatMap(({ id }) => (file.controls.includes(id) ? [id] : [])),
    query: { ...asked, digest: createHash('sha256').update(canonicalize(asked)).digest('hex') },
    source: { origin: log.row.origin, first: gathered.first, last: gathered.last, size: checkpoint.size, root: toHex(checkpoint.root), checkpoint: 'log/checkpoint' },
    asOf: gathered.asOf,
    period,
    generatedBy: { principal: order.principal, role: order.role, policy: policy.digestHex },
    basis: query.basis,
    columns: query.columns,
    rowCount: found.rows,
    rows: await digestFile(folder, `${under}/rows.jsonl`),
    csv,
    controlTotals: found.totals,
    gapCheck: found.gaps,
    exclusions,
    samples,
    exceptions: { ...(await digestFile(folder, `${under}/exceptions.jsonl`)), count: found.exceptions, reasons: found.reasons },
    rule: file.rule,
    ...ruling,
    strength: file.strength,
    caveat: file.caveat,
  };
  await writeText(folder, `${under}/envelope.json`, canonicalize(envelope as unknown as JsonValue));
  return envelope;
}

/** Goes once through the rows: each becomes a record of the CSV, and a line of the samples that it was drawn for. */
async function writeRows(making: Making, assertion: Assertion, count: number, proveEntry: Prove): Promise<{ csv: FileDigest; samples: Sample[] }> {
  const { folder, pace } = making;
  const { file, query } = assertion;
  const csv = await FileWriter.create(folder, `populations/${file.id}/rows.csv`);
  const samples: SampleWriter[] = [];
  try {
    for (const control of file.controls) samples.push(await SampleWriter.create(making, assertion, control, count));
    await csv.write(csvLine(query.columns.map(({ name }) => name)));
    let row = 0;
    const take = async (line: string): Promise<void> => {
      const values = JSON.parse(line) as Row;
      await csv.write(csvLine(query.columns.map(({ name }) => values[name] ?? null)));
      for (const sample of samples) if (sample.wants(row)) await sample.take(row, values, await provedOf(query.basis, values, proveEntry));
      row += 1;
    };
    for await (const lines of lineBatches(join(folder, 'populations', file.id, 'rows.jsonl'), pace)) for (const line of lines) await take(line);
    return { csv: await csv.end(), samples: await Promise.all(samples.map((sample) => sample.end())) };
  } catch (error) {
    await Promise.allSettled([csv.close(), ...samples.map((sample) => sample.close())]);
    throw error;
  }
}

async function provedOf(basis: Envelope['basis'], values: Row, proveEntry: Prove): Promise<Proved | undefined> {
  const index = values['index'];
  return basis === 'entries' && typeof index === 'number' ? proveEntry(index) : undefined;
}

function cached(proveEntry: Prove): Prove {
  const known = new Map<number, Proved>();
  return async (index) => {
    const proved = known.get(index) ?? (await proveEntry(index));
    if (known.size >= MAX_CACHED_PROOFS) known.clear();
    known.set(index, proved);
    return proved;
  };
}
