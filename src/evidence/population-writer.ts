import type { FileHandle } from 'node:fs/promises';
import { canonicalize } from '../core/canonical-json.ts';
import { MarkFile } from './mark-file.ts';
import { openAt } from './open-at.ts';
import type { ControlTotal, Exclusion, GapCheck, Row } from './population.ts';
import type { Finds } from './query.ts';

const SHOWN_GAPS = 100;

/** What a writer has written, as JSON: what is beyond it in the files is not counted. */
export interface WriterState {
  rows: number;
  rowBytes: number;
  exceptions: number;
  /** Those that nobody has dealt with, by code. */
  open: Record<string, number>;
  exceptionBytes: number;
  /** Of the file of marks. */
  markBytes: number;
  /** Facts of the period that were handed over. */
  facts: number;
  used: number;
  reasons: Record<string, number>;
  excluded: Record<string, number>;
  totals: ControlTotal[];
  gaps: GapCheck | null;
}

export function newWriterState(): WriterState {
  return { rows: 0, rowBytes: 0, exceptions: 0, open: {}, exceptionBytes: 0, markBytes: 0, facts: 0, used: 0, reasons: {}, excluded: {}, totals: [], gaps: null };
}

/** Writes a population's rows and exceptions as they are found, and keeps count. */
export class PopulationWriter implements Finds {
  readonly state: WriterState;
  private readonly rowFile: FileHandle;
  private readonly exceptionFile: FileHandle;
  private readonly markFile: MarkFile | undefined;
  private rowText = '';
  private exceptionText = '';

  private constructor(state: WriterState, rowFile: FileHandle, exceptionFile: FileHandle, markFile: MarkFile | undefined) {
    this.state = state;
    this.markFile = markFile;
    this.rowFile = rowFile;
    this.exceptionFile = exceptionFile;
  }

  /** Goes on where `state` says; what was written after it is cut off. @throws Error when a file is shorter than that */
  static async open(paths: { rows: string; exceptions: string; marks?: string | undefined }, state: WriterState): Promise<PopulationWriter> {
    const rowFile = await openAt(paths.rows, state.rowBytes);
    const exceptionFile = await openAt(paths.exceptions, state.exceptionBytes);
    return new PopulationWriter(state, rowFile, exceptionFile, paths.marks === undefined ? undefined : await MarkFile.open(paths.marks, state.markBytes));
  }

  get count(): number {
    return this.state.rows;
  }

  row(values: Row): number {
    this.rowText += `${canonicalize(values)}\n`;
    return this.state.rows++;
  }

  used(): void {
    this.state.used += 1;
  }

  exclude(rule: string, count = 1): void {
    this.state.excluded[rule] = (this.state.excluded[rule] ?? 0) + count;
  }

  exception({ row, index, why, text, disposition = null }: Parameters<Finds['exception']>[0]): void {
    this.exceptionText += `${canonicalize({ row, index, why, text, disposition })}\n`;
    this.state.exceptions += 1;
    this.state.reasons[why] = (this.state.reasons[why] ?? 0) + 1;
    if (disposition === null) this.state.open[why] = (this.state.open[why] ?? 0) + 1;
  }

  total(name: string, left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>): void {
    this.state.totals.push({ name, left, right, holds: sum(left) === sum(right) });
  }

  gapCheck(of: string, expected: number, found: number, gaps: GapCheck['gaps']): void {
    this.state.gaps = { of, expected, found, gapCount: gaps.length, gaps: gaps.slice(0, SHOWN_GAPS) };
  }

  mark(group: number, id: string): void {
    this.markFile?.add(group, id);
  }

  async different(): Promise<ReadonlyMap<number, number>> {
    await this.flush();
    return (await this.markFile?.count(this.state.markBytes)) ?? new Map<number, number>();
  }

  /** Puts into the files what was found since the last time. */
  async flush(): Promise<void> {
    this.state.rowBytes += await append(this.rowFile, this.rowText, this.state.rowBytes);
    this.state.exceptionBytes += await append(this.exceptionFile, this.exceptionText, this.state.exceptionBytes);
    this.state.markBytes += (await this.markFile?.flush(this.state.markBytes)) ?? 0;
    this.rowText = '';
    this.exceptionText = '';
  }

  /** Puts what is left onto the disk. */
  async end(): Promise<void> {
    await this.flush();
    await Promise.all([this.rowFile.datasync(), this.exceptionFile.datasync()]);
    await Promise.all([this.rowFile.close(), this.exceptionFile.close(), this.markFile?.remove()]);
  }

  async close(): Promise<void> {
    await Promise.all([this.rowFile.close(), this.exceptionFile.close(), this.markFile?.close()]);
  }
}

/** What is excluded, by rule, in order. */
export function exclusionsOf({ excluded }: WriterState): Exclusion[] {
  return Object.entries(excluded).map(([rule, count]) => ({ rule, count, lost: rule.startsWith('payload ') })).sort((a, b) => (a.rule < b.rule ? -1 : 1));
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((a, b) => a + b, 0);
}

async function append(file: FileHandle, text: string, at: number): Promise<number> {
  if (text === '') return 0;
  const bytes = Buffer.from(text, 'utf8');
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  return bytes.length;
}
