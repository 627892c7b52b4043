/** The log that docs/spec shows and test/vectors/spec-example.json holds: the same bytes at every run. */
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { canonicalize } from '../../src/core/canonical-json.ts';
import { commitment } from '../../src/core/commitment.ts';
import { encodeEntry, ZERO_HASH_HEX } from '../../src/core/entry.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { encodePayload, type Payload } from '../../src/core/payload.ts';
import type { ErasedReceipt, Receipt } from '../../src/core/receipt.ts';
import { sha256 } from '../../src/core/sha256.ts';
import { SampleLog } from '../core/sample-log.ts';
import { testSigner } from '../core/test-signer.ts';

export const ORIGIN = 'ledger.example/logs/example';
/** Not a secret: its SHA-256 is the seed of the example's Ed25519 key. */
export const KEY_WORD = 'prediction-ledger example log';
export const signer = testSigner(ORIGIN, KEY_WORD);

/** The example's policy bundle: one of its files has CRLF line ends, which the digest does not see. */
export const POLICY_FILES: Readonly<Record<string, string>> = {
  'retention.yaml': 'predictions:\r\n  keep: P7Y\r\n',
  'roles/producer.yaml': 'allow:\n  - append prediction\n',
};
export const POLICY_DIGESTS = Object.fromEntries(
  Object.entries(POLICY_FILES).map(([path, text]) => [path, digest(text.replaceAll('\r\n', '\n'))]),
);
export const POLICY = digest(canonicalize(POLICY_DIGESTS));

function digest(text: string): string {
  return toHex(sha256(utf8(text)));
}

const PRODUCER = 'prn_5e1f0c9a7b3d2846aa17c0de';
const PREDICTION = {
  id: '01JD9YQ8',
  model: 'credit-risk',
  version: '3.2.0',
  inputs: { age: 41, income: 52000 },
  output: { label: 'default', score: 0.81 },
  decision: { automated: true, outcome: 'declined', reasons: ['income'], threshold: 0.7 },
};
const prediction = (changes: Record<string, JsonValue>): Payload => ({
  type: 'prediction',
  v: 1,
  principal: PRODUCER,
  rule: 'producer-appends-predictions',
  contract: null,
  body: { ...PREDICTION, ...changes },
});
const bySystem = (type: string, body: JsonValue): Payload => ({
  type,
  v: 1,
  principal: 'system',
  rule: 'system',
  contract: null,
  body,
});

export const ERASED_INDEX = 4;
const ERASED_INDICES = [ERASED_INDEX];

export const PAYLOADS: readonly Payload[] = [
  bySystem('log-opened', {
    tenant: 'example',
    log: 'example',
    origin: ORIGIN,
    open: true,
    vkey: signer.vkey,
    predecessor: null,
  }),
  bySystem('policy-activated', { digest: POLICY, files: POLICY_DIGESTS }),
  bySystem('api-key-issued', {
    principal: PRODUCER,
    role: 'producer',
    prefix: 'pl_0a1b2c3d',
    digest: digest('not a key'),
  }),
  prediction({}),
  prediction({ id: '01JD9YQ9', inputs: { age: 29, income: 38000 }, output: { label: 'repay', score: 0.12 } }),
  prediction({ id: '01JD9YQA', output: { label: 'default', score: 1e-7 } }),
  bySystem('erasure', { indices: { count: ERASED_INDICES.length, digest: digest(canonicalize(ERASED_INDICES)) } }),
  prediction({ id: '01JD9YQB', purpose: 'crédit "A" €' }),
  prediction({ id: '01JD9YQC', parents: ['01JD9YQ8'] }),
];

export const SIZE = PAYLOADS.length;
export const EARLIER_SIZE = 7;

/** Salt of entry `index`: fixed here, 32 random bytes in a real log. */
export function saltOf(index: number): Uint8Array {
  return sha256(utf8(`salt ${index}`));
}

export const payloadTexts = PAYLOADS.map(encodePayload);
export const log = new SampleLog(ORIGIN, signer);
for (const [index, payload] of PAYLOADS.entries()) {
  log.appendBytes(
    encodeEntry({
      v: 1,
      origin: ORIGIN,
      index,
      // Entries 3 and 4 were committed together.
      time: new Date(Date.UTC(2026, 10, 22, 9) + (index === 4 ? 3 : index) * 1500).toISOString(),
      type: payload.type,
      commitment: toHex(commitment(saltOf(index), utf8(payloadTexts[index] as string))),
      policy: POLICY,
      prev: index === 0 ? ZERO_HASH_HEX : toHex(leafHash(log.entries[index - 1] as Uint8Array)),
    }),
  );
}

export async function receiptOf(index: number): Promise<Receipt> {
  const payload = payloadTexts[index] as string;
  return { entry: log.entryText(index), salt: toHex(saltOf(index)), payload, proof: await log.proof(index) };
}

export async function erasedReceipt(): Promise<ErasedReceipt> {
  const erasure = PAYLOADS.findIndex(({ type }) => type === 'erasure');
  return {
    entry: log.entryText(ERASED_INDEX),
    proof: await log.proof(ERASED_INDEX),
    erasure: { ...(await receiptOf(erasure)), indices: ERASED_INDICES },
  };
}
