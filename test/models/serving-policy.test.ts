import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { PolicyError } from '../../src/ledger/policy-error.ts';
import { MODELS_PATH, ServingPolicy } from '../../src/models/serving-policy.ts';

const SHIPPED = readFileSync('policies/models.yaml', 'utf8');
const of = (text: string): ServingPolicy => new ServingPolicy({ texts: new Map([[MODELS_PATH, text]]) });

describe('policies/models.yaml', () => {
  test('as shipped takes every version in', () => {
    expect(of(SHIPPED).of('any', 'default')).toEqual({ unknown: 'accept', unapproved: 'accept', rejected: 'accept', withdrawn: 'accept', retired: 'accept', quarantineFor: 'P30D' });
  });

  test('what names model and tenant goes before what names the model, and that before everything else', () => {
    const policy = of(`${SHIPPED}models:\n  - models: [a]\n    unknown: quarantine\n  - models: [a]\n    tenants: [bank]\n    unknown: refuse\n`);
    expect([policy.of('a', 'bank'), policy.of('a', 'other'), policy.of('b', 'bank')].map(({ unknown }) => unknown)).toEqual(['refuse', 'quarantine', 'accept']);
  });

  test.each<[string, string, RegExp]>([
    ['a misspelt action', SHIPPED.replace('unknown: accept', 'unknown: acept'), /^models\.yaml:4: .*must be equal to one of the allowed values/],
    ['a missing case', SHIPPED.replace('  retired: accept\n', ''), /^models\.yaml:2: .*'retired'/],
    ['an unknown key', `${SHIPPED}everyone: {}\n`, /^models\.yaml:18: .*everyone is not a word that is known here/],
    ['a quarantine without an end', SHIPPED.replace('P30D', 'P0D'), /^models\.yaml:11: .*must match pattern/],
    ['a model that is named twice', `${SHIPPED}models:\n  - models: [a]\n  - models: [b, a]\n`, /^models\.yaml:20: .*is named above already, for the same tenants: say it in one place/],
  ])('%s is refused with its line', (_what, text, fault) => {
    expect(() => of(text)).toThrow(PolicyError);
    expect(() => of(text)).toThrow(expect.objectContaining({ message: expect.stringMatching(fault) }));
  });

  test('must be there', () => {
    expect(() => new ServingPolicy({ texts: new Map() })).toThrow(/models\.yaml:1: is missing: put the shipped file back/);
  });
});
