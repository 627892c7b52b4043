import { fromBase64, fromUtf8 } from './bytes.ts';
import { canonicalize } from './canonical-json.ts';
import { CoreError } from './core-error.ts';
import { openDsse, parseDsse } from './dsse.ts';
import type { JsonValue } from './json-value.ts';
import { parsePayload } from './payload.ts';
import type { Receipt } from './receipt.ts';
import { Shapes } from './shape.ts';
import { parseEd25519Spki, spkiKeyId } from './spki.ts';
import { parseStrictJson } from './strict-json.ts';
import { isTimestamp } from './timestamp.ts';
import { verifyReceipt } from './verify-receipt.ts';
import type { VerifierKey } from './vkey.ts';

/** What a DSSE envelope with an in-toto statement says it holds. */
export const IN_TOTO_TYPE = 'application/vnd.in-toto+json';
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'urn:x-prediction-ledger:evidence-bundle:v1';
/** The entry by which a log names a key that signs its evidence bundles. */
export const EVIDENCE_KEY_OPENED = 'evidence-key-opened';

/** What is attested of a bundle: the digest of its manifest (hex), when by the service's clock, and the log's word for the key. */
export interface Attestation {
  manifest: string;
  signedAt: string;
  key: Receipt;
}

/** What an attestation proves: who signed, by a key that entry `index` of the log names. */
export interface ProvenAttestation {
  manifest: string;
  signedAt: string;
  keyId: string;
  index: number;
}

const is = new Shapes('attestation-malformed');
const SHA256 = is.matching(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hexadecimal');
const parse = is.closed({
  _type: is.oneOf(STATEMENT_TYPE),
  subject: is.list(is.closed({ name: is.oneOf('manifest.json'), digest: is.closed({ sha256: SHA256 }) })),
  predicateType: is.oneOf(PREDICATE_TYPE),
  predicate: is.closed({
    signedAt: is.text,
    key: is.closed({ entry: is.text, salt: is.matching(/^[0-9a-f]{64}$/, 'a salt in lower-case hexadecimal'), payload: is.text, proof: is.text }),
  }),
});
const parseKey = new Shapes('evidence-key-unproven').closed({ publicKey: is.text, keyid: SHA256 });

/** The in-toto Statement v1 that is signed, canonical (RFC 8785). */
export function formatStatement({ manifest, signedAt, key }: Attestation): string {
  const { entry, salt, payload, proof } = key;
  const statement: JsonValue = {
    _type: STATEMENT_TYPE,
    subject: [{ name: 'manifest.json', digest: { sha256: manifest } }],
    predicateType: PREDICATE_TYPE,
    predicate: { signedAt, key: { entry, salt, payload, proof } },
  };
  return canonicalize(statement);
}

/**
 * Checks the envelope in `text`: the log with this vkey holds an entry that names the key, and that key signed the statement.
 * The key is read from the statement before its signature was checked, and believed only because the log names it.
 *
 * @throws CoreError `json-*`, `dsse-malformed`, `attestation-malformed`, `evidence-key-unproven`, `dsse-signature-invalid`
 */
export function verifyAttestation(text: string, vkey: VerifierKey): ProvenAttestation {
  const envelope = parseDsse(text);
  const claimed = parseStatement(fromUtf8(envelope.payload));
  const { publicKey, keyId, index } = provenKey(claimed.key, vkey);
  const { manifest, signedAt } = parseStatement(openDsse(envelope, IN_TOTO_TYPE, publicKey));
  return { manifest, signedAt, keyId, index };
}

function parseStatement(text: string): Attestation {
  const { subject, predicate } = parse(parseStrictJson(text), '');
  const [only, ...others] = subject;
  if (only === undefined || others.length > 0) throw new CoreError('attestation-malformed', 'expected one subject', '/subject');
  if (!isTimestamp(predicate.signedAt)) throw new CoreError('attestation-malformed', 'expected a time', '/predicate/signedAt');
  return { manifest: only.digest.sha256, signedAt: predicate.signedAt, key: predicate.key };
}

/** The key in a receipt of the entry that names it. */
function provenKey(receipt: Receipt, vkey: VerifierKey): { publicKey: Uint8Array; keyId: string; index: number } {
  try {
    const { index, type } = verifyReceipt(receipt, vkey);
    const { principal, body } = parsePayload(receipt.payload);
    if (type !== EVIDENCE_KEY_OPENED || principal !== 'system') throw new CoreError('evidence-key-unproven', `entry ${index} does not name an evidence key`);
    const { publicKey, keyid } = parseKey(body, '/body');
    const der = fromBase64(publicKey);
    if (spkiKeyId(der) !== keyid) throw new CoreError('evidence-key-unproven', 'the key is not the one that its id names');
    return { publicKey: parseEd25519Spki(der), keyId: keyid, index };
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    throw new CoreError('evidence-key-unproven', `key: ${error.message}`, error.at);
  }
}
