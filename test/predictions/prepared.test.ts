import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalize } from '../../src/core/canonical-json.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import { parsePayload } from '../../src/core/payload.ts';
import type { Serving } from '../../src/models/serving.ts';
import { contentDigest, draftPrediction, readPosted, type Posted } from '../../src/predictions/prepared.ts';
import { plainVault } from '../../bench/servers/plain-vault.ts';
import { contractsOf, LOAN } from '../contracts/loan-contract.ts';
import { decodeOpening } from '../../src/vault/opening.ts';
import { jsonValue } from '../core/json-arbitrary.ts';

const BY = { principal: 'prn_0123456789abcdef01234567', rule: 'producer-appends-predictions' };
const prepared = (record: unknown): Posted => readPosted(Buffer.from(JSON.stringify(record)), 32);

const APPROVED: Serving = { action: 'accept', words: [], text: undefined, bits: undefined, until: undefined, quarantineFor: 'P1D' };

/** The payload that is made of it, by a vault that stores it as it is. */
async function payloadOf(record: unknown, serving = APPROVED): Promise<string> {
  const draft = await draftPrediction(plainVault(), prepared(record), { ...BY, contract: 'default@1.0.0', originals: [], handling: undefined, touched: [], serving, stays: () => true });
  return Buffer.from(decodeOpening(draft.sealed)?.payload ?? []).toString();
}

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:+@/-]{0,20}$/);
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:~@+=-]{0,20}$/);
const label = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => /^[^\p{Cc}]+$/u.test(text));
const trace = fc.stringMatching(/^[\x21-\x7e]{1,40}$/);
const object = fc.dictionary(fc.string({ maxLength: 5 }).filter((key) => key !== '__proto__' && key !== 'constructor'), jsonValue, { maxKeys: 5, noNullPrototype: true });
const record = fc.record(
  {
    id, model: name, version: name, inputs: object, output: object, trace, subject: label, purpose: label, deployment: name,
    decision: fc.record({ outcome: label, threshold: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }) }, { requiredKeys: ['outcome'] }),
    parents: fc.uniqueArray(id, { maxLength: 3 }),
  },
  { requiredKeys: ['id', 'model', 'version', 'inputs', 'output'] },
);

describe('a payload', () => {
  test('is the canonical JSON of what was posted, trace included, with an opaque id in the place of the data subject', async () => {
    await fc.assert(
      fc.asyncProperty(record, async (posted) => {
        const payload = await payloadOf(posted);
        const body = { ...posted, ...(posted.subject !== undefined && { subject: 'sub_000000000000000000000000' }) };
        const whole = { body, contract: 'default@1.0.0', principal: BY.principal, rule: BY.rule, type: 'prediction', v: 3 };
        expect(payload).toBe(canonicalize(JSON.parse(JSON.stringify(whole)) as JsonValue));
        expect(parsePayload(payload).type).toBe('prediction');
      }),
      { numRuns: 500 },
    );
  });
});

describe('the payload of a version that is not approved', () => {
  test('says so, in canonical form', async () => {
    const serving: Serving = { ...APPROVED, words: ['rejected-version', 'retired-version'], text: '["rejected-version","retired-version"]', bits: 20 };
    await fc.assert(
      fc.asyncProperty(record, async (posted) => {
        const { body, ...rest } = JSON.parse(await payloadOf(posted, serving)) as { body: { [name: string]: JsonValue } };
        expect(body['exceptions']).toEqual(['rejected-version', 'retired-version']);
        expect(await payloadOf(posted, serving)).toBe(canonicalize({ body, ...rest }));
      }),
      { numRuns: 100 },
    );
  });
});

