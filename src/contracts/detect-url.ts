import type { Find } from './hit.ts';
import { classOf, LETTER } from './scan.ts';

const SCHEME_LETTERS = 12;
/** What ends a URL in running text. Bounded: a longer one is one hit up to here. */
const REST = /[^\s<>"'`|\\^{}]{1,2000}/y;
const TRAILING = /[.,;:!?)\]]+$/;
const HOST = /^(?:www\.)[a-z0-9-]{1,63}\.[a-z]/i;

/** URLs: `scheme://…` and `www.…`. Safe Harbor (J): the whole of it, since path and query may name a person. Linear. */
export function detectUrls(text: string): Find[] {
  const finds: Find[] = [];
  let past = 0;
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', Math.max(at + 3, past))) {
    let start = at;
    while (start > past && at - start < SCHEME_LETTERS && isScheme(text, start - 1)) start -= 1;
    while (start < at && classOf(text.charCodeAt(start)) !== LETTER) start += 1;
    const end = start === at ? 0 : restEnd(text, at + 3);
    if (end === 0) continue;
    finds.push({ detector: 'url', start, end, sure: 2 });
    past = end;
  }
  past = 0;
  for (let at = text.indexOf('www.'); at >= 0; at = text.indexOf('www.', Math.max(at + 4, past))) {
    const end = HOST.test(text.slice(at, at + 80)) ? restEnd(text, at) : 0;
    past = end;
    if (end > 0) finds.push({ detector: 'url', start: at, end, sure: 2 });
  }
  return finds;
}

function isScheme(text: string, at: number): boolean {
  return /[a-z0-9+.-]/i.test(text.charAt(at));
}

function restEnd(text: string, from: number): number {
  REST.lastIndex = from;
  const rest = REST.exec(text)?.[0].replace(TRAILING, '') ?? '';
  return rest === '' ? 0 : from + rest.length;
}
