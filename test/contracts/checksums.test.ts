import { describe, expect, it } from '@jest/globals';
import { isDay, luhn, mod11and10, mod11and2, mod97, verhoeff } from '../../src/contracts/checksums.ts';
import { detect } from '../../src/contracts/detectors.ts';

// Vectors: ISO/IEC 7812 (Luhn), the Bundeszentralamt für Steuern, GB 11643, UIDAI's test numbers, ISO 13616.
const CHECKS: readonly [name: string, check: (text: string) => boolean, vectors: readonly string[]][] = [
  ['Luhn', luhn, ['79927398713', '4111111111111111', '378282246310005', '808401234567893']],
  ['MOD 11,10', mod11and10, ['86095742719', '47036892816', '65929970489']],
  ['MOD 11-2', mod11and2, ['11010519491231002X', '440524188001010014']],
  ['Verhoeff', verhoeff, ['2363', '234123412346']],
  ['MOD 97-10', (text) => mod97(text) === 1, ['WEST12345698765432GB82', '370400440532013000DE89']],
];

describe('checksums', () => {
  for (const [name, check, vectors] of CHECKS) {
    it.each(vectors)(`${name} holds for %s, and for no number with one digit changed`, (vector) => {
      expect(check(vector)).toBe(true);
      for (let at = 0; at < vector.length; at += 1) {
        if (!/\d/.test(vector.charAt(at))) continue;
        for (let digit = 0; digit < 10; digit += 1) if (String(digit) !== vector.charAt(at)) expect(check(vector.slice(0, at) + digit + vector.slice(at + 1))).toBe(false);
      }
    });
  }

  it('knows the days of months', () => {
    expect([isDay(2, 29), isDay(2, 30), isDay(4, 31), isDay(12, 31), isDay(0, 1), isDay(13, 1), isDay(1, 0)]).toEqual([true, false, false, true, false, false, false]);
  });
});

// Each with its last digit or letter, the check, changed in every way: none may be found as what it was.
const CHECKED: readonly [detector: string, value: string][] = [
  ['card-number', '4111111111111111'],
  ['card-number', '378282246310005'],
  ['iban', 'DE89370400440532013000'],
  ['de-steuer-id', '86095742719'],
  ['gb-nhs-number', '943 476 5919'],
  ['fr-nir', '255081416802538'],
  ['es-dni', '12345678Z'],
  ['es-nie', 'X1234567L'],
  ['it-codice-fiscale', 'RSSMRA85T10A562S'],
  ['pl-pesel', 'PESEL 44051401359'],
  ['nl-bsn', 'BSN 111222333'],
  ['se-personnummer', '811218-9876'],
  ['no-fodselsnummer', '15108695088'],
  ['be-rijksregisternummer', '85.07.30-033.28'],
  ['ch-ahv', '756.9217.0769.85'],
  ['ro-cnp', 'CNP 1630615123457'],
  ['fi-hetu', '131052-308T'],
  ['br-cpf', '111.444.777-35'],
  ['ca-sin', '130-692-544'],
  ['us-npi', 'NPI 1234567893'],
  ['in-aadhaar', '2341 2341 2346'],
  ['cn-resident-id', '440524188001010014'],
  ['sg-nric', 'S1234567D'],
  ['mx-curp', 'BOXW310820HNERXN09'],
];

describe('a number whose check does not hold', () => {
  it.each(CHECKED)('is no %s: %s with another check', (detector, value) => {
    const last = value.slice(-1);
    const others = /\d/.test(last) ? [...'0123456789'] : Array.from({ length: 26 }, (_, letter) => String.fromCharCode(65 + letter));
    expect(detect(value, 'x').map((hit) => hit.detector)).toEqual([detector]);
    for (const other of others) if (other !== last) expect(detect(value.slice(0, -1) + other, 'x').map((hit) => hit.detector)).not.toContain(detector);
  });

  it.each(['000-12-3456', '666-12-3456', '900-12-3456', '123-00-4567', '123-45-0000', '1234-56-789', '123-456-789'])('is no SSN: %s', (value) => expect(detect(value, 'x').map(({ detector }) => detector)).not.toContain('us-ssn'));

  it.each(['BG123456C', 'QQ123456C', 'AB123456E', 'DA123456C', 'AO123456C', 'ZZ123456A'])('is no NINO: %s', (value) => expect(detect(value, 'x')).toEqual([]));

  it.each(['GB82WEST123456987654321', 'GB82WEST1234569876543', 'XX82WEST12345698765432', 'DE00370400440532013000'])('is no IBAN: %s', (value) => expect(detect(value, 'x').map(({ detector }) => detector)).not.toContain('iban'));
});
