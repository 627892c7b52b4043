import { ByteComparison } from './byte-comparison.ts';
import { utf8 } from './bytes.ts';
import type { PopulationCheck } from './bundle-check.ts';
import { parseException, readDocument, rowShape, type BundleEnvelope, type BundleManifest, type BundleRow } from './bundle-documents.ts';
import type { FileCheck, Findings, SampleCheck } from './bundle-report.ts';
import { SampleWalk } from './bundle-sample.ts';
import { checkEnvelope } from './bundle-envelope.ts';
import { readLines } from './bundle-source.ts';
import { verdictOf, type VerdictGrounds } from './bundle-verdict.ts';
import { csvLine } from './csv-line.ts';

/** Checks rows, CSV, exceptions, samples and verdict of a population, a row at a time. @returns what was checked of its samples */
export async function checkPopulation(check: PopulationCheck): Promise<SampleCheck[]> {
  const { envelope, findings, source, files } = check;
  const folder = `populations/${envelope.assertion}`;
  const path = `${folder}/envelope.json`;
  checkEnvelope(check, path, folder);
  const walks = envelope.samples.map((sample) => new SampleWalk(check, sample));
  const missing = [envelope.rows, envelope.csv, envelope.exceptions].map((file) => file.path).filter((each) => !source.files.has(each));
  if (missing.length > 0) return walks.map((walk) => walk.result);
  const rows = await walkRows(check, walks);
  const exceptions = await walkExceptions(check, rows);
  for (const walk of walks) await walk.end();
  if (exceptions !== undefined) checkVerdict(envelope, { rows, ...exceptions }, findings, path);
  say(files, path, 'its files, totals and sums are consistent, and its verdict is what its rule gives');
  files.get(path)?.notProved.push('that the counts in its totals and gap check are those of the log: make the population again to see');
  say(files, envelope.rows.path, `its ${rows} rows are of the columns that the envelope defines`);
  files.get(envelope.rows.path)?.notProved.push('that each row says what its entry’s payload said, beyond the rows whose payloads are in a sample');
  say(files, envelope.csv.path, 'it holds the same rows as the JSONL, safe to open in a spreadsheet');
  say(files, envelope.exceptions.path, 'its lines are as many as the envelope counts, by each reason');
  return walks.map((walk) => walk.result);
}

function say(files: ReadonlyMap<string, FileCheck>, path: string, sentence: string): void {
  files.get(path)?.checked.push(sentence);
}

/** Reads rows and CSV side by side. @returns how many rows there are */
async function walkRows({ envelope, source, manifest, findings, onRow }: PopulationCheck, walks: readonly SampleWalk[]): Promise<number> {
  const { columns, rows: file, csv, basis } = envelope;
  const shape = rowShape(columns);
  const names = columns.map(({ name }) => name);
  const twin = new ByteComparison(source.read(csv.path));
  let same = await twin.next(utf8(names.map((name) => `"${name}"`).join(',') + '\r\n'), utf8(`${names.join(',')}\r\n`));
  if (!same) findings.add(csv.path, 'evidence-row-mismatch', 'its header is not the columns’ names');
  let number = 0;
  let last = -1;
  await findings.during(file.path, async () => {
    for await (const line of readLines(source, file.path)) {
      const row = findings.at(file.path, () => readDocument(line, shape), number + 1);
      if (row !== undefined) {
        last = checkIndex(row, basis, last, manifest, findings, { file: file.path, line: number + 1 });
        if (same && !(await twin.next(utf8(csvLine(names.map((name) => row[name] ?? null)))))) {
          same = false;
          findings.add(csv.path, 'evidence-row-mismatch', `record ${number + 1} is not row ${number} of the JSONL`, String(number + 1));
        }
      }
      for (const walk of walks) await walk.row(number, row);
      number++;
      await onRow();
    }
  });
  if (same && !(await twin.ended())) findings.add(csv.path, 'evidence-row-mismatch', 'it holds more records than there are rows');
  if (number !== envelope.rowCount) findings.add(file.path, 'evidence-total-mismatch', `it holds ${number} rows, the envelope says ${envelope.rowCount}`);
  return number;
}

function checkIndex(row: BundleRow, basis: BundleEnvelope['basis'], last: number, { log }: BundleManifest, findings: Findings, { file, line }: { file: string; line: number }): number {
  const index = row['index'];
  if (basis !== 'entries' || typeof index !== 'number') return last;
  if (index < last) findings.add(file, 'evidence-row-mismatch', `line ${line}: its index is below that of the row before`, String(line));
  if (log.last === null || index > log.last) findings.add(file, 'evidence-row-mismatch', `line ${line}: its index is beyond the period`, String(line));
  return index;
}

async function walkExceptions({ envelope, source, manifest, findings }: PopulationCheck, rows: number): Promise<Omit<VerdictGrounds, 'rows' | 'totals' | 'gaps' | 'lost'> | undefined> {
  const { path, count, reasons } = envelope.exceptions;
  const seen = new Map<string, number>();
  const counts = { exceptions: 0, open: 0, openOther: 0 };
  const walked = await findings.during(path, async () => {
    for await (const line of readLines(source, path)) {
      counts.exceptions++;
      const exception = findings.at(path, () => readDocument(line, parseException), counts.exceptions);
      if (exception === undefined) continue;
      const { row, index, why, disposition } = exception;
      seen.set(why, (seen.get(why) ?? 0) + 1);
      if (disposition === null) counts.open++;
      if (disposition === null && why !== 'overdue') counts.openOther++;
      if (row !== null && row >= rows) findings.add(path, 'evidence-contradiction', `line ${counts.exceptions}: it is of a row that is not there`, String(counts.exceptions));
      for (const each of [index, disposition]) {
        if (each !== null && each >= manifest.log.size) findings.add(path, 'evidence-contradiction', `line ${counts.exceptions}: there is no entry ${each} in the range`, String(counts.exceptions));
      }
    }
    return counts;
  });
  const stated = Object.entries(reasons).filter(([, n]) => n > 0);
  if (counts.exceptions !== count || stated.length !== seen.size || stated.some(([why, n]) => seen.get(why) !== n)) {
    findings.add(path, 'evidence-total-mismatch', `it holds ${counts.exceptions} exceptions; the envelope counts ${count}, or other reasons`);
  }
  return walked;
}

function checkVerdict(envelope: BundleEnvelope, counted: Omit<VerdictGrounds, 'totals' | 'gaps' | 'lost'>, findings: Findings, path: string): void {
  const verdict = verdictOf(envelope.rule, {
    ...counted,
    totals: envelope.controlTotals,
    gaps: envelope.gapCheck?.gapCount ?? 0,
    lost: envelope.exclusions.reduce((all, { count, lost }) => all + (lost ? count : 0), 0),
  });
  if (verdict !== envelope.verdict) findings.add(path, 'evidence-verdict-mismatch', `its verdict is ${envelope.verdict}, and its rule gives ${verdict}`, '/verdict');
}
