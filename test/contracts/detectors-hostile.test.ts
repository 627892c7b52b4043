import { describe, expect, it } from '@jest/globals';
import { detect, detectInIdentifier } from '../../src/contracts/detectors.ts';
import { detectName } from '../../src/contracts/field-kind.ts';

// What makes patterns go back and forth: openings without an end, near misses, and runs of what a pattern repeats.
const UNITS: readonly [what: string, unit: string][] = [
  ['digits in one run', '1'],
  ['digits with spaces', '1 '],
  ['digits with hyphens', '4-'],
  ['fours of a card', '4111 1111 1111 1112 '],
  ['fours in a row', '4111-'],
  ['SSN-like', '000-12-3456 '],
  ['nine digits', '123456789 '],
  ['at signs', '@'],
  ['local parts', 'a.b-c+d'],
  ['a@', 'a@'],
  ['a@b.', 'a@b.'],
  ['domain labels', 'a@b-c.d-'],
  ['quoted local parts', '"@'],
  ['colons', ':'],
  ['hexadecimal and colons', 'ab:12:'],
  ['double colons', '1::'],
  ['points', '1.'],
  ['URLs begun', '://'],
  ['URLs', 'http://a.b/c '],
  ['a URL without an end', 'http://'],
  ['www', 'www.'],
  ['plus signs', '+1 '],
  ['brackets', '(1)'],
  ['letters', 'a'],
  ['capitals', 'A'],
  ['capitals and digits', 'A1'],
  ['capitals with spaces', 'A '],
  ['IBANs that do not end', 'GB82 '],
  ['IBAN letters', 'DE89A'],
  ['NINO-like', 'AB 12 '],
  ['codice fiscale begun', 'RSS MRA 85'],
  ['given names', 'John '],
  ['names and hyphens', 'John-'],
  ['initials', 'John J. '],
  ['titles', 'Dr. '],
  ['labels', 'Name: '],
  ['patients', 'patient no '],
  ['medical record labels', 'MRN 1 '],
  ['accounts', 'account no id # 1'],
  ['born', 'born '],
  ['born and digits', 'born 1/1/'],
  ['streets', 'Street '],
  ['numbers and streets', '1 A Street '],
  ['capitalised words and a street', 'Ab Cd Ef Gh Ij Street '],
  ['rues', 'rue '],
  ['rues and particles', 'rue de la '],
  ['compound streets', 'Astr 1'],
  ['cities and states', 'Ab Cd, CA 1234 '],
  ['ZIP codes', 'CA 12345 '],
  ['postcodes', 'SW1A 1'],
  ['P.O. boxes', 'P.O. Box '],
  ['UUID-like', '12345678-1234-'],
  ['MAC-like', '00-1B-'],
  ['zero-width characters', '1\u200b'],
  ['full-width digits', '1'],
  ['Han', '先生'],
  ['Han labels', '姓名:'],
  ['marks', '\u0301'],
  ['tabs and newlines', '\t\n'],
  ['white space', ' '],
];

// A quarter of the longest payload (docs/spec/payloads.md) tells linear from quadratic as well as all of it. DETECTORS_HOSTILE_BYTES=1048576 tries more.
const SIZE = Number(process.env['DETECTORS_HOSTILE_BYTES'] ?? 65_536);
const EIGHTH = SIZE / 8;

/** Milliseconds of CPU. */
function cost(text: string, find: (text: string) => unknown): number {
  const start = process.cpuUsage();
  find(text);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function repeat(unit: string, size: number): string {
  return unit.repeat(Math.ceil(size / unit.length)).slice(0, size);
}

describe('detect', () => {
  it.each(UNITS)('is linear over a long run of %s', (_, unit) => {
    detect(repeat(unit, 10_000), 'notes');
    const eighth = cost(repeat(unit, EIGHTH), (text) => detect(text, 'notes'));
    const whole = cost(repeat(unit, SIZE), (text) => detect(text, 'notes'));
    // Eight times the text takes eight times the time, give or take what a collector of garbage does; a quadratic search would take 64 times as long.
    expect(whole).toBeLessThan(Math.max(500, eighth * 20));
    expect(whole).toBeLessThan(10_000);
  });
});

describe('a text full of hits', () => {
  it.each(['Dr. Who ', '王先生', 'a@b.example ', '123-45-6789 ', 'MRN 12345 ', 'http://a.b/c '])('does not overflow the stack: %s', (unit) => {
    expect(detect(unit.repeat(150_000), 'notes').length).toBeGreaterThanOrEqual(75_000);
  });
});

describe('detectInIdentifier', () => {
  it.each(UNITS)('is quick over the longest identifier of %s', (_, unit) => {
    expect(cost(repeat(unit, 256), (text) => detectInIdentifier(text))).toBeLessThan(100);
  });
});

describe('detectName', () => {
  it.each(UNITS)('takes a long name of %s', (_, unit) => {
    expect(cost(repeat(unit, SIZE), (text) => detectName(text + Math.random()))).toBeLessThan(200);
  });
});
