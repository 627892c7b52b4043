import { expect, test } from '@jest/globals';
import { attributeType, isActionOn, type AttributesOf } from '../../src/access/catalogue.ts';
import { ME, roleOf } from './role-of.ts';

// What a condition means as a file has it, from its text to the decision.

const reads = (when: string, attributes: AttributesOf<'prediction'>): boolean => roleOf(`effect: allow, actions: [read], resources: [prediction], when: ${when}`).decide(ME, 'read', 'prediction', attributes).allowed;
const faultOf = (when: string, resource = 'prediction', action = 'read'): string => {
  try {
    roleOf(`effect: allow, actions: [${action}], resources: [${resource}], when: ${when}`);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('all tests of an object must hold: of several attributes, and of one', () => {
  const both = '{ model: { eq: a }, version: { eq: "1" } }';
  expect([reads(both, { model: 'a', version: '1' }), reads(both, { model: 'a', version: '2' }), reads(both, { model: 'b', version: '1' }), reads(both, { model: 'a' })]).toEqual([true, false, false, false]);
  const between = '{ index: { gte: 5, lt: 8 } }';
  expect([4, 5, 7, 8].map((index) => reads(between, { index }))).toEqual([false, true, true, false]);
});

test('all and any nest, and stand beside attributes', () => {
  const nested = '{ model: { eq: a }, any: [{ version: { eq: "1" } }, { all: [{ version: { eq: "2" } }, { deployment: { absent: true } }] }] }';
  const cases = [['a', '1', 'live'], ['a', '2', null], ['a', '2', 'live'], ['b', '1', null], ['a', '3', null]] as const;
  expect(cases.map(([model, version, deployment]) => reads(nested, { model, version, deployment }))).toEqual([true, true, false, false, false]);
});

test('a time is an instant, a date its midnight in UTC', () => {
  const at = Date.parse('2026-01-01T00:00:00Z');
  expect([reads('{ time: { gte: 2026-01-01 } }', { time: at }), reads('{ time: { gte: 2026-01-01 } }', { time: at - 1 })]).toEqual([true, false]);
  expect([reads('{ time: { lt: 2026-01-01T01:00:00+01:00 } }', { time: at - 1 }), reads('{ time: { lt: 2026-01-01T01:00:00+01:00 } }', { time: at })]).toEqual([true, false]);
  for (const text of ['2026-02-30', '2026-13-01', '2026-01-01T00:00:00', '"1 January 2026"', '"2026"', '"Thu, 01 Jan 2026 00:00:00 GMT"']) expect([text, faultOf(`{ time: { gte: ${text} } }`)]).toEqual([text, expect.stringContaining('is not an RFC 3339 time')]);
});

test('what is of another type, or of another resource, is refused', () => {
  expect(faultOf('{ index: { gte: $principal.id } }')).toContain('is a text, and the attribute a number');
  expect(faultOf('{ own: { eq: $principal.id } }')).toContain('is a text, and the attribute a truth');
  expect(faultOf('{ index: { in: $principal.models } }')).toContain('is a text, and the attribute a number');
  expect(faultOf('{ model: { eq: $principal.models } }')).toContain('is a list');
  expect(faultOf('{ model: { in: $principal.id } }')).toContain('is no list');
  expect(faultOf('{ model: { eq: $principal.name } }')).toContain('is not a variable');
  expect(faultOf('{ model: { in: [$principal.id] } }')).toContain('is not a variable');
  expect(faultOf('{ index: { gte: "5" } }')).toContain('is not a number');
  expect(faultOf('{ model: { gte: a } }')).toContain('does not order a text');
  expect(faultOf('{ model: { eq: a } }', 'log')).toContain('is no attribute of a log');
  expect(faultOf('{ index: { eq: 1 } }', 'prediction, quarantine')).toContain('is no attribute of a quarantine');
});

test('what every object inherits is no attribute of anything', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf']) {
    expect([name, attributeType('prediction', name), attributeType('log', name)]).toEqual([name, undefined, undefined]);
    expect(isActionOn(name as 'read', 'prediction')).toBe(false);
    expect(faultOf(`{ ${name}: { exists: true } }`)).not.toBe('');
  }
});

test('what a rule is limited to stays with it', () => {
  const role = roleOf('effect: allow, actions: [read], resources: [prediction], fields: [output], when: { model: { eq: a } }', 'effect: deny, actions: [read], resources: [prediction], when: { version: { eq: "1" } }');
  expect(role.decide(ME, 'read', 'prediction', { model: 'a', version: '2' })).toMatchObject({ allowed: true, fields: { allowed: ['output'] } });
  expect(role.decide(ME, 'read', 'prediction', { model: 'a', version: '1' })).toMatchObject({ allowed: false, rule: 'r1' });
  expect(role.decide(ME, 'read', 'prediction', { model: 'b', version: '2' })).toMatchObject({ allowed: false, rule: 'none' });
});
