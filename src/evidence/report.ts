import { readControls, readEnvelope } from './bundle-part.ts';
import type { Controls, Manifest } from './manifest.ts';
import type { Envelope } from './population.ts';
import { figure, type Block, type Report, type ReportCell } from './report-block.ts';
import { checkingBlocks, limitsBlocks } from './report-limits.ts';
import { populationBlocks } from './report-population.ts';
import { anchor, MEANINGS, VERDICTS, verdictText } from './report-words.ts';

/**
 * The report of a bundle, made from its envelopes alone: it does not grow with the rows.
 *
 * @param folder absolute path of the bundle's files
 */
export async function reportOf(folder: string, manifest: Manifest): Promise<Report> {
  const controls = await readControls(folder);
  return { title: `Evidence: ${manifest.framework.title}`, asOf: manifest.log.time, blocks: blocksOf(folder, manifest, controls) };
}

async function* blocksOf(folder: string, manifest: Manifest, controls: Controls): AsyncIterable<Block> {
  yield* coverBlocks(manifest);
  yield* summaryBlocks(controls);
  yield* limitsBlocks(manifest);
  yield { kind: 'page' };
  yield { kind: 'heading', level: 2, text: 'Controls', id: 'controls' };
  const envelopes = new Map<string, EnvelopeSummary>();
  for (const { assertion } of manifest.populations) envelopes.set(assertion, summaryOf(await readEnvelope(folder, assertion)));
  for (const control of controls.controls) yield* controlBlocks(control, envelopes);
  yield { kind: 'page' };
  yield { kind: 'heading', level: 2, text: 'Populations', id: 'populations' };
  yield { kind: 'text', text: 'Each is a list of facts of one kind from the log, made by one query. One population may bear on several controls; it is described once.' };
  for (const { assertion } of manifest.populations) yield* populationBlocks(folder, await readEnvelope(folder, assertion));
  yield { kind: 'page' };
  yield* checkingBlocks(manifest);
}

function* coverBlocks({ framework, period, log, view, nonce, erasures }: Manifest): Iterable<Block> {
  yield {
    kind: 'facts',
    items: [
      ['Framework', `${framework.title} (${framework.edition})`],
      ['Period', `from ${period.from}, up to but not including ${period.to}`],
      ['Log', log.origin],
      ['Entries', `${figure(log.size)}, as of ${log.time}${log.first === null || log.last === null ? '; none of them in the period' : `; those of the period are ${figure(log.first)} to ${figure(log.last)}`}`],
      ['Root hash', log.root],
      ['Made for', `${view.principal}, role ${view.role}, by rule ${view.rule}`],
      ['Policies in force', view.policy],
      ['Auditor’s nonce', /^0+$/.test(nonce) ? 'none was given: which rows would be drawn could be foreseen' : nonce],
      ['Payloads', view.receipts ? 'the samples hold the payloads that the caller may read' : 'none are in this bundle'],
      ['Erased payloads', figure(erasures.count)],
    ],
  };
  yield { kind: 'note', title: 'What this is', text: 'This bundle supports controls. Whether one is fulfilled is for the auditor to judge. It was made by queries over a log whose entries cannot be changed unseen; every figure can be made again from the same log.' };
}

function* summaryBlocks({ controls }: Controls): Iterable<Block> {
  yield { kind: 'heading', level: 2, text: 'Summary', id: 'summary' };
  const counts = new Map(VERDICTS.map((verdict) => [verdict, controls.filter((control) => control.verdict === verdict).length]));
  const bars = VERDICTS.map((verdict) => ({ label: verdictText(verdict), parts: [{ name: verdict, count: counts.get(verdict) ?? 0 }] }));
  if (controls.length > 0) yield { kind: 'bars', caption: `Controls by verdict, of ${figure(controls.length)}`, bars };
  yield { kind: 'table', caption: 'What the verdicts mean', columns: [{ title: 'Verdict' }, { title: 'Controls', figures: true }, { title: 'Meaning' }], rows: VERDICTS.map((verdict) => [verdictText(verdict), figure(counts.get(verdict) ?? 0), MEANINGS[verdict]]) };
  yield {
    kind: 'table',
    caption: 'Every control',
    columns: [{ title: 'Control' }, { title: 'Title' }, { title: 'Populations', figures: true }, { title: 'Verdict' }],
    rows: controls.map(({ id, title, assertions, verdict }): ReportCell[] => [{ text: id, to: anchor('control', id) }, title, figure(assertions.length), verdictText(verdict)]),
  };
}

/** Of each envelope only what a control shows: there may be many, and what is drawn is long. */
interface EnvelopeSummary {
  readonly name: string;
  readonly question: string;
  readonly cells: ReportCell[];
  readonly sampled: ReadonlyMap<string, number>;
}

function summaryOf({ assertion, name, question, rowCount, controlTotals, gapCheck, exceptions, samples, exclusions }: Envelope): EnvelopeSummary {
  const holding = controlTotals.filter(({ holds }) => holds).length;
  return {
    name,
    question,
    sampled: new Map(samples.map(({ control, n }) => [control, n])),
    cells: [
      { text: name, to: anchor('population', assertion) },
      figure(rowCount),
      `${holding} of ${controlTotals.length} add up`,
      gapCheck === null ? 'does not apply' : gapCheck.gapCount === 0 ? 'none' : figure(gapCheck.gapCount),
      figure(exclusions.reduce((all, { count }) => all + count, 0)),
      figure(exceptions.count),
    ],
  };
}

function* controlBlocks({ id, title, text, quoted, cites, verdict, assertions }: Controls['controls'][number], envelopes: ReadonlyMap<string, EnvelopeSummary>): Iterable<Block> {
  yield { kind: 'heading', level: 3, text: `${id} ${title}`, id: anchor('control', id) };
  yield { kind: 'verdict', verdict, text: MEANINGS[verdict] };
  yield { kind: 'text', text: `${quoted ? `“${text}”` : text} (${quoted ? cites : `our words; ${cites}`})` };
  yield { kind: 'list', items: assertions.map((assertion) => `${envelopes.get(assertion.id)?.name ?? assertion.id}: ${envelopes.get(assertion.id)?.question ?? ''}`) };
  yield {
    kind: 'table',
    caption: `What bears on ${id}`,
    columns: [{ title: 'Population' }, { title: 'Rows', figures: true }, { title: 'Totals' }, { title: 'Gaps' }, { title: 'Left out', figures: true }, { title: 'Exceptions', figures: true }, { title: 'Drawn', figures: true }, { title: 'Verdict' }, { title: 'Strength' }],
    rows: assertions.map((assertion): ReportCell[] => {
      const envelope = envelopes.get(assertion.id);
      return [...(envelope?.cells ?? [assertion.id, '', '', '', '', '']), figure(envelope?.sampled.get(id) ?? 0), verdictText(assertion.verdict), assertion.strength];
    }),
  };
  yield { kind: 'note', title: 'What this does not show', text: [...new Set(assertions.map(({ caveat }) => caveat))].join(' ') };
}
