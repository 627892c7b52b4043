import { describe, expect, test } from '@jest/globals';
import { countRefused } from '../../bench/refused.ts';

const accepted = { id: 'x', index: 1, status: 201 };
const refused = { status: 429, problem: { type: 'about:blank', status: 429 } };
const faulty = { status: 422, problem: { type: 'about:blank', status: 422 } };

describe('countRefused', () => {
  test('of single records goes by the status', () => {
    expect(countRefused(201, '', 1, [])).toBe(0);
    expect(countRefused(429, '', 1, [429, 503])).toBe(1);
    expect(countRefused(429, '', 1, [])).toBeUndefined();
    expect(countRefused(500, '', 1, [429, 503])).toBeUndefined();
    expect(countRefused(302, '', 1, [])).toBeUndefined();
  });

  test('of a batch looks into the results', () => {
    expect(countRefused(200, JSON.stringify([accepted, accepted]), 2, [])).toBe(0);
    expect(countRefused(200, JSON.stringify({ results: [accepted, refused, refused] }), 3, [429])).toBe(2);
    expect(countRefused(503, 'not JSON', 3, [429, 503])).toBe(3);
  });

  test('finds what may not be in a batch', () => {
    expect(countRefused(200, JSON.stringify({ results: [accepted, refused] }), 2, [])).toBeUndefined();
    expect(countRefused(200, JSON.stringify({ results: [accepted, faulty] }), 2, [429])).toBeUndefined();
    expect(countRefused(200, JSON.stringify({ results: [accepted] }), 2, [429])).toBeUndefined();
  });
});
