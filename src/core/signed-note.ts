import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, fromBase64, toBase64, toHex, utf8 } from './bytes.ts';
import { CoreError } from './core-error.ts';
import { ED25519, isKeyName, KEY_ID_BYTES, type VerifierKey } from './vkey.ts';

/** Largest note, in bytes. The standard asks for a limit and leaves its value open. */
export const MAX_NOTE_BYTES = 1_000_000;
/** Most signature lines in a note; the standard requires 16 to be accepted. */
export const MAX_NOTE_SIGNATURES = 100;

/** One signature line: `keyId` is 4 bytes, `signature` at least one. */
export interface NoteSignature {
  name: string;
  keyId: Uint8Array;
  signature: Uint8Array;
}

/** A note taken apart, nothing of it verified. `text` ends in a newline. */
export interface SignedNote {
  text: string;
  signatures: NoteSignature[];
}

/** What signs a note under a name; `sign` gets the text's UTF-8 bytes. */
export interface NoteSigner {
  name: string;
  keyId: Uint8Array;
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

const SIGNATURE_PREFIX = '\u2014 ';
// c2sp.org/signed-note, "Format": valid UTF-8 without control characters below U+0020 other than newline.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const FORBIDDEN = /[\u0000-\u0009\u000b-\u001f\p{Surrogate}]/u;

/**
 * Takes a note apart by c2sp.org/signed-note. Its text must not be used before `verifyNote` has accepted it.
 *
 * @throws CoreError `note-malformed`, `at` the line, counted from 1, where a line is to blame
 */
export function parseNote(note: string): SignedNote {
  if (note.length > MAX_NOTE_BYTES || utf8(note).length > MAX_NOTE_BYTES) {
    throw malformed(`longer than ${MAX_NOTE_BYTES} bytes`);
  }
  if (FORBIDDEN.test(note)) throw malformed('a control character or a lone surrogate');
  // The text may hold empty lines; the last one parts it from the signatures.
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0 || !note.endsWith('\n')) throw malformed('expected text, an empty line, and whole signature lines');
  const text = note.slice(0, blank + 1);
  const lines = note.slice(blank + 2, -1).split('\n');
  if (lines.length > MAX_NOTE_SIGNATURES) throw malformed(`more than ${MAX_NOTE_SIGNATURES} signature lines`);
  const firstLine = text.split('\n').length + 1;
  return { text, signatures: lines.map((line, i) => parseSignature(line, String(firstLine + i))) };
}

function parseSignature(line: string, at: string): NoteSignature {
  const [name, encoded, ...rest] = line.startsWith(SIGNATURE_PREFIX) ? line.slice(2).split(' ') : [];
  if (name === undefined || encoded === undefined || rest.length > 0 || !isKeyName(name)) {
    throw malformed('a signature line is "\u2014 name base64"', at);
  }
  const bytes = decodeSignature(encoded, at);
  if (bytes.length <= KEY_ID_BYTES) throw malformed('a signature is 4 bytes of key ID and the signature', at);
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) };
}

function decodeSignature(encoded: string, at: string): Uint8Array {
  try {
    return fromBase64(encoded);
  } catch {
    throw malformed('a signature is padded base64', at);
  }
}

/** Writes a note that `parseNote` reads as the same. @throws CoreError `note-malformed` */
export function formatNote(note: SignedNote): string {
  if (!note.text.endsWith('\n')) throw malformed('the text ends in a newline');
  if (note.signatures.length === 0) throw malformed('a note has at least one signature line');
  const lines = note.signatures.map(({ name, keyId, signature }) => {
    if (!isKeyName(name) || keyId.length !== KEY_ID_BYTES || signature.length === 0) {
      throw malformed(`the signature by ${JSON.stringify(name)} cannot be written`);
    }
    return `${SIGNATURE_PREFIX}${name} ${toBase64(concat(keyId, signature))}\n`;
  });
  const text = `${note.text}\n${lines.join('')}`;
  if (text.length > MAX_NOTE_BYTES || utf8(text).length > MAX_NOTE_BYTES || lines.length > MAX_NOTE_SIGNATURES) {
    throw malformed(`a note has at most ${MAX_NOTE_BYTES} bytes and ${MAX_NOTE_SIGNATURES} signatures`);
  }
  if (FORBIDDEN.test(text)) throw malformed('a control character or a lone surrogate');
  return text;
}

/**
 * The note that signs `text` (which ends in a newline) with each signer, in order.
 *
 * @throws CoreError `note-malformed`
 */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  const message = utf8(text);
  const signatures: NoteSignature[] = [];
  for (const { name, keyId, sign } of signers) signatures.push({ name, keyId, signature: await sign(message) });
  return formatNote({ text, signatures });
}

/**
 * Opens a note: every line by a known (name, key ID) must verify, at least one must be there, all others are ignored.
 * A key that signed twice is told once; both of its lines are checked.
 *
 * @param keys Ed25519 keys (type 0x01), no two with the same name and key ID
 * @throws CoreError `note-malformed`, `note-signature-invalid`, `note-unsigned`, or `vkey-malformed` for other keys
 */
export function verifyNote(note: string, keys: readonly VerifierKey[]): { text: string; verified: VerifierKey[] } {
  const known = new Map<string, VerifierKey>();
  for (const key of keys) {
    if (key.type !== ED25519) throw new CoreError('vkey-malformed', `${key.name} is not an Ed25519 key (type 0x01)`);
    if (known.has(identity(key))) throw new CoreError('vkey-malformed', `${key.name} has two keys of one key ID`);
    known.set(identity(key), key);
  }
  const { text, signatures } = parseNote(note);
  const message = utf8(text);
  const verified = new Set<VerifierKey>();
  for (const signature of signatures) {
    const key = known.get(identity(signature));
    if (key === undefined) continue;
    if (!verifies(key, message, signature.signature)) {
      throw new CoreError('note-signature-invalid', `the signature by ${key.name} does not verify`);
    }
    verified.add(key);
  }
  if (verified.size === 0) throw new CoreError('note-unsigned', 'no known key signed the note');
  return { text, verified: [...verified] };
}

function identity({ name, keyId }: { name: string; keyId: Uint8Array }): string {
  return `${name}+${toHex(keyId)}`;
}

function verifies(key: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  // zip215: false is the strict check of RFC 8032 §5.1.7, the same that other verifiers of notes make.
  return signature.length === 64 && ed25519.verify(signature, message, key.publicKey, { zip215: false });
}

function malformed(why: string, at?: string): CoreError {
  return new CoreError('note-malformed', `not a signed note: ${why}`, at);
}
