import type { Find } from './hit.ts';
import { classOf, DIGIT, LETTER } from './scan.ts';

const LONGEST_LOCAL = 64;
const LONGEST_DOMAIN = 253;
const LOCAL_MARKS = ".!#$%&'*+/=?^_`{|}~-";
/** RFC 5321 section 4.1.2: labels of letters (of any script, RFC 6531), digits and hyphens, the last one of letters or an A-label; or an address literal. */
const DOMAIN = /^(?:\[[0-9a-f.:]{2,45}\]|[^\W_](?:[^\W_]|-){0,62}(?:\.[^\W_](?:[^\W_]|-){0,62}){0,8}\.(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59}))/i;

/** E-mail addresses, around each `@`. Looks at 64 units before it and 253 after it: linear. */
export function detectEmails(text: string): Find[] {
  const finds: Find[] = [];
  let past = 0;
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const start = localStart(text, at, past);
    if (start === at) continue;
    const end = domainEnd(text, at + 1);
    if (end === 0) continue;
    finds.push({ detector: 'email', start, end, sure: 2 });
    past = end;
  }
  return finds;
}

/** Where the local part starts; `at` itself where there is none. */
function localStart(text: string, at: number, past: number): number {
  let start = at;
  if (text.charAt(at - 1) === '"') {
    const quote = text.lastIndexOf('"', at - 2);
    return quote >= past && at - quote <= LONGEST_LOCAL ? quote : at;
  }
  while (start > past && at - start < LONGEST_LOCAL && isLocal(text, start - 1)) start -= 1;
  while (start < at && (classOf(text.charCodeAt(start)) & (LETTER | DIGIT)) === 0 && text.charAt(start) !== '_') start += 1;
  return start;
}

function isLocal(text: string, at: number): boolean {
  return (classOf(text.charCodeAt(at)) & (LETTER | DIGIT)) !== 0 || LOCAL_MARKS.includes(text.charAt(at));
}

/** Where the domain that starts at an index ends; 0 where none does. Letters of other scripts are read as `a`. */
function domainEnd(text: string, from: number): number {
  const domain = text.slice(from, from + LONGEST_DOMAIN).replace(/[^\0-\x7f]/g, 'a');
  const match = DOMAIN.exec(domain)?.[0];
  return match === undefined ? 0 : from + match.length;
}
