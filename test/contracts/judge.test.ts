import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Contract } from '../../src/contracts/contract.ts';
import type { Judgement } from '../../src/contracts/judgement.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import type { Prediction } from '../../src/predictions/prediction.ts';
import { contractsOf, LOAN } from './loan-contract.ts';

/** The loan contract, with some of its text changed. */
function contract(...changes: [from: string, to: string][]): Contract {
  const text = changes.reduce((before, [from, to]) => before.replace(from, () => to), LOAN);
  const found = contractsOf({ 'contracts/loan.yaml': text }).of('loan-model', 'default');
  if (found === undefined) throw new Error('no contract');
  return found;
}

type Parts = Record<string, JsonValue>;
const INPUTS = { age: 41, city: 'Rome', email: 'jo@b.example', birth: '1985-02-03', jobs: [{ months: 12 }] };

function loan(inputs: Parts = {}, rest: Parts = {}): Prediction {
  return JSON.parse(JSON.stringify({
    id: 'a-1', model: 'loan-model', version: '1', subject: 'c-1', inputs: { ...INPUTS, ...inputs }, output: { score: 0.5 }, decision: { outcome: 'declined', reasons: ['income'] }, ...rest,
  })) as Prediction;
}

/** `place code` of every fault. */
function faults(judgement: Judgement): string[] {
  return judgement.verdict === 'accepted' ? [] : judgement.faults.map(({ at, code }) => `${at} ${code}`);
}

describe('the form of a field', () => {
  const loans = contract();
  test.each<[string, Parts, string[]]>([
    ['is right', {}, []],
    ['a type', { age: '41' }, ['/inputs/age type']],
    ['a whole number', { age: 41.5 }, ['/inputs/age type']],
    ['a range', { age: 17 }, ['/inputs/age minimum']],
    ['a length', { city: `R${'o'.repeat(100)}` }, ['/inputs/city maxLength']],
    ['a pattern', { city: 'rome' }, ['/inputs/city pattern']],
    ['a date', { birth: '1985-02-30' }, ['/inputs/birth format']],
    ['a list’s length', { jobs: Array.from({ length: 11 }, () => ({ months: 1 })) }, ['/inputs/jobs maxItems']],
    ['a field in a list', { jobs: [{ months: 1 }, { months: 'x' }] }, ['/inputs/jobs/1/months type']],
    ['a field that is not known', { shoe: 43 }, ['/inputs/shoe unknown-field']],
    ['a field in a list that is not known', { jobs: [{ boss: true }] }, ['/inputs/jobs/0/boss unknown-field']],
    ['null', { age: null }, ['/inputs/age type']],
  ])('is asked for: %s', (_what, inputs, expected) => {
    expect(faults(loans.judge(loan(inputs)))).toEqual(expected);
  });

  test('is asked for with every reason at once, and rules wait for it', () => {
    const judgement = loans.judge(loan({ age: 3, city: 'x', shoe: 1 }, { subject: undefined as unknown as JsonValue, purpose: 'marketing', decision: { outcome: 'maybe' } }));
    expect(faults(judgement).sort()).toEqual([
      '/decision/outcome enum', '/decision/reasons missing-field', '/inputs/age minimum', '/inputs/city pattern', '/inputs/shoe unknown-field', '/purpose purpose-not-allowed', '/subject missing-field',
    ]);
  });

  test('may be null where the contract says so', () => {
    const nullable = contract(['    meaning: City', '    nullable: true\n    meaning: City']);
    expect(nullable.judge(loan({ city: null })).verdict).toBe('accepted');
  });
});

describe('a rule across fields', () => {
  test('is broken by what it does not hold of, and by what it cannot be asked of', () => {
    const rule = contract(['expression: inputs.age >= 18', 'expression: \'inputs.age < 100 && (!has(inputs.jobs) || inputs.jobs.all(j, j.months > 1))\'']);
    expect(rule.judge(loan()).verdict).toBe('accepted');
    expect(rule.judge(loan({ age: 100 }))).toEqual({ verdict: 'refused', faults: [{ at: '', code: 'rule-broken', detail: 'of-age: the applicant is of age' }] });
    expect(faults(rule.judge(loan({ jobs: [{ months: 1 }] })))).toEqual([' rule-broken']);
    expect(faults(rule.judge(loan({ jobs: [{}] })))).toEqual([' rule-broken']);
  });

  test('about decisions is not asked where there is none', () => {
    const rule = contract(['require: [decision, reasons]', 'require: []'], ['expression: inputs.age >= 18', 'expression: decision.outcome == "declined"']);
    const { decision: _decision, ...rest } = loan();
    expect(rule.judge(rest).verdict).toBe('accepted');
    expect(faults(rule.judge(loan({}, { decision: { outcome: 'accepted' } })))).toEqual([' rule-broken']);
  });
});

describe('a field that the contract does not know', () => {
  test('is dropped and counted, with what stands in it, wherever it stands', () => {
    const dropping = contract(['unknownFields: refuse', 'unknownFields: drop']);
    const record = loan({ shoe: 43, note: 'call jo@b.example', jobs: [{ months: 1, boss: 'x' }] }, { explanation: { counterfactual: { hat: 1, age: 50 } } });
    expect(dropping.judge(record)).toMatchObject({ verdict: 'accepted', handling: { droppedUnknown: 4 } });
    expect(record.inputs).toEqual({ age: 41, city: 'Rome', email: 'jo@b.example', birth: 1985, jobs: [{ months: 1 }] });
    expect(record.explanation).toEqual({ counterfactual: { age: 50 } });
  });

  test('puts the record into quarantine, unless something refuses it', () => {
    const quarantining = contract(['unknownFields: refuse', 'unknownFields: quarantine\nquarantineExpiry: P3D']);
    const record = loan({ shoe: 43 });
    expect(quarantining.judge(record)).toMatchObject({ verdict: 'quarantined', expires: 'P3D', faults: [{ at: '/inputs/shoe', code: 'unknown-field' }] });
    expect(record).toEqual(loan({ shoe: 43 }));
    expect(faults(quarantining.judge(loan({ shoe: 43, age: 1 })))).toEqual(['/inputs/age minimum', '/inputs/shoe unknown-field']);
  });
});

