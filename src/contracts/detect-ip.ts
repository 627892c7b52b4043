import type { DigitWindow } from './digit-windows.ts';
import { isLabelled } from './field-words.ts';
import type { Find } from './hit.ts';
import { isDigit, isWordUnit } from './scan.ts';

const VERSION = /\b(?:v|ver|version|release|build|oid|section)\b|§/;
const HEX_AND_COLON = /[0-9a-f:.]/i;
const LONGEST_V6 = 45;
const MAC = /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i;

/** An IPv4 address: four octets without leading zeros, not the loopback or the unspecified one, not what is called a version. */
export function ipv4({ digits, shape, start, end }: DigitWindow, text: string, field: string): Find | undefined {
  if (digits.length > 12 || !/^[1-3]\.[1-3]\.[1-3]\.[1-3]$/.test(shape)) return undefined;
  if (text.charAt(end) === '.' && isDigit(text, end + 1)) return undefined;
  const octets = text.slice(start, end).split('.');
  if (octets.some((octet) => Number(octet) > 255 || (octet.length > 1 && octet.startsWith('0')))) return undefined;
  if (octets[0] === '127' || octets.every((octet) => octet === '0') || isLabelled(text, start, field, VERSION)) return undefined;
  return { detector: 'ip-address', start, end, sure: 2 };
}

/** IPv6 and MAC addresses: each stretch of hexadecimal digits and colons, once. Linear. */
export function detectColonAddresses(text: string): Find[] {
  const finds: Find[] = [];
  for (let colon = text.indexOf(':'); colon >= 0; ) {
    let start = colon;
    while (start > 0 && colon - start < 5 && HEX_AND_COLON.test(text.charAt(start - 1))) start -= 1;
    let end = colon;
    while (end < text.length && HEX_AND_COLON.test(text.charAt(end))) end += 1;
    const find = addressOf(text, start, end);
    if (find !== undefined) finds.push(find);
    colon = text.indexOf(':', end);
  }
  return finds;
}

function addressOf(text: string, start: number, end: number): Find | undefined {
  const stop = text.charAt(end - 1) === '.' ? end - 1 : end;
  if (stop - start < 6 || stop - start > LONGEST_V6 || isWordUnit(text, start - 1) || isWordUnit(text, stop)) return undefined;
  const address = text.slice(start, stop);
  if (isIpv6(address)) return { detector: 'ip-address', start, end: stop, sure: 2 };
  return MAC.test(address) ? { detector: 'mac-address', start, end: stop, sure: 2 } : undefined;
}

/** RFC 4291, section 2.2. */
function isIpv6(address: string): boolean {
  const halves = address.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const dotted = last.includes('.');
  if (dotted && !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(last)) return false;
  const hex = dotted ? groups.slice(0, -1) : groups;
  const count = hex.length + (dotted ? 2 : 0);
  if (!hex.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? count >= 2 && count <= 7 : count === 8;
}

const MAC_WITH_HYPHENS = /(?<![0-9A-Za-z-])[0-9a-f]{2}(?:-[0-9a-f]{2}){5}(?![0-9A-Za-z-])/gi;

/** MAC addresses with hyphens. Bounded: 17 units. */
export function detectHyphenatedMacs(text: string): Find[] {
  return [...text.matchAll(MAC_WITH_HYPHENS)].map(({ index, 0: { length } }) => ({ detector: 'mac-address', start: index, end: index + length, sure: 2 }));
}
