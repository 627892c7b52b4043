import { GIVEN_NAMES, GIVEN_NAMES_THAT_ARE_WORDS } from './given-names.ts';
import { SURNAMES } from './surnames.ts';

/** What a word of the dictionary may be. */
export const GIVEN = 1;
/** A given name that is a word, a place or a make as well: it counts only before a surname. */
export const UNSURE = 2;
export const SURNAME = 4;
/** What stands before a name: Mr, Frau, Dr. */
export const TITLE = 8;
/** What says that a date of birth follows. */
export const BIRTH = 16;
/** What stands in an address: Street, Avenue, rue. */
export const STREET = 32;
/** What says that a name follows: `Patient:`, `Name:`. */
export const NAMED = 64;
/** What says that a number follows which has no form of its own: MRN, passport, account. */
export const NUMBERED = 128;

const LISTS: readonly (readonly [kind: number, words: string])[] = [
  [GIVEN, GIVEN_NAMES],
  [UNSURE, GIVEN_NAMES_THAT_ARE_WORDS],
  [SURNAME, SURNAMES],
  [TITLE, 'mr mrs ms miss mx dr prof sir dame lady lord herr frau hr fr monsieur madame mademoiselle mme mlle sr sra srta senor senora don dona signor signora sig dott dottssa dhr mevr mevrouw meneer pan pani г гн госпожа господин'],
  [BIRTH, 'dob birth birthday birthdate birthdates born geb geboren geburtsdatum geburtstag ne nee naissance nacimiento nacido nacida nato nata nascita nascido nascida nascimento geboortedatum urodzony urodzona fodd fodelsedatum syntynyt рожден рождения'],
  [STREET, 'street st avenue ave road rd boulevard blvd lane ln drive dr court ct place pl square sq terrace way parkway pkwy circle cir highway hwy crescent close rue allee chemin impasse quai calle avenida plaza paseo via viale piazza corso rua travessa box'],
  [NAMED, 'name patient paciente patientin nom nombre nome naam navn namn nachname vorname apellido apellidos prenom cognome surname'],
  [NUMBERED, 'mrn medical med patient patienten patientennummer chart hospital fall fallnummer encounter nhc ipp mpi ehr member subscriber beneficiary health insurance medicare medicaid mbi krankenversicherten versicherten versichertennummer account acct konto kontonummer compte cuenta conto routing sort passport reisepass passeport pasaporte license licence dl fuhrerschein permis certificate vin plate kennzeichen chassis'],
];

/** Word (folded, lower case) → kinds. */
export const WORDS: ReadonlyMap<string, number> = readLists();

function readLists(): Map<string, number> {
  const words = new Map<string, number>();
  for (const [kind, list] of LISTS) for (const word of list.split(/\s+/)) if (word !== '') words.set(word, (words.get(word) ?? 0) | kind);
  return words;
}

/** A word's hash, unit by unit, without regard to case. */
export function wordHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + (code < 128 ? code | 32 : String.fromCharCode(code).toLowerCase().charCodeAt(0))) | 0;
}

/** One for each hash (its low 16 bits) that a word of the dictionary has: most words of a text need no look-up. */
export const WORD_BITS = new Uint8Array(65_536);
for (const word of WORDS.keys()) {
  let hash = 0;
  for (let at = 0; at < word.length; at += 1) hash = wordHash(hash, word.charCodeAt(at));
  WORD_BITS[hash & 0xffff] = 1;
}
