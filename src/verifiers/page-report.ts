import type { BundleReport } from '../core/bundle-report.ts';
import { CoreError } from '../core/core-error.ts';

type Content = Node | string;

function make(tag: string, content: readonly Content[] = [], attributes: Readonly<Record<string, string>> = {}): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

function list(sentences: readonly string[]): HTMLElement {
  return make('ul', sentences.map((sentence) => make('li', [sentence])));
}

function section(title: string, ...content: Content[]): HTMLElement {
  return make('section', [make('h2', [title]), ...content]);
}

/** A table with a caption; numbers are told by their column and stand to the right. */
function table(caption: string, columns: readonly string[], rows: readonly (readonly (Content | number)[])[]): HTMLElement {
  const head = make('thead', [make('tr', columns.map((column) => make('th', [column], { scope: 'col' })))]);
  const body = make('tbody', rows.map((row) => make('tr', row.map((cell) => (typeof cell === 'number' ? make('td', [cell.toLocaleString('en')], { class: 'number' }) : make('td', [cell]))))));
  return make('div', [make('table', [make('caption', [caption]), head, body])], { class: 'wide', tabindex: '0', role: 'region', 'aria-label': caption });
}

/** Shows what came of the check of a bundle. Text only: nothing of a bundle becomes markup. */
export function showReport(report: BundleReport, status: HTMLElement, result: HTMLElement): void {
  const { about, digest, controls, files, samples, findings, findingCount, proved, notProved } = report;
  const valid = findingCount === 0;
  status.textContent = valid ? 'Valid: nothing was found that does not hold.' : `Not valid: ${findingCount} ${findingCount === 1 ? 'thing does' : 'things do'} not hold.`;
  status.dataset['verdict'] = valid ? 'valid' : 'not-valid';
  const parts: HTMLElement[] = [];
  if (about !== null) {
    parts.push(section('The bundle', make('dl', [
      ...pair('Framework', `${about.framework} (${about.edition})`),
      ...pair('Period', `${about.from} to ${about.to}`),
      ...pair('Log', `${about.origin}, ${about.size} entries`),
      ...pair('Digest', digest ?? ''),
    ])));
  }
  if (!valid) {
    const shown = findings.map(({ file, message, code }) => [file, message, make('code', [code])]);
    parts.push(section('What does not hold', table(findingCount > findings.length ? `The first ${findings.length} of ${findingCount}` : 'Each fault and its file', ['File', 'What', 'Code'], shown)));
  }
  if (proved.length > 0) parts.push(section('Proved', list(proved)));
  parts.push(section('Not proved', list(notProved)));
  if (controls.length > 0) parts.push(section('Controls', table('As the bundle judges them', ['Control', 'Title', 'Verdict'], controls.map(({ id, title, verdict }) => [id, title, verdict.replace('_', ' ')]))));
  if (samples.length > 0) {
    const rows = samples.map(({ file, method, drawn, of, proved: entries, opened }) => [file, method === 'all' ? 'every row' : 'drawn by seed', drawn, of, entries, opened]);
    parts.push(section('Samples', table('Each was drawn again', ['Sample', 'How', 'Rows', 'Of', 'Entries proved', 'Payloads opened'], rows)));
  }
  if (files.length > 0) parts.push(section('Files', table('What was checked of each, and what was not proved', ['File', 'Bytes', 'Checked', 'Not proved'], files.map(({ path, bytes, checked, notProved: open }) => [path, bytes, list(checked), open.length === 0 ? '' : list(open)]))));
  result.replaceChildren(...parts);
}

function pair(term: string, text: string): HTMLElement[] {
  return [make('dt', [term]), make('dd', [text])];
}

/** Shows why nothing could be checked. */
export function showFailure(error: unknown, status: HTMLElement, result: HTMLElement): void {
  const known = error instanceof CoreError;
  status.textContent = known && error.code === 'zip-malformed' ? 'Not valid: this is not a bundle.' : 'Could not check.';
  status.dataset['verdict'] = 'not-valid';
  const message = error instanceof Error ? error.message : String(error);
  result.replaceChildren(section('Why', make('p', [message]), ...(known ? [make('p', [make('code', [error.code])])] : [])));
}
