import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { DETECTORS } from '../../src/contracts/detector-catalogue.ts';
import { detect, detectInIdentifier, detectNumber } from '../../src/contracts/detectors.ts';
import { fold } from '../../src/contracts/folded-text.ts';
import { redactHits } from '../../src/contracts/redact.ts';

/** What was found, as `detector«text»`. */
function found(text: string, field = 'notes'): string[] {
  return detect(text, field).map(({ detector, offset, length }) => `${detector}«${text.slice(offset, offset + length)}»`);
}

// The numbers are published examples: of the card brands' test pages, the SWIFT registry, HMRC, the NHS data dictionary, tax authorities and registries.
const FOUND: readonly [detector: string, texts: readonly string[]][] = [
  ['card-number', ['4111111111111111', '4111 1111 1111 1111', '5555-5555-5555-4444', '2223003122003222', '3782 822463 10005', '378282246310005', '6011111111111117', '3056 930902 5904', '30569309025904', '3530111333300000', '4222222222222', '6759649826438453', '4111.1111.1111.1111', '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1']],
  ['iban', ['GB82 WEST 1234 5698 7654 32', 'DE89370400440532013000', 'FR14 2004 1010 0505 0001 3M02 606', 'NO93 8601 1117 947', 'MT84MALT011000012345MTLCAST001S', 'SA03 8000 0000 6080 1016 7519', 'gb82west12345698765432']],
  ['us-ssn', ['123-45-6789', '078 05 1120', 'SSN 219099998', 'ssn: 123456789', 'social security no. 123456789']],
  ['us-itin', ['912-70-1234', 'ITIN 912701234']],
  ['us-npi', ['NPI 1234567893', 'npi: 1245319599']],
  ['ca-sin', ['130-692-544', 'SIN 130692544']],
  ['br-cpf', ['111.444.777-35', 'CPF 52998224725']],
  ['de-steuer-id', ['86095742719', '86 095 742 719', '47 036 892 816']],
  ['gb-nhs-number', ['943 476 5919', 'NHS number 9434765919', '401-023-2137']],
  ['gb-nino', ['AB123456C', 'AB 12 34 56 C']],
  ['fr-nir', ['255081416802538', '2 55 08 14 168 025 38', '1 85 05 78 006 084 91', '2 55 08 2A 168 025 97']],
  ['es-dni', ['12345678Z', '12.345.678-Z', '54362315K']],
  ['es-nie', ['X1234567L', 'X-1234567-L', 'Z8078221M']],
  ['it-codice-fiscale', ['RSSMRA85T10A562S', 'RCCMNL83S18D969H', 'MRT MTT 25D09 F205Z']],
  ['nl-bsn', ['BSN 111222333', 'bsn: 123456782']],
  ['pl-pesel', ['PESEL 44051401359', 'pesel 02070803628']],
  ['se-personnummer', ['811218-9876', '19811218-9876', 'personnummer 8112189876']],
  ['no-fodselsnummer', ['15108695088', '151086 95088']],
  ['be-rijksregisternummer', ['85.07.30-033.28', '85073003328']],
  ['ch-ahv', ['756.9217.0769.85', '7569217076985']],
  ['ro-cnp', ['CNP 1630615123457']],
  ['fi-hetu', ['131052-308T', '131052A308T']],
  ['in-aadhaar', ['2341 2341 2346', 'Aadhaar 234123412346']],
  ['in-pan', ['ABCPK1234L']],
  ['cn-resident-id', ['11010519491231002X', '440524188001010014']],
  ['kr-rrn', ['880101-1234567']],
  ['za-id', ['SA ID 9202205000089', '920220 5000 089']],
  ['sg-nric', ['S1234567D', 'G1234567X', 'M1234567K']],
  ['mx-curp', ['BOXW310820HNERXN09']],
  ['email', ['john.doe+x@example.co.uk', 'x@y.example', 'jörg@müller.de', 'иван@пример.рф', 'o\'brien@mail.example.com', 'user@xn--mller-kva.de', 'user@[192.168.2.1]']],
  ['phone', ['(415) 555-0132', '415-555-0132', '1-415-555-0132', '+14155550132', '+44 20 7946 0958', '+49 (0)30 123456', '020 7946 0958', '06 12 34 56 78', '0171/1234567', 'call 4155550132', 'Tel. 5550132']],
  ['ip-address', ['192.168.1.12', '8.8.8.8', '2001:db8::1', 'fe80::1ff:fe23:4567:890a', '2001:0db8:85a3:0000:0000:8a2e:0370:7334', '::ffff:192.0.2.128']],
  ['mac-address', ['00:1B:44:11:3A:B7', '00-1B-44-11-3A-B7']],
  ['url', ['https://example.com/u/john?x=1', 'ftp://files.example.com', 'www.example.com/john']],
  ['birth-date', ['DOB 1980-03-12', 'born 12/03/1980', 'born on March 12, 1980', 'geboren am 12. März 1980', 'Né le 3 mai 1975', 'nacida el 3 de mayo de 1975', 'date of birth: 03.05.75', 'DOB: 19800312']],
  ['person-name', ['John Smith', 'john smith', 'SMITH, JOHN', 'Dr. Zorblatt', 'Frau Müller', 'Patient: Zorb Quux', 'Michael', 'José García', 'Wei Zhang', 'Иван Петров', '患者:王小明']],
  ['postal-address', ['742 Evergreen Terrace', '1600 Pennsylvania Ave, Washington, DC 20500', 'P.O. Box 1234', 'Hauptstraße 12', '12 rue de la Paix', 'Calle Mayor 5', 'Springfield, IL 62704', 'SW1A 1AA', 'Via Roma 12']],
  ['medical-record-number', ['MRN: 00123456', 'MRN 12-34-56', 'medical record number A1234567', 'Fallnummer 4711000', 'patient id 88123']],
  ['health-plan-number', ['member ID: W123456789', 'Medicare no. 12345678']],
  ['account-number', ['account number 12345678', 'acct #00998877']],
  ['licence-number', ['passport no. 533380006', "driver's license D1234567"]],
  ['vehicle-number', ['VIN 1HGCM82633A004352', 'license plate 12345']],
];

