import type { PopulationCheck } from './bundle-check.ts';
import type { BundleEnvelope, BundleManifest } from './bundle-documents.ts';
import type { Findings } from './bundle-report.ts';
import { sum } from './bundle-verdict.ts';
import { toHex, utf8 } from './bytes.ts';
import { canonicalize } from './canonical-json.ts';
import { sha256 } from './sha256.ts';

type Contradicts = (what: string, at: string) => void;

/** What an envelope says that can be told without its rows. */
export function checkEnvelope({ manifest, envelope, findings }: PopulationCheck, path: string, folder: string): void {
  const contradicts = (what: string, at: string): void => findings.add(path, 'evidence-contradiction', what, at);
  checkOrigin(envelope, manifest, contradicts);
  const places = { rows: `${folder}/rows.jsonl`, csv: `${folder}/rows.csv`, exceptions: `${folder}/exceptions.jsonl` };
  for (const key of ['rows', 'csv', 'exceptions'] as const) checkFileOf(envelope[key], places[key], `/${key}`, manifest, contradicts);
  for (const [i, { file, control }] of envelope.samples.entries()) checkFileOf(file, `samples/${envelope.assertion}/${controlFile(control)}`, `/samples/${i}/file`, manifest, contradicts);
  for (const [i, { name: total, left, right, holds }] of envelope.controlTotals.entries()) {
    if ((sum(left) === sum(right)) !== holds) findings.add(path, 'evidence-total-mismatch', `the total ${total}: ${sum(left)} on the left, ${sum(right)} on the right, and it says ${holds ? 'that they are equal' : 'that they differ'}`, `/controlTotals/${i}`);
  }
  checkPopulationTotal(envelope, findings, path);
  const { gapCheck } = envelope;
  if (gapCheck !== null && (gapCheck.gapCount < gapCheck.gaps.length || gapCheck.gaps.some(({ from, to }) => to < from))) contradicts('its gaps do not go with their count', '/gapCheck');
  if (envelope.caveat === '') contradicts('it has no caveat', '/caveat');
}

function checkFileOf(file: { path: string; bytes: number; sha256: string }, path: string, at: string, manifest: BundleManifest, contradicts: Contradicts): void {
  if (file.path !== path) return contradicts('a file of it does not stand where it should', `${at}/path`);
  const named = manifest.files.find((each) => each.path === path);
  if (named?.bytes !== file.bytes || named.sha256 !== file.sha256) contradicts('it names another length or SHA-256 for a file than the manifest', at);
}

/** Facts of the period = rows + exclusions; where a row sums up many facts, only that the total is there. */
function checkPopulationTotal({ basis, controlTotals, rowCount, exclusions }: BundleEnvelope, findings: Findings, path: string): void {
  const total = controlTotals.find(({ name }) => name === 'population');
  if (total === undefined) return findings.add(path, 'evidence-total-mismatch', 'it has no total of its population', '/controlTotals');
  const counted = rowCount + exclusions.reduce((all, { count }) => all + count, 0);
  if (basis === 'entries' && sum(total.right) !== counted) findings.add(path, 'evidence-total-mismatch', `the population’s total is of ${sum(total.right)}, rows and exclusions are ${counted}`, '/controlTotals');
}

/** The file name of a control's sample. */
export function controlFile(control: string): string {
  return `${control.replaceAll(/[^A-Za-z0-9.-]/g, '_')}.jsonl`;
}

/** That the envelope is of the manifest's log, period and view, by the query that it names. */
function checkOrigin({ query, source, generatedBy, period: of, asOf }: BundleEnvelope, { log, period, view }: BundleManifest, contradicts: Contradicts): void {
  const stated = { origin: log.origin, first: log.first, last: log.last, size: log.size, root: log.root, checkpoint: 'log/checkpoint' };
  if (canonicalize({ ...source }) !== canonicalize(stated)) contradicts('its source is not the manifest’s log', '/source');
  if (of.from !== period.from || of.to !== period.to) contradicts('its period is not the manifest’s', '/period');
  if (asOf !== log.time) contradicts('it is as of another time than the manifest', '/asOf');
  if (generatedBy.principal !== view.principal || generatedBy.role !== view.role || generatedBy.policy !== view.policy) contradicts('it was not generated as whom the manifest says', '/generatedBy');
  const { name, parameters, v } = query;
  if (toHex(sha256(utf8(canonicalize({ name, parameters, v })))) !== query.digest) contradicts('the query’s digest is another', '/query/digest');
}
