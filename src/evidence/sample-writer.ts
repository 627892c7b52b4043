import { controlFile } from '../core/bundle-envelope.ts';
import { toHex } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { drawSample, sampleSeed } from '../core/sample.ts';
import { formatTlogProof } from '../core/tlog-proof.ts';
import { FileWriter } from './file-writer.ts';
import type { Assertion } from './frameworks.ts';
import type { Making } from './order.ts';
import type { Row, Sample } from './population.ts';

/** What an entry looks like in a sample. */
export interface Proved {
  readonly entry: string;
  readonly proof: string;
  /** Where receipts were asked for and the caller may see all of it. */
  readonly opened?: { readonly payload: string; readonly salt: string } | undefined;
}

/** Draws one control's sample from a population and writes its rows as they go by. */
export class SampleWriter {
  private readonly control: string;
  private readonly seed: Uint8Array;
  private readonly rows: number[];
  private readonly isAll: boolean;
  private readonly writer: FileWriter;
  private next = 0;

  private constructor(control: string, seed: Uint8Array, rows: number[], isAll: boolean, writer: FileWriter) {
    this.control = control;
    this.seed = seed;
    this.rows = rows;
    this.isAll = isAll;
    this.writer = writer;
  }

  static async create({ folder, checkpoint, order }: Making, { file }: Assertion, control: string, population: number): Promise<SampleWriter> {
    const seed = sampleSeed(toHex(checkpoint.root), control, order.nonce);
    const n = file.sample === 'all' ? population : Math.min(file.sample, population);
    return new SampleWriter(control, seed, drawSample(seed, population, n), n === population, await FileWriter.create(folder, `samples/${file.id}/${controlFile(control)}`));
  }

  /** Whether the next row that it waits for is this one. */
  wants(row: number): boolean {
    return this.rows[this.next] === row;
  }

  /** Precondition: it wants the row. */
  async take(row: number, values: Row, proved: Proved | undefined): Promise<void> {
    this.next += 1;
    const { entry = null, proof = null, opened } = proved ?? {};
    await this.writer.write(`${canonicalize({ row, values: values as { [name: string]: JsonValue }, entry, proof, ...opened })}\n`);
  }

  async end(): Promise<Sample> {
    return { control: this.control, method: this.isAll ? 'all' : 'seeded', seed: toHex(this.seed), n: this.rows.length, rows: this.rows, file: await this.writer.end() };
  }

  close(): Promise<void> {
    return this.writer.close();
  }
}

/** An entry of the range, and the proof that it is in it. */
export async function prove({ log, checkpoint }: Making, index: number): Promise<Proved> {
  const [bytes, path] = await Promise.all([log.readEntry(index), log.prover.inclusion(index, checkpoint.size)]);
  if (bytes === undefined) throw new Error(`the database lacks entry ${index}`);
  return { entry: Buffer.from(bytes).toString('utf8'), proof: formatTlogProof({ index, path, checkpoint: checkpoint.note }) };
}
