import { describe, expect, test } from '@jest/globals';
import { quantile, ratios, spread } from '../../bench/statistics.ts';
import { judge } from '../../bench/verdict.ts';

describe('quantile', () => {
  test('interpolates between the closest ranks, whatever the order', () => {
    expect(quantile([40, 10, 30, 20], 0.5)).toBe(25);
    expect(quantile([40, 10, 30, 20], 0)).toBe(10);
    expect(quantile([40, 10, 30, 20], 1)).toBe(40);
    expect(quantile([40, 10, 30, 20], 0.25)).toBe(17.5);
    expect(quantile([7], 0.99)).toBe(7);
  });

  test('sorts by value, not by text', () => {
    expect(quantile([9, 100, 10], 0.5)).toBe(10);
  });

  test('refuses to make a figure of nothing', () => {
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });
});

test('a spread tells median, ends and quartiles', () => {
  expect(spread([5, 1, 4, 2, 3])).toEqual({ median: 3, min: 1, low: 2, high: 4, max: 5, rounds: 5 });
});

describe('ratios', () => {
  test('are taken round by round', () => {
    // The machine was half as fast in the second round: the ratio of the two does not see it.
    expect(ratios([60, 30], [100, 50])).toEqual([0.6, 0.6]);
  });

  test('want both sides measured in each round', () => {
    expect(() => ratios([1, 2], [1])).toThrow(RangeError);
  });
});

test('a verdict is by the median, and a limit is kept when it is just reached', () => {
  expect(judge('rate', [0.5, 0.6, 0.9], { atLeast: 0.6 }).met).toBe(true);
  expect(judge('rate', [0.5, 0.59, 0.9], { atLeast: 0.6 }).met).toBe(false);
  expect(judge('tail', [1, 2, 9], { atMost: 2 }).met).toBe(true);
  expect(judge('tail', [1, 2.01, 2.02], { atMost: 2 }).met).toBe(false);
});
