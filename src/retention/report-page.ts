import type { IssuedReport } from './issue-report.ts';
import type { ReportedFollowUp, ReportedPrediction } from './subject-report.ts';
import type { ExplainedContract } from './report-contract.ts';

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111}
h1,h2,h3{line-height:1.2}section{break-inside:auto}article{border-top:1px solid #999;margin-top:1.5rem;break-inside:avoid-page}
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;padding:.5rem;margin:.5rem 0}@media print{body{margin:0;max-width:none}pre{background:none;border:1px solid #bbb}}`;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text that stands for itself, within an element or an attribute in quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string); // the pattern is the table's keys
}

/** A report as a page that stands by itself: no script, nothing loaded, fit to be printed. */
export function reportPage(report: IssuedReport): string {
  const { subjects, predictions, followUps, contracts, quarantine, holds, issued, log, entry, next } = report;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>What is held about you</title><style>${STYLE}</style></head><body>
<h1>What is held about you</h1>
<p>Issued ${escapeHtml(issued)} by ${escapeHtml(log)}, entry ${entry}. You are known here as ${subjects.length === 0 ? 'nobody' : subjects.map(({ subject }) => `<code>${escapeHtml(subject)}</code>`).join(', ')}.</p>
${section('Predictions', predictions.map(article), 'None is held.')}
${section('What was told of them afterwards', followUps.map(told), 'Nothing.')}
${section('By which logic', contracts.map(logic), 'None.')}
${section('Held back for a decision', quarantine.length === 0 ? [] : [table(['received', 'expires', 'model', 'why'], quarantine.map((each) => [each.received, each.expires, each.model, each.reasons.map(({ code, count }) => `${code} (${count})`).join(', ')]))], 'Nothing.')}
${section('Legal holds that name you', holds.length === 0 ? [] : [table(['placed', 'reason', 'citation'], holds.map((hold) => [hold.placed, hold.reason, hold.citation ?? '']))], 'None.')}
${next === undefined ? '<p>This is the end of the report.</p>' : `<p>The report goes on: ask for the page at <code>${escapeHtml(next)}</code>.</p>`}
</body></html>
`;
}

function section(title: string, parts: readonly string[], none: string): string {
  return `<section><h2>${title}</h2>${parts.length === 0 ? `<p>${none}</p>` : parts.join('\n')}</section>`;
}

function article({ prediction, time, index, log, contract, retention, withheld, originals, seen }: ReportedPrediction): string {
  const { id, model, version, purpose, legalBasis, decision, explanation, inputs, output, ...others } = prediction;
  const facts: [string, unknown][] = [
    ['taken in', `${time}, entry ${index} of ${log}`], ['model', `${plain(model)} ${plain(version)}`], ['decision', decision], ['explanation', explanation], ['purpose', purpose],
    ['legal basis', legalBasis], ['went in', inputs], ['came out', output], ['contract', contract], ['kept until', retention && `${retention.until} (${retention.citation})`],
    ['withheld here', withheld?.join(', ')], ['what tokens stand for', originals?.map(({ at, token, value }) => ({ at, token, value }))], ['besides', Object.keys(others).length === 0 ? undefined : others],
  ];
  const rows = facts.filter(([, value]) => value !== undefined && value !== null).map(([name, value]) => `<tr><th>${name}</th><td>${shown(value)}</td></tr>`);
  const who = seen.last.map((each) => [each.time, `${each.principal}${each.role === null ? '' : ` (${each.role})`}`, each.how, each.purpose ?? '']);
  const more = seen.total > seen.last.length ? `<p>${seen.total - seen.last.length} earlier ones are in the log.</p>` : '';
  return `<article><h3>${escapeHtml(plain(id))}</h3><table>${rows.join('')}</table><h4>Who saw it</h4>${who.length === 0 ? '<p>Nobody.</p>' : table(['when', 'who', 'how', 'why'], who)}${more}</article>`;
}

function told({ type, time, index, log, told: body, withheld, originals }: ReportedFollowUp): string {
  const facts: [string, unknown][] = [
    ['taken in', `${time}, entry ${index} of ${log}`], ...Object.entries(body), ['withheld here', withheld?.join(', ')],
    ['what tokens stand for', originals?.map(({ at, token, value }) => ({ at, token, value }))],
  ];
  const rows = facts.filter(([, value]) => value !== undefined).map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${shown(value)}</td></tr>`);
  return `<article><h3>${escapeHtml(type)}</h3><table>${rows.join('')}</table></article>`;
}

function logic({ id, description, owner, purposes = [], legalBases = [], retention, fields = [] }: ExplainedContract): string {
  const rows = fields.map(({ at, meaning = '', source = '', unit = '', class: dataClass = '', kept }) => [at, meaning, source, unit, dataClass, kept]);
  const about = [description, owner && `Owner: ${owner}.`, `Purposes: ${purposes.join(', ')}.`, `Legal bases: ${legalBases.join(', ')}.`, retention && `Kept for ${retention.period}: ${retention.citation}.`];
  return `<article><h3>${escapeHtml(id)}</h3><p>${escapeHtml(about.filter(Boolean).join(' '))}</p>${table(['field', 'meaning', 'source', 'unit', 'class', 'kept as'], rows)}</article>`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((each) => `<th>${escapeHtml(each)}</th>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`).join('')}</tbody></table>`;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function shown(value: unknown): string {
  return typeof value === 'string' ? escapeHtml(value) : `<pre>${escapeHtml(JSON.stringify(value, null, 2))}</pre>`;
}