describe('what looks like a person', () => {
  const NOTE = '  note: {use: known, type: string, maxLength: 200, meaning: A note., freeText: true}\noutput:\n';
  const text = 'write to jane.roe@clinic.example or 078-05-1120';
  const noted = (onHit: string): Contract => contract(['output:\n', NOTE], ['onHit: refuse', onHit]);

  test('is refused by place and detector, never by value', () => {
    const judgement = noted('onHit: refuse').judge(loan({ note: text }));
    expect(faults(judgement)).toContain('/inputs/note personal-data');
    expect(JSON.stringify(judgement)).not.toMatch(/jane|078/);
  });

  test('becomes a token in its place in the text', () => {
    const record = loan({ note: text });
    const judgement = noted('onHit: tokenize').judge(record);
    if (judgement.verdict !== 'accepted') throw new Error(JSON.stringify(judgement));
    for (const original of judgement.originals) original.put('▮');
    expect(record.inputs['note']).toBe('write to ▮ or ▮');
    expect(judgement.handling?.hits).toMatchObject([{ at: '/inputs/note', detector: 'email', offset: 9, length: 23, did: 'tokenized' }, { at: '/inputs/note', offset: 36, length: 11 }]);
    expect(judgement.handling?.tokenized).toEqual(['/inputs/email']);
  });

  test('puts the record into quarantine', () => {
    expect(noted('onHit: quarantine\nquarantineExpiry: P1D').judge(loan({ note: text })).verdict).toBe('quarantined');
  });

  test('is refused in ids, parents, traces and keys', () => {
    const loans = contract();
    const who = 'jane.roe@clinic.example';
    expect(faults(loans.judge(loan({}, { id: who, parents: ['a', who], trace: who, explanation: { attributions: { [who]: 1 } } })))).toEqual([
      '/id personal-data', '/parents/1 personal-data', '/trace personal-data', '/explanation/attributions personal-data',
    ]);
  });
});

// Values that are found again wherever they are left.
const secret = fc.stringMatching(/^[a-z]{3,9}SECRET[a-z]{3,9}$/);
const anything = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value).replaceAll('"__proto__":', '"proto":')) as JsonValue);
const record = fc.record({ inputs: fc.dictionary(fc.string(), anything), output: fc.dictionary(fc.string(), anything), age: anything, email: fc.oneof(secret, anything), jobs: anything, outcome: fc.string({ minLength: 1 }) });

test('judging never throws, whatever the fields hold, and changes nothing of what is not accepted', () => {
  const variants = [contract(), contract(['unknownFields: refuse', 'unknownFields: drop']), contract(['unknownFields: refuse', 'unknownFields: quarantine\nquarantineExpiry: P3D'], ['onHit: refuse', 'onHit: tokenize'])];
  fc.assert(
    fc.property(record, fc.constantFrom(...variants), ({ inputs, output, age, email, jobs, outcome }, variant) => {
      const sent = loan({ ...inputs, age, email, jobs }, { output: { score: 0.5, ...output }, decision: { outcome, reasons: ['x'] }, explanation: { counterfactual: inputs } });
      const before = JSON.stringify(sent);
      const judgement = variant.judge(sent);
      if (judgement.verdict !== 'accepted') expect(JSON.stringify(sent)).toBe(before);
      else expect(judgement.handling === undefined).toBe(JSON.stringify(sent) === before && judgement.originals.length === 0);
    }),
    { numRuns: 500 },
  );
});

test('no value of a field that becomes a token is left, and no fault holds one', () => {
  const deep = LOAN.replace('    type: string\n    maxLength: 254', '    type: any\n    unit: none');
  const loans = contractsOf({ 'contracts/loan.yaml': deep }).of('loan-model', 'default') as Contract;
  const tree = fc.letrec<{ node: JsonValue }>((tie) => ({ node: fc.oneof({ maxDepth: 4 }, secret, fc.array(tie('node'), { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('node'))) as fc.Arbitrary<JsonValue> })).node;
  fc.assert(
    fc.property(tree, fc.oneof(fc.constant(41), secret), (email, age) => {
      const sent = loan({ email, age });
      const judgement = loans.judge(sent);
      if (judgement.verdict === 'accepted') {
        for (const original of judgement.originals) original.put('tok');
        expect(JSON.stringify(sent) + JSON.stringify(judgement.handling)).not.toContain('SECRET');
      } else expect(JSON.stringify(judgement)).not.toContain('SECRET');
    }),
    { numRuns: 500 },
  );
});

test('a deterministic token without a subject to be linked within is a random one', () => {
  const linked = contract(['subject: required', 'subject: optional'], ['{mode: token}', '{mode: deterministic-token, within: subject}']);
  expect(linked.judge(loan())).toMatchObject({ originals: [{ mode: 'deterministic', across: 'subject' }] });
  const { subject: _subject, ...rest } = loan();
  expect(linked.judge(rest)).toMatchObject({ originals: [{ mode: 'random' }] });
});
