import { createHash } from 'node:crypto';
import { barChart, escapeXml } from './bar-chart.ts';
import type { BundlePart } from './bundle-part.ts';
import { reportOf } from './report.ts';
import type { Block, Report, ReportCell } from './report-block.ts';
import { REPORT_STYLE } from './report-style.ts';
import { verdictText } from './report-words.ts';

type BlockOf<K extends Block['kind']> = Extract<Block, { kind: K }>;

/** `README.html`: one page, without scripts, that asks nothing of any server. */
export const htmlReportPart: BundlePart = async function* htmlReport(folder, manifest) {
  const report = await reportOf(folder, manifest);
  yield { path: 'README.html', bytes: encoded(htmlOf(report)) };
};

async function* encoded(texts: AsyncIterable<string>): AsyncIterable<Uint8Array> {
  for await (const text of texts) yield Buffer.from(text);
}

/** The report as HTML, a block at a time. */
export async function* htmlOf({ title, asOf, blocks }: Report): AsyncIterable<string> {
  const style = createHash('sha256').update(REPORT_STYLE).digest('base64');
  yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n' +
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${style}'; form-action 'none'; base-uri 'none'">\n` +
    `<title>${escapeXml(title)}</title>\n<style>${REPORT_STYLE}</style>\n</head>\n<body>\n<a class="skip" href="#main">To the report</a>\n` +
    `<header><h1>${escapeXml(title)}</h1><p>As of ${escapeXml(asOf)}</p></header>\n` +
    '<nav aria-label="Parts of the report"><ul><li><a href="#summary">Summary</a></li><li><a href="#limits">What this does not prove</a></li><li><a href="#controls">Controls</a></li><li><a href="#populations">Populations</a></li><li><a href="#checking">How to check this bundle</a></li></ul></nav>\n' +
    '<main id="main">\n';
  for await (const block of blocks) yield `${html(block)}\n`;
  yield '</main>\n</body>\n</html>\n';
}

function html(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level} id="${escapeXml(block.id)}">${escapeXml(block.text)}</h${block.level}>`;
    case 'text':
      return `<p>${escapeXml(block.text)}</p>`;
    case 'note':
      return `<p class="note"><strong>${escapeXml(block.title)}.</strong> ${escapeXml(block.text)}</p>`;
    case 'verdict':
      return `<p class="verdict ${escapeXml(block.verdict)}"><strong>Verdict: ${escapeXml(verdictText(block.verdict))}.</strong> ${escapeXml(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${escapeXml(item)}</li>`).join('')}</ul>`;
    case 'facts':
      return `<dl>${block.items.map(([term, text]) => `<div><dt>${escapeXml(term)}</dt><dd>${escapeXml(text)}</dd></div>`).join('')}</dl>`;
    case 'table':
      return table(block);
    case 'bars':
      return `<figure><figcaption>${escapeXml(block.caption)}</figcaption>${barChart(block.caption, block.bars, 'system-ui, sans-serif')}</figure>`;
    case 'page':
      return '<hr class="page">';
  }
}

/** Wide tables scroll by themselves, and by keyboard. */
function table({ caption, columns, rows }: BlockOf<'table'>): string {
  const name = escapeXml(caption);
  const head = columns.map(({ title, figures }) => `<th scope="col"${figures === true ? ' class="figures"' : ''}>${escapeXml(title)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((value, i) => cell(value, i, columns[i]?.figures === true)).join('')}</tr>`).join('\n');
  return `<div class="wide" role="region" aria-label="${name}" tabindex="0"><table><caption>${name}</caption><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

function cell(value: ReportCell, column: number, figures: boolean): string {
  const content = typeof value === 'string' ? breakable(value) : `<a href="#${escapeXml(value.to)}">${breakable(value.text)}</a>`;
  if (column === 0) return `<th scope="row">${content}</th>`;
  return figures ? `<td class="figures">${content}</td>` : `<td>${content}</td>`;
}

/** A long word may break within a cell, where otherwise it would widen its column beyond the page; a short one never does. */
function breakable(text: string): string {
  return text.split(/(\S{25,})/).map((part, i) => (i % 2 === 0 ? escapeXml(part) : (part.match(/.{1,16}/gu) ?? []).map(escapeXml).join('<wbr>'))).join('');
}
