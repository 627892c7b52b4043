import { equalBytes, fromHex, toHex, utf8 } from './bytes.ts';
import { parseSampleLine, readDocument, type BundleEnvelope, type BundleRow, type BundleSampleLine } from './bundle-documents.ts';
import type { BundleLog } from './bundle-log.ts';
import type { PopulationCheck } from './bundle-check.ts';
import type { SampleCheck } from './bundle-report.ts';
import { readLines } from './bundle-source.ts';
import { canonicalize } from './canonical-json.ts';
import { commitment } from './commitment.ts';
import { CoreError } from './core-error.ts';
import { parseEntry, type Entry } from './entry.ts';
import { verifyInclusion } from './inclusion-proof.ts';
import { leafHash } from './merkle-tree.ts';
import { parsePayload } from './payload.ts';
import { drawSample, sampleSeed } from './sample.ts';
import { parseTlogProof } from './tlog-proof.ts';

type Sample = BundleEnvelope['samples'][number];

/** Draws a control's sample again, and checks its lines as the population's rows go by. */
export class SampleWalk {
  readonly result: SampleCheck;
  private readonly check: PopulationCheck;
  private readonly file: string;
  private readonly drawn: readonly number[];
  private readonly lines: AsyncIterator<Uint8Array> | undefined;
  private next = 0;
  private ended = false;

  constructor(check: PopulationCheck, sample: Sample) {
    const { envelope, manifest, findings, source } = check;
    const { control, method, n, file, rows, seed } = sample;
    this.check = check;
    this.file = file.path;
    this.result = { file: file.path, assertion: envelope.assertion, control, method, drawn: n, of: envelope.rowCount, proved: 0, opened: 0 };
    const drawnBy = sampleSeed(manifest.log.root, control, manifest.nonce);
    const differs = (what: string): void => findings.add(file.path, 'evidence-sample-mismatch', what);
    if (toHex(drawnBy) !== seed) differs('its seed is not that of the root, the control and the nonce');
    const all = n === envelope.rowCount;
    // More than there are rows cannot be drawn, and is not tried: the number is only claimed.
    this.drawn = n > envelope.rowCount || rows.length !== n ? rows : drawSample(drawnBy, envelope.rowCount, n);
    if (n > envelope.rowCount || rows.length !== n || method !== (all ? 'all' : 'seeded') || rows.some((row, i) => row !== this.drawn[i])) {
      differs('drawn again from the seed, the rows are others than the envelope lists');
    }
    this.lines = source.files.has(file.path) ? readLines(source, file.path)[Symbol.asyncIterator]() : undefined;
  }

  /** Told each row of the population in order; undefined where it could not be read. */
  async row(number: number, row: BundleRow | undefined): Promise<void> {
    if (this.lines === undefined || this.drawn[this.next] !== number) return;
    this.next++;
    const { findings } = this.check;
    const line = await findings.during(this.file, async () => this.lines?.next());
    if (line === undefined) return;
    if (line.done === true) {
      if (!this.ended) findings.add(this.file, 'evidence-sample-mismatch', `the line of row ${number} is missing`, String(this.next));
      this.ended = true;
      return;
    }
    findings.at(this.file, () => this.checkLine(readDocument(line.value, parseSampleLine), number, row), this.next);
  }

  /** No line may follow that of the last row that was drawn. */
  async end(): Promise<void> {
    const { findings, files } = this.check;
    const more = await findings.during(this.file, async () => this.lines?.next());
    if (more !== undefined && more.done !== true) findings.add(this.file, 'evidence-sample-mismatch', 'it holds more lines than rows were drawn');
    const { proved, opened, drawn } = this.result;
    const file = files.get(this.file);
    file?.checked.push(`its ${drawn} rows were drawn again from the seed, and are the population’s; the places of ${proved} entries in the log are proved`);
    if (opened > 0) file?.checked.push(`${opened} payloads are those that their entries commit to`);
    if (proved > opened) file?.notProved.push(`what the payloads of ${proved - opened} entries say`);
    if (drawn > proved) file?.notProved.push(`anything about the entries behind ${drawn - proved} rows: these rows sum up many entries, or have none`);
  }

  private checkLine(line: BundleSampleLine, number: number, row: BundleRow | undefined): void {
    const { envelope, log, manifest } = this.check;
    if (line.row !== number) throw mismatch(`it is of row ${line.row}, and ${number} was drawn`);
    if (row !== undefined) compare(line, number, row, envelope);
    if (line.entry === null || line.proof === null) {
      if (line.payload !== undefined || line.salt !== undefined) throw mismatch('it holds a payload without its entry');
      return;
    }
    if (log === undefined) return;
    const entry = proveEntry(line.entry, line.proof, log, manifest.log);
    if (row !== undefined) compareEntry(entry, number, row, envelope);
    this.result.proved++;
    if (line.payload === undefined && line.salt === undefined) return;
    if (!manifest.view.receipts) throw mismatch('it holds a payload, and the manifest says that there is none');
    openPayload(entry, line);
    this.result.opened++;
  }
}

/** That the line holds the row, and an entry exactly where the row is one entry's. */
function compare({ values, entry, proof }: BundleSampleLine, number: number, row: BundleRow, { basis }: BundleEnvelope): void {
  if (canonicalize(values) !== canonicalize(row)) throw mismatch(`its values are not those of row ${number}`);
  const stands = basis === 'entries' && typeof row['index'] === 'number';
  if (stands && (entry === null || proof === null)) throw mismatch('the entry or its proof is missing');
  if (!stands && (entry !== null || proof !== null)) throw mismatch('a row that sums up many entries has none of its own');
}

function compareEntry(entry: Entry, number: number, row: BundleRow, { columns }: BundleEnvelope): void {
  if (entry.index !== row['index']) throw mismatch(`the entry is ${entry.index}, and not that of row ${number}`);
  const timed = columns.some(({ name, type }) => name === 'time' && type === 'time');
  if (timed && row['time'] !== null && row['time'] !== entry.time) throw mismatch(`the entry is of another time than row ${number}`);
}

/** Checks that an entry stands in the bundle's log. The signature of its checkpoint, which each proof repeats, was checked once. */
function proveEntry(text: string, proofText: string, log: BundleLog, { origin, size }: { origin: string; size: number }): Entry {
  const bytes = utf8(text);
  const entry = parseEntry(bytes);
  if (entry.origin !== origin) throw new CoreError('origin-mismatch', 'the entry is of another log');
  const { index, path, checkpoint } = parseTlogProof(proofText);
  if (checkpoint !== log.checkpoint) throw mismatch('the proof’s checkpoint is not log/checkpoint');
  if (index !== entry.index) throw new CoreError('inclusion-invalid', `the proof is of leaf ${index}, the entry says that it is ${entry.index}`);
  verifyInclusion({ index, size, leaf: leafHash(bytes), path, root: log.root });
  return entry;
}

function openPayload(entry: Entry, { payload, salt }: BundleSampleLine): void {
  if (payload === undefined || salt === undefined) throw mismatch('payload and salt come together');
  if (!equalBytes(commitment(fromHex(salt), utf8(payload)), fromHex(entry.commitment))) throw new CoreError('commitment-mismatch', 'the entry did not commit to this payload under this salt');
  if (parsePayload(payload).type !== entry.type) throw new CoreError('payload-malformed', 'the payload is of another type than the entry');
}

function mismatch(what: string): CoreError {
  return new CoreError('evidence-sample-mismatch', what);
}
