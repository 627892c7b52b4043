import { NATIONAL_IDS } from './detect-national-id.ts';
import { LETTERED_IDS } from './lettered-ids.ts';

/** The letters of the eighteen classes of identifiers in 45 CFR 164.514(b)(2)(i). */
export type SafeHarborClass = 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M' | 'N' | 'O' | 'P' | 'Q' | 'R';

/** What one detector finds, and by what. */
export interface Detector {
  id: string;
  finds: string;
  /** The check that a hit has passed; absent where a form, a label or a dictionary is all there is. */
  checksum?: string;
  safeHarbor: SafeHarborClass;
}

/** Every detector: a closed list. A policy names detectors by these ids. */
export const DETECTORS: readonly Detector[] = [
  { id: 'card-number', finds: 'payment card numbers, by issuer range and length', checksum: 'Luhn', safeHarbor: 'J' },
  { id: 'iban', finds: 'IBANs, by the length of their country', checksum: 'ISO/IEC 7064 MOD 97-10', safeHarbor: 'J' },
  ...nationalDetectors(),
  { id: 'email', finds: 'e-mail addresses, of any script', safeHarbor: 'F' },
  { id: 'phone', finds: 'phone and fax numbers: with + and country code, in the North American form, with a trunk 0 and groups, or beside a label', safeHarbor: 'D' },
  { id: 'ip-address', finds: 'IPv4 and IPv6 addresses, loopback and unspecified ones left out', safeHarbor: 'O' },
  { id: 'mac-address', finds: 'MAC addresses', safeHarbor: 'M' },
  { id: 'url', finds: 'URLs with a scheme, or that start with www.', safeHarbor: 'N' },
  { id: 'birth-date', finds: 'dates that a label or the field’s name calls a date of birth', safeHarbor: 'C' },
  { id: 'person-name', finds: 'names, by field name, label, title, and a dictionary of frequent given names and surnames', safeHarbor: 'A' },
  { id: 'postal-address', finds: 'street addresses, post-office boxes, city with state and ZIP, British postcodes: a guess', safeHarbor: 'B' },
  { id: 'medical-record-number', finds: 'medical record and patient numbers, by field name or label', safeHarbor: 'H' },
  { id: 'health-plan-number', finds: 'health plan, member and insurance numbers, by field name or label', safeHarbor: 'I' },
  { id: 'account-number', finds: 'account numbers, by field name or label', safeHarbor: 'J' },
  { id: 'licence-number', finds: 'passport, licence and certificate numbers, by field name or label', safeHarbor: 'K' },
  { id: 'vehicle-number', finds: 'vehicle identification numbers and plates, by field name or label', safeHarbor: 'L' },
];

/** Ids with several forms (digits alone, with letters, with a century) are one detector. */
function nationalDetectors(): Detector[] {
  const detectors = new Map<string, Detector>();
  for (const { id, finds, checksum } of [...NATIONAL_IDS, ...LETTERED_IDS]) {
    const safeHarbor = id === 'us-ssn' || id === 'us-itin' ? 'G' : id === 'us-npi' ? 'K' : 'R';
    if (!detectors.has(id)) detectors.set(id, { id, finds, ...(checksum === undefined || checksum.startsWith('none') ? {} : { checksum }), safeHarbor });
  }
  return [...detectors.values()];
}
