import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { unsafePattern } from '../../src/contracts/safe-pattern.ts';

/** The time that a match takes, in milliseconds. */
function time(pattern: string, text: string): number {
  const expression = new RegExp(pattern, 'u');
  const before = performance.now();
  expression.test(text);
  return performance.now() - before;
}

describe('a pattern', () => {
  test.each([
    ['^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}$', 34], ['^(?:a|b)$', 10], ['^[0-9]{5}(?:-[0-9]{4})?$', 10], ['^\\p{L}{1,40}$', 40], ['^\\d+$', 300], ['^(ab|cd){1,4}$', 8], ['^a?b?c?$', 3], ['^\\u{1F600}$', 2],
  ])('like %s on %d characters is taken', (pattern, maxLength) => {
    expect(unsafePattern(pattern, maxLength)).toBeUndefined();
  });

  test.each([
    '^(a+)+$', '^(a*)*$', '^(a|a)*$', '^(a|aa)+$', '^(.*)*$', '^([a-z]+)*x$', '^(a?){50}a{50}$', '^(?:(?:a{1,9}){1,9}){1,9}$', '^\\d*\\d*\\d*\\d*x$', '^(x+x+)+y$', '^(?:a|b|ab)*c$', '^.{1,100}.{1,100}.{1,100}$',
  ])('like %s is refused: it has too many ways', (pattern) => {
    expect(unsafePattern(pattern, 100)).toMatch(/too many ways/);
  });

  test.each([
    ['a', /begin with \^/], ['^a', /end with \$/], ['^a|b$', /alternatives outside/], ['^a$b', /goes on/], ['^(?=a)$', /lookaround/], ['^(?<n>a)$', /lookaround/], ['^(?i:a)$', /lookaround/], ['^(a)\\1$', /escape/], ['^\\bA$', /escape/],
    ['^(a$', /not end/], ['^[a$', /set/], ['^*a$', /nothing before/], ['^a**$', /nothing before/], ['^a}$', /bare/], ['^[z-a]$', /regular expression/], ['^\\p{Nope}$', /regular expression/], ['^a{3,1}$', /regular expression/],
  ])('like %s is refused', (pattern, why) => {
    expect(unsafePattern(pattern, 10)).toMatch(why);
  });
});

// Small pieces that together make every catastrophic pattern known, on texts that nearly match.
const piece = fc.constantFrom('a', 'b', '[ab]', '\\w', '.', '(a|b)', '(?:a|ab)', '(a+)', '(?:a{1,3}b?)', '(?:aa?)');
const times = fc.constantFrom('', '?', '+', '*', '{1,3}', '{2,}', '{0,20}', '+?');
const patterns = fc.array(fc.tuple(piece, times), { minLength: 1, maxLength: 5 }).map((parts) => `^${parts.map(([a, b]) => a + b).join('')}$`);

test('no pattern that is taken takes long, on any text that it may be tried on', () => {
  let taken = 0;
  fc.assert(
    fc.property(patterns, fc.integer({ min: 1, max: 60 }), (pattern, maxLength) => {
      if (unsafePattern(pattern, maxLength) !== undefined) return;
      taken++;
      for (const text of ['a'.repeat(maxLength), `${'a'.repeat(maxLength - 1)}!`, 'ab'.repeat(maxLength).slice(0, maxLength - 1).concat('!')]) expect(time(pattern, text)).toBeLessThan(100);
    }),
    { numRuns: 2000 },
  );
  expect(taken).toBeGreaterThan(200);
});
