import { fieldWords } from './field-words.ts';

/** Names of fields that hold what they say: the whole value is a hit, whatever it looks like. The first that fits counts. */
const KINDS: readonly (readonly [detector: string, name: RegExp, not?: RegExp])[] = [
  ['email', /\be ?mails?\b|\bmail address\b|\bcorreo\b|\bcourriel\b/, /\b(?:domain|provider|verified|count|flag|opt|sent|type|age|score|valid|format|status|enabled|consent|marketing)\b/],
  ['ip-address', /\bip(?: ?v?[46])?(?: addr(?:ess)?)?\b|\bremote addr\b/, /\b(?:country|type|count|risk|score|reputation|rights?|version|flag)\b/],
  ['mac-address', /\bmac addr(?:ess)?\b/],
  ['phone', /\b(?:tele ?)?phone(?: ?(?:number|no|nr))?\b|\bmobile(?: ?(?:number|no|nr|phone))\b|\bfax\b|\btelefon\w*|\bmovil\b|\bcelular\b|\btel\b|\bmsisdn\b/, /\b(?:model|type|brand|verified|count|flag|os|service|age|plan|status|valid|country|score|usage)\b/],
  ['us-ssn', /\bssn\b|\bsocial security\b/, /\b(?:verified|valid|match|flag|state|score)\b/],
  ['card-number', /\b(?:credit |debit |payment )?card (?:number|no|nr)\b|\bpan\b|\bcc(?: ?num(?:ber)?)\b/, /\b(?:type|flag|count)\b/],
  ['iban', /\biban\b/, /\b(?:country|valid|flag)\b/],
  ['birth-date', /\bdob\b|\b(?:date of )?birth ?(?:date|day)?\b|\bdate birth\b|\bgeburts\w*|\bdate naissance\b|\bfecha nacimiento\b|\bfecha de nacimiento\b|\bbirthdate\b/, /\b(?:weight|country|place|year|order|rate|type|control|cohort|month)\b/],
  ['person-name', /\b(?:first|last|full|given|family|middle|maiden|patient|customer|client|person|applicant|borrower|holder|cardholder|employee|doctor|physician|guardian|contact|spouse|insured|member|user|legal|owner|mother s maiden|mothers maiden) ?names?\b|\bsurname\b|\b[fl]name\b|\bvor ?name\b|\bnach ?name\b|\bfamilienname\b|\bapellidos?\b|\bprenom\b|\bcognome\b|\bnombres?\b|\bvoornaam\b|\bachternaam\b|\bsobrenome\b|姓名/, /\b(?:length|count|match|score|flag|type|verified|hash|product|model|file|host|feature)\b/],
  ['medical-record-number', /\bmrn\b|\bmedical rec(?:ord)?(?: (?:number|no|nr|id))\b|\bpatient (?:id|no|nr|number|identifier)\b|\bchart (?:number|no)\b|\bhospital number\b|\bfallnummer\b/, /\b(?:count|type)\b/],
  ['health-plan-number', /\b(?:member|subscriber|beneficiary|insurance|health plan|medicare|medicaid) (?:id|no|nr|number)\b/, /\b(?:count|type)\b/],
  ['account-number', /\b(?:bank )?(?:account|acct) (?:number|no|nr)\b|\bkontonummer\b/, /\b(?:of|open|count|type)\b/],
  ['licence-number', /\bpassport(?: (?:number|no|nr))?\b|\bdriv(?:er|ers|ing) licen[cs]e(?: (?:number|no))?\b|\blicen[cs]e (?:number|no)\b/, /\b(?:type|country|valid|status|class|flag|years?|age|expired|expiry)\b/],
  ['vehicle-number', /\bvin\b|\blicen[cs]e plate\b|\bnumber plate\b|\bkennzeichen\b/, /\b(?:type|count)\b/],
  ['postal-address', /\b(?:street|home|postal|mailing|billing|shipping|residential|full)? ?address(?: ?line ?\d?| ?\d)?\b|\bstreet(?: name)?\b|\baddr(?:ess)? ?line\b|\bstrasse\b|\bdireccion\b|\bindirizzo\b|\bendereco\b|\bzip ?(?:code)?\b|\bpost(?:al)? ?code\b|\bplz\b|\bcode postal\b|\bcodigo postal\b/, /\b(?:ip|mac|email|mail|url|web|wallet|contract|memory|bus|count|verified|match|months|years|type|age|score|zip3|density|income|population|risk)\b/],
  ['gb-nhs-number', /\bnhs (?:number|no|nr)\b/],
  ['gb-nino', /\bnino\b|\bnational insurance(?: (?:number|no))?\b/],
  ['us-npi', /\bnpi\b/],
  ['br-cpf', /\bcpf\b/],
  ['de-steuer-id', /\bsteuer ?(?:id|identifikationsnummer)\b/],
  ['nl-bsn', /\bbsn\b/],
  ['pl-pesel', /\bpesel\b/],
  ['se-personnummer', /\bpersonnummer\b/],
  ['in-aadhaar', /\baadhaar\b/],
  ['es-dni', /\bdni\b/],
  ['it-codice-fiscale', /\bcodice fiscale\b/],
];

const KNOWN = new Map<string, string | undefined>();
const KNOWN_LIMIT = 10_000;

/** What a field's name says that its whole value is: a detector's id, or nothing. */
export function detectName(fieldName: string): string | undefined {
  if (KNOWN.has(fieldName)) return KNOWN.get(fieldName);
  const words = fieldWords(fieldName);
  const kind = KINDS.find(([, name, not]) => name.test(words) && not?.test(words) !== true)?.[0];
  // Names are the sender's where a contract lets unknown fields in: what is remembered is bounded.
  if (KNOWN.size < KNOWN_LIMIT) KNOWN.set(fieldName, kind);
  return kind;
}
