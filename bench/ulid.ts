// Crockford's base 32: no I, L, O, U (github.com/ulid/spec).
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** All pairs of letters, so that ten random bits cost one look-up. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => ALPHABET.charAt(bits >> 5) + ALPHABET.charAt(bits & 31));

export const ULID_LENGTH = 26;

let lastTime = -1;
let timePart = '';

/** A ULID: 48 bits of milliseconds, then 80 random bits; time-ordered, as the ids of real producers are. */
export function ulid(now: number): string {
  if (now !== lastTime) {
    lastTime = now;
    timePart = encodeTime(now);
  }
  return timePart + fortyBits() + fortyBits();
}

function encodeTime(milliseconds: number): string {
  let text = '';
  for (let rest = milliseconds, digit = 0; digit < 10; digit += 1) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** Eight letters. Math.random has 52 bits; ids here must be different, not secret. */
function fortyBits(): string {
  const high = Math.floor(Math.random() * 1048576);
  const low = Math.floor(Math.random() * 1048576);
  return pair(high >> 10) + pair(high & 1023) + pair(low >> 10) + pair(low & 1023);
}

function pair(bits: number): string {
  return PAIRS[bits] as string; // 0 <= bits < 1024 by the masks above
}
