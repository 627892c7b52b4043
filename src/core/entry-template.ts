import { utf8 } from './bytes.ts';
import { writeString } from './canonical-json.ts';
import { MAX_ENTRY_BYTES, type Entry } from './entry.ts';
import { HASH_BYTES } from './merkle-tree.ts';

/** An entry that was parsed, by words of four bytes, and which of its bits every entry of its form has as well. */
interface Image {
  length: number;
  /** Where in the scratch buffer the words stand that have such bits, the bits, and which ones they are. */
  places: Uint16Array;
  bits: Int32Array;
  masks: Int32Array;
  /** Where in the scratch buffer members begin whose bits differ, and how many digits the index has. */
  index: number;
  indexDigits: number;
  prev: number;
  time: number;
}

const MAX_IMAGES = 32;
const HASH_DIGITS = 2 * HASH_BYTES;
const TIME_BYTES = 'YYYY-MM-DDTHH:MM:SS.sssZ'.length;
const DATE_BYTES = 'YYYY-MM-DDT'.length;

// Value of a lower-case hexadecimal digit; 0xff for any other byte.
const HEX = new Uint8Array(256).fill(0xff);
for (const [value, digit] of utf8('0123456789abcdef').entries()) HEX[digit] = value;

// The entry in question, where it can be read by words. Matching runs to its end, so one buffer serves all.
// It begins one byte in, so that the commitment fills sixteen words.
const START = 1;
const scratch = new Uint8Array(START + MAX_ENTRY_BYTES);
const scratchWords = new Int32Array(scratch.buffer);
const COMMITMENT = START + '{"commitment":"'.length;

/**
 * Recognizes the next entry of a log by its bytes, so that a whole log is verified in a fraction of the time that
 * parsing takes.
 *
 * It says yes only to an entry that differs from a parsed one in commitment, index, prev and time alone, and whose
 * four are well-formed and link to the entry before; such an entry `parseEntry` accepts too. A no says nothing: the
 * caller parses, and lets the template learn (a new type, policy or day, one more digit in the index).
 */
export class EntryTemplate {
  readonly #images: Image[] = [];
  readonly #lastTime = new Uint8Array(TIME_BYTES);

  /** Whether `bytes` are the next valid entry: this index, this prev, and no earlier than the last entry. */
  matches(bytes: Uint8Array, index: number, prev: Uint8Array): boolean {
    let copied = false;
    // The newest first: those of fewer digits in the index are older.
    for (let i = this.#images.length - 1; i >= 0; i--) {
      const image = this.#images[i] as Image; // 0 ≤ i < length
      if (image.length !== bytes.length) continue;
      if (!copied) scratch.set(bytes, START);
      copied = true;
      if (!agrees(image)) continue;
      return (
        holdsNumber(image.index, image.indexDigits, index) &&
        holdsHash(image.prev, prev) &&
        isHash(COMMITMENT) &&
        this.#takeTime(image.time)
      );
    }
    return false;
  }

  /** Remembers an entry. Precondition: `parseEntry` gave it for these bytes, and it is the log's next. */
  learn(bytes: Uint8Array, entry: Entry): void {
    const [time, tail] = [utf8(entry.time), utf8(`","type":${writeString(entry.type)},"v":1}`)];
    this.#lastTime.set(time);
    // The members of canonical JSON stand in the order of their names, so each has its place from either end.
    const index = COMMITMENT + HASH_DIGITS + '","index":'.length;
    const indexDigits = String(entry.index).length;
    const timeAt = START + bytes.length - tail.length - TIME_BYTES;
    const prev = timeAt - '","time":"'.length - HASH_DIGITS;
    scratch.set(bytes, START);
    // One that is known was parsed for its day alone.
    if (this.#images.some((image) => image.length === bytes.length && agrees(image))) return;
    const mask = new Uint8Array(Math.ceil((START + bytes.length) / 4) * 4).fill(0xff, START, START + bytes.length);
    mask.fill(0, COMMITMENT, COMMITMENT + HASH_DIGITS);
    mask.fill(0, index, index + indexDigits);
    mask.fill(0, prev, prev + HASH_DIGITS);
    mask.fill(0, timeAt, timeAt + TIME_BYTES);
    const words = [...new Int32Array(mask.buffer).entries()].filter(([, bits]) => bits !== 0);
    if (this.#images.length === MAX_IMAGES) this.#images.shift();
    this.#images.push({
      length: bytes.length,
      places: Uint16Array.from(words, ([place]) => place),
      bits: Int32Array.from(words, ([place, bits]) => (scratchWords[place] as number) & bits),
      masks: Int32Array.from(words, ([, bits]) => bits),
      index,
      indexDigits,
      prev,
      time: timeAt,
    });
  }

