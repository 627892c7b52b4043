import { fromUtf8 } from './bytes.ts';
import { canonicalize } from './canonical-json.ts';
import { CoreError } from './core-error.ts';
import type { JsonValue } from './json-value.ts';
import { Shapes, type Shape } from './shape.ts';
import { parseStrictJson } from './strict-json.ts';
import { isTimestamp } from './timestamp.ts';

/** Forms of the documents of an evidence bundle (docs/spec/bundle.md), read as what they are: somebody else's claims. */
const is = new Shapes('evidence-malformed');
const SHA256 = is.matching(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hexadecimal');
const TIME: Shape<string> = (value, at) => {
  if (typeof value === 'string' && isTimestamp(value)) return value;
  throw new CoreError('evidence-malformed', `expected a time at ${at}`, at);
};
const VERDICT = is.oneOf('evidenced', 'partial', 'not_evidenced', 'contradicted', 'unevaluable');
const STRENGTH = is.oneOf('direct', 'supporting', 'indicative');
const FILE = { path: is.text, bytes: is.count, sha256: SHA256 };
const PERIOD = is.closed({ from: TIME, to: TIME });
const ASSERTION = is.matching(/^[a-z][a-z0-9-]{0,63}$/, 'the name of an assertion');

/** What a population or a control comes to. */
export type Verdict = ReturnType<typeof VERDICT>;

/** `manifest.json`. */
export const parseManifest = is.closed({
  v: is.oneOf(1),
  framework: is.closed({ id: is.text, title: is.text, edition: is.text, path: is.text, digest: SHA256 }),
  period: PERIOD,
  log: is.closed({ origin: is.text, size: is.count, root: SHA256, first: is.orNull(is.count), last: is.orNull(is.count), time: TIME }),
  nonce: SHA256,
  view: is.closed({ principal: is.text, role: is.text, rule: is.text, policy: SHA256, receipts: is.truth }),
  erasures: is.closed({ count: is.count }),
  files: is.list(is.closed(FILE)),
  populations: is.list(is.closed({ assertion: ASSERTION, envelope: is.text, verdict: VERDICT })),
});
export type BundleManifest = ReturnType<typeof parseManifest>;

/** `controls.json`. */
export const parseControls = is.closed({
  v: is.oneOf(1),
  framework: is.text,
  controls: is.list(
    is.closed({
      id: is.text,
      title: is.text,
      text: is.text,
      quoted: is.truth,
      cites: is.text,
      verdict: VERDICT,
      assertions: is.list(is.closed({ id: ASSERTION, verdict: VERDICT, strength: STRENGTH, caveat: is.text })),
    }),
  ),
});
export type BundleControls = ReturnType<typeof parseControls>;

/** `populations/<assertion>/envelope.json`. */
export const parseEnvelope = is.closed({
  v: is.oneOf(1),
  assertion: ASSERTION,
  name: is.text,
  question: is.text,
  controls: is.list(is.text),
  query: is.closed({ name: is.text, v: is.count, parameters: is.named(is.any), digest: SHA256 }),
  source: is.closed({ origin: is.text, first: is.orNull(is.count), last: is.orNull(is.count), size: is.count, root: SHA256, checkpoint: is.oneOf('log/checkpoint') }),
  asOf: TIME,
  period: PERIOD,
  generatedBy: is.closed({ principal: is.text, role: is.text, policy: SHA256 }),
  basis: is.oneOf('entries', 'aggregate'),
  columns: is.list(is.closed({ name: is.text, type: is.oneOf('text', 'number', 'truth', 'time'), nullable: is.truth, meaning: is.text })),
  rowCount: is.count,
  rows: is.closed(FILE),
  csv: is.closed(FILE),
  controlTotals: is.list(is.closed({ name: is.text, left: is.named(is.count), right: is.named(is.count), holds: is.truth })),
  gapCheck: is.orNull(
    is.closed({ of: is.text, expected: is.count, found: is.count, gapCount: is.count, gaps: is.list(is.closed({ from: is.count, to: is.count }, { of: is.text })) }),
  ),
  exclusions: is.list(is.closed({ rule: is.text, count: is.count, lost: is.truth })),
  samples: is.list(
    is.closed({ control: is.text, method: is.oneOf('seeded', 'all'), seed: SHA256, n: is.count, rows: is.list(is.count), file: is.closed(FILE) }),
  ),
  exceptions: is.closed({ ...FILE, count: is.count, reasons: is.named(is.count) }),
  rule: is.oneOf('no-exceptions', 'due', 'present', 'listed', 'never'),
  verdict: VERDICT,
  because: is.text,
  strength: STRENGTH,
  caveat: is.text,
});
export type BundleEnvelope = ReturnType<typeof parseEnvelope>;

/** A line of `exceptions.jsonl`. */
export const parseException = is.closed({
  row: is.orNull(is.count),
  index: is.orNull(is.count),
  why: is.text,
  text: is.text,
  disposition: is.orNull(is.count),
});

/** One row: exactly the population's columns. */
export type BundleRow = Record<string, string | number | boolean | null>;

/** A line of `samples/<assertion>/<control>.jsonl`; `values` is compared with the row as it is. */
export const parseSampleLine = is.closed(
  { row: is.count, values: is.any, entry: is.orNull(is.text), proof: is.orNull(is.text) },
  { payload: is.text, salt: is.matching(/^[0-9a-f]{64}$/, 'a salt in lower-case hexadecimal') },
);
export type BundleSampleLine = ReturnType<typeof parseSampleLine>;

/** `log/vkeys.json`. */
export const parseVkeys = is.closed({ keys: is.list(is.closed({ vkey: is.text, firstIndex: is.count })) });

/** A line of `log/consistency.jsonl`. */
export const parseConsistency = is.closed({
  from: is.closed({ size: is.count, root: SHA256, note: is.text }),
  to: is.closed({ size: is.count, root: SHA256 }),
  hashes: is.list(is.text),
});

/**
 * The document in a text that is canonical (RFC 8785).
 *
 * @throws CoreError `encoding-utf8`, `json-*`, `evidence-malformed`
 */
export function readDocument<T>(bytes: Uint8Array, shape: Shape<T>): T {
  const text = fromUtf8(bytes);
  const value: JsonValue = parseStrictJson(text);
  if (canonicalize(value) !== text) throw new CoreError('evidence-malformed', 'it is not the canonical JSON (RFC 8785) of itself', '');
  return shape(value, '');
}

/** Reads a row of these columns. */
export function rowShape(columns: BundleEnvelope['columns']): Shape<BundleRow> {
  const number: Shape<number> = (value, at) => {
    if (typeof value === 'number') return value;
    throw new CoreError('evidence-malformed', `expected a number at ${at}`, at);
  };
  const forms = { text: is.text, number, truth: is.truth, time: TIME };
  const members: { [name: string]: Shape<BundleRow[string]> } = {};
  for (const { name, type, nullable } of columns) members[name] = nullable ? is.orNull<string | number | boolean>(forms[type]) : forms[type];
  return is.closed<BundleRow>(members);
}
