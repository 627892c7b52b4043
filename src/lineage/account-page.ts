import { escapeHtml } from '../retention/report-page.ts';
import type { Account } from './account.ts';

const STYLE = `body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#111}h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.1rem;margin:1.5rem 0 .25rem}
p{margin:.25rem 0}ul{margin:.25rem 0;padding-left:1.25rem}li{overflow-wrap:anywhere}@media print{body{margin:0;max-width:none}h2{break-after:avoid}}`;
const WIDTH = 100;

/** An account as plain text, its lines at most so wide where words allow it. */
export function accountText({ title, parts }: Account): string {
  const blocks = parts.map(({ heading, sentences, facts }) => [heading, ...sentences.flatMap((each) => wrapped(each, '  ')), ...facts.flatMap((each) => wrapped(each, '  - ', '    '))].join('\n'));
  return `${wrapped(title, '').join('\n')}\n\n${blocks.join('\n\n')}\n`;
}

/** An account as a page that stands by itself: no script, nothing loaded, fit to be printed. */
export function accountPage({ title, parts }: Account): string {
  const sections = parts.map(({ heading, sentences, facts }) => {
    const list = facts.length === 0 ? '' : `<ul>${facts.map((each) => `<li>${escapeHtml(each)}</li>`).join('')}</ul>`;
    return `<section><h2>${escapeHtml(heading)}</h2>${sentences.map((each) => `<p>${escapeHtml(each)}</p>`).join('')}${list}</section>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>
<h1>${escapeHtml(title)}</h1>
${sections.join('\n')}
</body></html>
`;
}

function wrapped(text: string, first: string, next = first): string[] {
  const lines: string[] = [];
  let line = first;
  for (const part of text.split(/\s+/)) {
    if (line.length + part.length + 1 > WIDTH && line.trim() !== '' && line !== first) {
      lines.push(line.trimEnd());
      line = next;
    }
    line += `${part} `;
  }
  return [...lines, line.trimEnd()];
}
