const KEY_BYTES = 8;
const TABLE_BITS = 22;
const MASK = (1 << TABLE_BITS) - 1;

/**
 * Finds any of many texts in a stream of bytes: as they are, in hexadecimal of either case, and in base64 wherever in
 * its groups of three bytes a text may begin.
 */
export class Needles {
  /** Whether the hash of some form's first four bytes falls here: nearly every place is passed over by one look. */
  private readonly first = new Uint8Array(1 << TABLE_BITS);
  private readonly byKey = new Map<string, { form: Buffer; what: string }[]>();
  private readonly longest: number;
  private tail: Buffer = Buffer.alloc(0);
  private readonly found = new Map<string, string>();

  constructor(secrets: Iterable<string>) {
    let longest = KEY_BYTES;
    for (const secret of secrets) {
      for (const [what, form] of formsOf(secret)) {
        if (form.length < KEY_BYTES) throw new RangeError('a planted value is too short to be told from chance');
        const key = form.toString('latin1', 0, KEY_BYTES);
        const others = this.byKey.get(key);
        if (others === undefined) this.byKey.set(key, [{ form, what }]);
        else others.push({ form, what });
        this.first[slot(form, 0)] = 1;
        longest = Math.max(longest, form.length);
      }
    }
    this.longest = longest;
  }

  /** Looks at the next bytes of a place; `end` forgets what came before. */
  look(bytes: Buffer, place: string): void {
    const all = this.tail.length === 0 ? bytes : Buffer.concat([this.tail, bytes]);
    const { first } = this;
    for (let at = 0; at + KEY_BYTES <= all.length; at++) {
      if (first[slot(all, at)] === 0) continue;
      const candidates = this.byKey.get(all.toString('latin1', at, at + KEY_BYTES));
      if (candidates === undefined) continue;
      for (const { form, what } of candidates) if (all.subarray(at, at + form.length).equals(form)) this.found.set(`${what} in ${place}`, place);
    }
    this.tail = all.subarray(Math.max(0, all.length - this.longest + 1));
  }

  end(): void {
    this.tail = Buffer.alloc(0);
  }

  /** What was found, and where; never the values. */
  get findings(): string[] {
    return [...this.found.keys()];
  }
}

function slot(bytes: Buffer, at: number): number {
  return (Math.imul(bytes.readInt32LE(at), 0x9e3779b1) >>> (32 - TABLE_BITS)) & MASK;
}

function* formsOf(secret: string): Generator<[what: string, form: Buffer]> {
  const bytes = Buffer.from(secret);
  yield ['a planted value', bytes];
  yield ['its hexadecimal', Buffer.from(bytes.toString('hex'))];
  yield ['its hexadecimal', Buffer.from(bytes.toString('hex').toUpperCase())];
  for (let before = 0; before < 3; before++) {
    const form = sharedPart(encodedWithin(bytes, before, 0x00), encodedWithin(bytes, before, 0xff));
    if (form.length >= KEY_BYTES) yield ['its base64', Buffer.from(form)];
  }
}

/** Base64 of the bytes with so many before them, and some behind. */
function encodedWithin(bytes: Buffer, before: number, filler: number): string {
  return Buffer.concat([Buffer.alloc(before, filler), bytes, Buffer.alloc(3, filler)]).toString('base64');
}

/** The characters that are the same whatever stands before and behind. */
function sharedPart(one: string, other: string): string {
  let from = 0;
  while (from < one.length && one[from] !== other[from]) from += 1;
  let to = from;
  while (to < one.length && one[to] === other[to]) to += 1;
  return one.slice(from, to);
}
