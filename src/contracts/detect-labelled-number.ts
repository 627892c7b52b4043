import type { Find } from './hit.ts';
import { isWordUnit, type Scan } from './scan.ts';
import { NUMBERED } from './words.ts';

/** A number without a form of its own that a label names. */
interface Labelled {
  id: string;
  /** Ends where the number starts; lower case. */
  label: RegExp;
}

const BETWEEN = String.raw`(?:\W{0,3}(?:no|nr|num|number|nummer|id|is|#|code)){0,2}[^a-z0-9]{0,4}[a-z]{0,4}[-]?$`;

/** By Safe Harbor's letters: H medical record, I health plan, J account, K certificate and licence, L vehicle. */
const LABELLED: readonly Labelled[] = [
  { id: 'medical-record-number', label: new RegExp(String.raw`\b(?:mrn|medical rec(?:ord)?|med rec|patient(?:en)?(?:nummer)?|chart|hospital|fall(?:nummer)?|encounter|nhc|ipp|mpi|ehr)${BETWEEN}`) },
  { id: 'health-plan-number', label: new RegExp(String.raw`\b(?:member|subscriber|beneficiary|health plan|insurance|medicare|medicaid|mbi|krankenversicherten|versicherten(?:nummer)?)${BETWEEN}`) },
  { id: 'account-number', label: new RegExp(String.raw`\b(?:account|acct|a\/c|konto(?:nummer)?|compte|cuenta|conto|sort code|routing|iban)${BETWEEN}`) },
  { id: 'licence-number', label: new RegExp(String.raw`\b(?:passport|reisepass|passeport|pasaporte|driver'?s? licen[cs]e|driving licen[cs]e|licen[cs]e|dl|fuhrerschein|permis|certificate)${BETWEEN}`) },
  { id: 'vehicle-number', label: new RegExp(String.raw`\b(?:vin|licen[cs]e plate|number plate|plate|kennzeichen|chassis)${BETWEEN}`) },
];

const LOOK_BACK = 40;
const TOKEN = /[A-Za-z0-9][A-Za-z0-9-]{2,24}/y;

/** Numbers that a label names: medical records, plans, accounts, licences, vehicles. Looks back 40 units from runs of digits after a label: linear. */
export function detectLabelledNumbers({ text, groups, words }: Scan): Find[] {
  const finds: Find[] = [];
  let past = 0;
  let word = 0;
  let label = -LOOK_BACK;
  for (let group = 0; group < groups.length; group += 2) {
    const digits = groups[group] as number;
    for (; word < words.length && (words[word] as number) < digits; word += 3) if (((words[word + 2] as number) & NUMBERED) !== 0) label = words[word + 1] as number;
    if (digits < past || digits - label >= LOOK_BACK) continue;
    const find = labelledAt(text, digits);
    if (find === undefined) continue;
    finds.push(find);
    past = find.end;
  }
  return finds;
}

function labelledAt(text: string, digits: number): Find | undefined {
  const before = text.slice(Math.max(0, digits - LOOK_BACK), digits).toLowerCase();
  const kind = LABELLED.find(({ label }) => label.test(before));
  if (kind === undefined) return undefined;
  const start = tokenStart(text, digits);
  TOKEN.lastIndex = start;
  const token = TOKEN.exec(text)?.[0].replace(/-+$/, '');
  if (token === undefined || token.replace(/\D/g, '').length < 4 || isWordUnit(text, start + token.length)) return undefined;
  return { detector: kind.id, start, end: start + token.length, sure: 1 };
}

/** The letters that stick to a number are a part of it, unless they are the label itself (`MRN0012345`, which is all one token then). */
function tokenStart(text: string, digits: number): number {
  let start = digits;
  while (start > 0 && digits - start < 4 && /[A-Za-z-]/.test(text.charAt(start - 1))) start -= 1;
  if (isWordUnit(text, start - 1)) return digits;
  while (text.charAt(start) === '-') start += 1;
  return start;
}