describe('detect', () => {
  for (const [detector, texts] of FOUND) {
    it.each(texts)(`finds ${detector}: %s`, (text) => {
      for (const whole of [text, `seen today: ${text}; then nothing`, `(${text})`]) {
        const hits = detect(whole, 'notes');
        expect(hits.map((hit) => hit.detector)).toContain(detector);
      }
    });
  }

  it('finds something for every detector of the catalogue', () => {
    expect(new Set(FOUND.map(([detector]) => detector))).toEqual(new Set(DETECTORS.map(({ id }) => id)));
    expect(new Set(DETECTORS.map(({ id }) => id)).size).toBe(DETECTORS.length);
  });

  it('has the table in docs/design that its catalogue says', async () => {
    const note = await readFile('docs/design/2026-11-27-detectors.md', 'utf8');
    for (const { id, finds, checksum, safeHarbor } of DETECTORS) expect(note).toContain(`| \`${id}\` | ${finds} | ${checksum ?? '—'} | ${safeHarbor} |`);
  });

  it('says where, in order, without overlaps', () => {
    expect(found('Patient John Smith, DOB 03/12/1980, MRN: 00123456, lives at 742 Evergreen Terrace, Springfield, IL 62704. Card 4111 1111 1111 1111.')).toEqual([
      'person-name«John Smith»',
      'birth-date«03/12/1980»',
      'medical-record-number«00123456»',
      'postal-address«742 Evergreen Terrace, Springfield, IL 62704»',
      'card-number«4111 1111 1111 1111»',
    ]);
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...FOUND.flatMap(([, texts]) => texts)), fc.string({ unit: 'grapheme', maxLength: 8 }), fc.constantFrom(' ', '-', ', ', '\n', '@'))), (parts) => {
        const text = parts.join('');
        let past = 0;
        for (const { offset, length } of detect(text, 'x')) {
          expect(offset).toBeGreaterThanOrEqual(past);
          expect(length).toBeGreaterThan(0);
          past = offset + length;
        }
        expect(past).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves nothing to be found once the hits are taken out', () => {
    for (const [detector, texts] of FOUND) for (const text of texts) expect([detector, redactHits(text, detect(text, 'notes'), () => '#')]).not.toEqual([detector, text]);
    const text = 'mail a@b.example or 123-45-6789';
    expect(redactHits(text, detect(text, 'notes'))).toBe('mail [email] or [us-ssn]');
  });

  it('finds a number behind another', () => {
    expect(found('order 12 5555555555554444 and 7 123-45-6789')).toEqual(['card-number«5555555555554444»', 'us-ssn«123-45-6789»']);
  });
});