  /** Time of the last entry that matched or was learned. */
  get lastTime(): string {
    return String.fromCharCode(...this.#lastTime);
  }

  /** Takes a time of the last one's day that is not before it. */
  #takeTime(start: number): boolean {
    const last = this.#lastTime;
    let i = 0;
    while (i < TIME_BYTES && scratch[start + i] === last[i]) i++;
    if (i === TIME_BYTES) return true;
    if (i < DATE_BYTES || byteAt(start + i) < (last[i] as number)) return false;
    if (!isTimeOfDay(start + DATE_BYTES)) return false;
    for (; i < TIME_BYTES; i++) last[i] = byteAt(start + i);
    return true;
  }
}

function agrees({ places, bits, masks }: Image): boolean {
  for (let i = 0; i < places.length; i++) {
    const word = scratchWords[places[i] as number] as number;
    if ((word & (masks[i] as number)) !== bits[i]) return false;
  }
  return true;
}

// The members lie within the scratch buffer, so there is a byte.
function byteAt(at: number): number {
  return scratch[at] as number;
}

function hexDigitAt(at: number): number {
  return HEX[byteAt(at)] as number; // the table has a value for every byte
}

/** Whether 64 lower-case hexadecimal digits stand there, four at a time. Precondition: `start` is a multiple of 4. */
function isHash(start: number): boolean {
  let all = ~0;
  for (let i = start / 4; i < (start + HASH_DIGITS) / 4; i++) {
    const word = scratchWords[i] as number;
    // Of bytes below 0x80, adding 0x80 - x sets the highest bit of those from x on, and carries nothing over.
    const digit = (word + 0x50505050) & ~(word + 0x46464646);
    const letter = (word + 0x1f1f1f1f) & ~(word + 0x19191919);
    all &= (digit | letter) & ~word;
  }
  return (all & 0x80808080) === (0x80808080 | 0);
}

function holdsHash(start: number, hash: Uint8Array): boolean {
  for (let i = 0; i < HASH_BYTES; i++) {
    if (((hexDigitAt(start + 2 * i) << 4) | hexDigitAt(start + 2 * i + 1)) !== hash[i]) return false;
  }
  return true;
}

/** Whether `value` stands there in just so many decimal digits, without leading zeros. */
function holdsNumber(start: number, digits: number, value: number): boolean {
  let rest = value;
  for (let i = start + digits - 1; i >= start; i--) {
    if (byteAt(i) !== 0x30 + (rest % 10)) return false;
    rest = Math.floor(rest / 10);
  }
  return rest === 0 && (digits === 1 || byteAt(start) !== 0x30);
}

/** Whether `HH:MM:SS.sssZ` stands at `at`, with real hours, minutes and seconds. */
function isTimeOfDay(at: number): boolean {
  return (
    twoDigits(at) < 24 &&
    byteAt(at + 2) === 0x3a &&
    twoDigits(at + 3) < 60 &&
    byteAt(at + 5) === 0x3a &&
    twoDigits(at + 6) < 60 &&
    byteAt(at + 8) === 0x2e &&
    twoDigits(at + 9) < 100 &&
    isDigit(byteAt(at + 11)) &&
    byteAt(at + 12) === 0x5a
  );
}

/** The number of two digits, 100 when there are none. */
function twoDigits(at: number): number {
  const tens = byteAt(at);
  const ones = byteAt(at + 1);
  return isDigit(tens) && isDigit(ones) ? tens * 10 + ones - 0x30 * 11 : 100;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