describe('the payload of a record that its contract changes', () => {
  const dropping = LOAN.replace('unknownFields: refuse', 'unknownFields: drop').replace('onHit: refuse', 'onHit: tokenize').replace('require: [decision, reasons]', 'require: []');
  const contracts = [dropping, dropping.replace(/decision:\n(?: .*\n)+/, '')].map((text) => contractsOf({ 'contracts/loan.yaml': text }).of('loan-model', 'default'));
  const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
  const fields = fc.record({
    age: fc.integer({ min: 18, max: 120 }), city: some(fc.constantFrom('Rome', 'Oslo')), email: some(fc.string({ maxLength: 20 })), birth: some(fc.constant('1985-02-03')),
    jobs: some(fc.array(fc.record({ months: fc.nat(100), boss: label }, { requiredKeys: ['months'] }), { maxLength: 3 })), unknown: some(jsonValue),
  });
  const loan = fc.record({
    inputs: fields, output: fc.record({ score: fc.double({ min: 0, max: 1, noNaN: true }), unknown: some(jsonValue) }), subject: label, trace: some(trace), purpose: some(fc.constant('credit-decision')),
    decision: some(fc.record({ outcome: fc.constantFrom('declined', 'accepted') })), explanation: some(fc.record({ counterfactual: some(fields) })),
  });

  test('is the canonical JSON of what it has become', async () => {
    const verdicts = new Set<string>();
    await fc.assert(
      fc.asyncProperty(loan, fc.constantFrom(...contracts), async (posted, contract) => {
        const read = prepared({ id: 'a-1', model: 'loan-model', version: '1', ...posted });
        const judgement = contract?.judge(read.prediction);
        verdicts.add(judgement?.verdict ?? 'none');
        if (judgement?.verdict !== 'accepted') return;
        const { originals, handling, touched } = judgement;
        for (const told of [...(handling?.tokenized ?? []), ...(handling?.generalized ?? [])]) expect(touched).toContain(told.split('/')[1]);
        const draft = await draftPrediction(plainVault(), read, { ...BY, contract: null, originals, handling: handling as JsonValue | undefined, touched, serving: APPROVED, stays: () => true });
        // Tokens stand in the record itself by now.
        const body = JSON.parse(JSON.stringify({ ...read.prediction, subject: 'sub_000000000000000000000000', handling })) as JsonValue;
        const { payload } = decodeOpening(draft.sealed) ?? {};
        expect(Buffer.from(payload ?? []).toString()).toBe(canonicalize({ body, contract: null, principal: BY.principal, rule: BY.rule, type: 'prediction', v: 3 }));
      }),
      { numRuns: 400 },
    );
    expect(verdicts).toContain('accepted');
  });
});

describe('the content that tells the same record from another', () => {
  test('does not depend on the order of keys, white space or trace', () => {
    fc.assert(
      fc.property(record, trace, (posted, other) => {
        const { trace: _trace, ...rest } = posted;
        const again = Object.fromEntries([...Object.entries({ ...rest, trace: other })].reverse());
        expect(readPosted(Buffer.from(JSON.stringify(again, null, 2)), 32).content).toBe(prepared(posted).content);
        expect(prepared(rest).content).toBe(prepared(posted).content);
      }),
      { numRuns: 300 },
    );
  });

  test('is another for any other record', () => {
    fc.assert(
      fc.property(record, record, (one, other) => {
        const [a, b] = [prepared(one), prepared(other)];
        const { trace: _a, ...first } = one;
        const { trace: _b, ...second } = other;
        expect(a.content === b.content).toBe(canonicalize(JSON.parse(JSON.stringify(first)) as JsonValue) === canonicalize(JSON.parse(JSON.stringify(second)) as JsonValue));
      }),
      { numRuns: 300 },
    );
  });

  test('has a digest that only its salt gives, and that is no commitment', () => {
    const [salt, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const digest = contentDigest(salt, '{"id":"a"}');
    expect(digest).toHaveLength(32);
    expect(contentDigest(salt, '{"id":"a"}')).toEqual(digest);
    expect(contentDigest(other, '{"id":"a"}')).not.toEqual(digest);
    expect(contentDigest(salt, '{"id":"b"}')).not.toEqual(digest);
  });
});