describe('Unicode', () => {
  it.each([
    ['full-width digits', '4111111111111111', 'card-number'],
    ['Arabic-Indic digits', '٤١١١١١١١١١١١١١١١', 'card-number'],
    ['Devanagari digits', '४१११११११११११११११', 'card-number'],
    ['mathematical digits', '𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏', 'card-number'],
    ['no-break spaces', '4111\u00a01111\u202f1111\u20071111', 'card-number'],
    ['no-break hyphens', '123\u201145\u20116789', 'us-ssn'],
    ['minus and dashes', '123\u221245\u20136789', 'us-ssn'],
    ['zero-width characters in a number', '4111\u200b1111\u200c1111\u20601111', 'card-number'],
    ['zero-width characters in an address', 'jo\u200bhn@exa\u00admple.com', 'email'],
    ['full-width letters', 'john@example.com', 'email'],
    ['combining marks over digits', '123\u0301-45-6789', 'us-ssn'],
    ['accents taken apart', 'Jose\u0301 Garci\u0301a', 'person-name'],
    ['directional marks', '\u202e123-45\u202c-6789', 'us-ssn'],
  ])('sees through %s', (_, text, detector) => {
    const whole = `«${text}» …`;
    const [hit] = detect(whole, 'notes');
    expect(hit?.detector).toBe(detector);
    // What was found covers the original, from its first visible unit to its last.
    const covered = whole.slice(hit?.offset, (hit?.offset ?? 0) + (hit?.length ?? 0));
    expect(text.includes(covered)).toBe(true);
    expect(fold(covered).text).toBe(fold(text).text);
  });

  it('maps every unit of a folded text to a place in the original', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { text: folded, starts, ends } = fold(text);
        if (starts === undefined) return expect(folded.length).toBe(text.length);
        expect(starts).toHaveLength(folded.length);
        expect(starts.every((start, at) => start < (ends?.[at] as number) && (ends?.[at] as number) <= text.length && start >= (starts[at - 1] ?? 0))).toBe(true);
      }),
    );
  });
});

describe('by the field’s name', () => {
  it.each([
    ['firstName', 'Zorb', 'person-name'],
    ['patient_name', 'Zorb Quux', 'person-name'],
    ['e_mail', 'unknown', 'email'],
    ['customerSSN', 'n/a', 'us-ssn'],
    ['dateOfBirth', '1980', 'birth-date'],
    ['mrn', '1', 'medical-record-number'],
    ['zip_code', '94110', 'postal-address'],
    ['homeAddress', 'somewhere', 'postal-address'],
    ['mobile_phone', '1', 'phone'],
    ['ip', 'x', 'ip-address'],
  ])('%s is a hit as a whole', (field, value, detector) => expect(detect(` ${value}`, field)).toEqual([{ detector, offset: 0, length: value.length + 1 }]));

  it.each(['model_name', 'emailDomain', 'email_verified', 'phone_type', 'months_at_address', 'birth_weight', 'name_match_score', 'card_type', 'product', 'address_count', 'passport_country', 'feature_name', 'ip_country'])('%s says nothing', (field) =>
    expect(detect('gold', field)).toEqual([]),
  );

  it('says what a bare number is', () => {
    expect(found('123456789', 'ssn')).toEqual(['us-ssn«123456789»']);
    expect(found('4155550132', 'contact')).toEqual(['phone«4155550132»']);
    expect(detectNumber(4111111111111111, 'amount')).toEqual([{ detector: 'card-number', offset: 0, length: 16 }]);
    expect(detectNumber(123456789, 'ssn')).toEqual([{ detector: 'us-ssn', offset: 0, length: 9 }]);
    expect(detectNumber(4111111111111112, 'amount')).toEqual([]);
    expect(detectNumber(52000, 'income')).toEqual([]);
    expect(detectNumber(0.4111111111111111, 'score')).toEqual([]);
  });
});

describe('detectInIdentifier', () => {
  it.each(['john@example.com', 'app-123-45-6789', '123-45-6789', '4111111111111111', 'p:4111-1111-1111-1111', 'DE89370400440532013000', '+14155550132', '415-555-0132', 'AB123456C', 'john.doe@example.com:1'])('refuses %s', (id) =>
    expect(detectInIdentifier(id)).not.toEqual([]),
  );

  it.each(['01ARZ3NDEKTSV4RRFFQ69G5FAV', '550e8400-e29b-41d4-a716-446655440000', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', 'credit-risk-2026-11-27-000123', 'batch_20261127T135017Z_0001', 'req-1732715417123', 'john-smith-loan'])(
    'takes %s',
    (id) => expect(detectInIdentifier(id)).toEqual([]),
  );
});
