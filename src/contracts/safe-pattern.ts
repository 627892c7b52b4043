/**
 * How many steps a pattern may take on the longest text that it is tried on. A step is some nanoseconds, so the worst
 * text costs less than a millisecond.
 */
export const MAX_STEPS = 100_000;

/** Not a pattern of the small language below. */
class PatternError extends Error {}

/**
 * Why a pattern may not be used, or undefined when it may. V8 has no time limit for a match, so the cost is bounded before:
 * a backtracking matcher tries at most one path for each way in which the pattern's choices (alternatives, repetitions)
 * can fall, and each path is at most as long as the text. `ways × maxLength` may not pass MAX_STEPS. What cannot be
 * counted so (lookaround, backreference) is not part of the language. A pattern is anchored at both ends, so it is tried
 * at one place alone, and says what the whole value must be.
 *
 * @param maxLength the longest text in UTF-16 code units that the pattern is tried on
 */
export function unsafePattern(pattern: string, maxLength: number): string | undefined {
  try {
    const ways = new PatternReader(pattern, maxLength).read();
    if (ways * maxLength > MAX_STEPS) {
      return `can be tried in too many ways on a text of ${maxLength} characters: give repetitions their bounds ({1,20}), do not nest them, or lower maxLength`;
    }
    // Compiled last: what the reader takes and the engine does not (a range that is out of order) is refused too.
    RegExp(pattern, 'u');
    return undefined;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    return 'is not a regular expression: correct it';
  }
}

/** Recursive descent over `^…$`; each method returns the number of ways in which what it read can be tried. */
class PatternReader {
  private readonly pattern: string;
  private readonly maxLength: number;
  private at = 0;

  constructor(pattern: string, maxLength: number) {
    this.pattern = pattern;
    this.maxLength = maxLength;
  }

  read(): number {
    if (!this.take('^')) throw new PatternError('does not begin with ^: write ^…$, so that the whole value is meant');
    const ways = this.sequence();
    if (!this.take('$')) throw new PatternError(this.pattern[this.at] === '|' ? 'has alternatives outside of a group: write ^(?:a|b)$' : 'does not end with $: write ^…$, so that the whole value is meant');
    if (this.at !== this.pattern.length) throw new PatternError('goes on after $: end it there');
    return ways;
  }

  private take(char: string): boolean {
    if (this.pattern[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private sequence(): number {
    let ways = 1;
    while (this.at < this.pattern.length && !'|)$'.includes(this.pattern[this.at] as string)) {
      const atom = this.atom();
      ways *= this.repeated(atom);
    }
    return ways;
  }

  private atom(): number {
    const char = this.pattern[this.at] as string;
    if (char === '(') return this.group();
    if (char === '[') return this.set();
    if (char === '\\') return this.escape();
    if ('*+?{'.includes(char)) throw new PatternError(`has a ${char} with nothing before it: put what is repeated there`);
    if ('^]}'.includes(char)) throw new PatternError(`has a bare ${char}: escape it`);
    // With the flag u a code point is one atom.
    this.at += (this.pattern.codePointAt(this.at) as number) > 0xffff ? 2 : 1;
    return 1;
  }

  private group(): number {
    this.at++;
    if (this.take('?') && !this.take(':')) throw new PatternError('uses lookaround, a named group or a flag: only (…) and (?:…) are taken');
    let ways = this.sequence();
    while (this.take('|')) ways += this.sequence();
    if (!this.take(')')) throw new PatternError('has a group that does not end: close it');
    return ways;
  }

  private set(): number {
    const end = /^\[(?:\\[^]|[^\]\\])*\]/.exec(this.pattern.slice(this.at));
    if (end === null) throw new PatternError('has a set that does not end: close it with ]');
    this.at += end[0].length;
    return 1;
  }

  private escape(): number {
    const known = /^\\(?:[dDwWsS]|p\{[A-Za-z_=]{1,40}\}|P\{[A-Za-z_=]{1,40}\}|u\{[0-9A-Fa-f]{1,6}\}|u[0-9A-Fa-f]{4}|[\^$\\.*+?()[\]{}|/-])/.exec(this.pattern.slice(this.at));
    if (known === null) throw new PatternError('uses an escape that is not taken (backreference, \\b or a letter without meaning): write the characters themselves');
    this.at += known[0].length;
    return 1;
  }

  /** A quantifier behind an atom, if there is one. Lazy ones try as much. */
  private repeated(ways: number): number {
    const match = /^(?:([*+?])|\{(\d{1,6})(?:(,)(\d{1,6})?)?\})\??/.exec(this.pattern.slice(this.at));
    if (match === null) return ways;
    this.at += match[0].length;
    const [, sign, low, comma, high] = match;
    const least = sign === undefined ? Number(low) : sign === '+' ? 1 : 0;
    const most = sign === '?' ? 1 : sign !== undefined || (comma !== undefined && high === undefined) ? this.maxLength : Number(high ?? low);
    let sum = 0;
    for (let times = least; times <= Math.min(most, this.maxLength) && sum <= MAX_STEPS; times++) sum += ways ** times;
    return Math.max(sum, 1);
  }
}
