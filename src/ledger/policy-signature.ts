import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toBase64 } from '../core/bytes.ts';
import { CoreError } from '../core/core-error.ts';
import { parseNote, verifyNote } from '../core/signed-note.ts';
import { formatVkey, type VerifierKey } from '../core/vkey.ts';
import type { PolicyBundle } from './policy-bundle.ts';
import { PolicyError } from './policy-error.ts';
import { SIGNER_NAME } from './policy-signers.ts';

/** Beside the policy files; its dot keeps it out of the digest that it signs. */
export const SIGNATURE_FILE = '.signature';

/** What author and approvers sign (docs/spec/policy-digest.md). */
export interface PolicyStatement {
  /** Hexadecimal. */
  digest: string;
  /** From 1; grows with each bundle that is signed. */
  sequence: number;
  /** Names of keys. */
  author: string;
  approvers: readonly string[];
}

/** A statement whose author and approvers are known and have all signed it. */
export interface SignedPolicy extends PolicyStatement {
  /** In the order author, approvers: Ed25519 over the statement's text, base64. */
  signatures: readonly { vkey: string; signature: string }[];
}

const FIRST_LINE = 'prediction-ledger policy v1';
const MAX_APPROVERS = 20;

/** The statement as it is signed: lines, the last one ended. */
export function formatStatement({ digest, sequence, author, approvers }: PolicyStatement): string {
  return [FIRST_LINE, digest, `sequence ${sequence}`, `author ${author}`, ...approvers.map((name) => `approver ${name}`), ''].join('\n');
}

/** @throws PolicyError where the text is no statement, or author and approvers are not different persons' keys */
export function parseStatement(text: string): PolicyStatement {
  const [first, digest = '', sequence = '', author = '', ...rest] = text.split('\n');
  const approvers = rest.slice(0, -1).map((line) => line.replace(/^approver /, ''));
  const statement = { digest, sequence: Number(sequence.replace(/^sequence /, '')), author: author.replace(/^author /, ''), approvers };
  const isRight = first === FIRST_LINE && /^[0-9a-f]{64}$/.test(digest) && Number.isSafeInteger(statement.sequence) && statement.sequence > 0;
  if (!isRight || formatStatement(statement) !== text) throw new PolicyError(`${SIGNATURE_FILE} is not a statement on a policy: sign the files again`);
  checkPeople(statement);
  return statement;
}

/** Who wrote a policy does not agree to it. @throws PolicyError */
export function checkPeople({ author, approvers }: Pick<PolicyStatement, 'author' | 'approvers'>): void {
  const wrong = [author, ...approvers].find((name) => !SIGNER_NAME.test(name));
  if (wrong !== undefined) throw new PolicyError(`${SIGNATURE_FILE}: author and approvers are names of keys: lower-case letters, digits and . / -`);
  if (approvers.length === 0 || approvers.length > MAX_APPROVERS) throw new PolicyError(`${SIGNATURE_FILE}: a policy has 1 to ${MAX_APPROVERS} approvers`);
  if (approvers.includes(author)) throw new PolicyError(`${SIGNATURE_FILE}: the author approves their own policy: another has to`);
  if (new Set(approvers).size < approvers.length) throw new PolicyError(`${SIGNATURE_FILE}: an approver is named twice: name each once`);
}

/** The note beside the policy files; undefined where there is none. @throws PolicyError */
export async function readSignatureFile(folder: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, SIGNATURE_FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PolicyError(`${SIGNATURE_FILE} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/**
 * Checks the signatures on a bundle: author and approvers must be among the signers, and each must have signed.
 *
 * @throws PolicyError for an unsigned bundle, signatures that do not verify or are by others, and a statement on other files
 */
export async function readSignedPolicy(folder: string, bundle: PolicyBundle, signers: readonly VerifierKey[]): Promise<SignedPolicy> {
  const note = await readSignatureFile(folder);
  if (note === undefined) throw new PolicyError(`the policies are not signed, and POLICY_SIGNERS asks for it: "prediction-ledger policy sign" writes ${SIGNATURE_FILE}`);
  return verifySignedPolicy(note, bundle, signers);
}

/** As `readSignedPolicy`, of a note. */
export function verifySignedPolicy(note: string, bundle: PolicyBundle, signers: readonly VerifierKey[]): SignedPolicy {
  const { text, verified } = verify(note, signers);
  const statement = parseStatement(text);
  if (statement.digest !== bundle.digestHex) throw new PolicyError(`${SIGNATURE_FILE} is on other files than these: they were changed after they were signed`);
  const signatures = [statement.author, ...statement.approvers].map((name) => {
    const key = verified.find((each) => each.name === name);
    if (key === undefined) throw new PolicyError(`${SIGNATURE_FILE}: ${name} has not signed, or is no key of POLICY_SIGNERS`);
    return { vkey: formatVkey(key.name, key.type, key.publicKey), signature: signatureOf(note, key) };
  });
  return { ...statement, signatures };
}

function verify(note: string, signers: readonly VerifierKey[]): { text: string; verified: VerifierKey[] } {
  try {
    return verifyNote(note, signers);
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    throw new PolicyError(`${SIGNATURE_FILE}: ${error.code === 'note-unsigned' ? 'no key of POLICY_SIGNERS has signed' : error.message}`);
  }
}

function signatureOf(note: string, { name, keyId }: VerifierKey): string {
  const found = parseNote(note).signatures.find((each) => each.name === name && Buffer.from(each.keyId).equals(keyId));
  // verifyNote has found it there.
  if (found === undefined) throw new Error('a verified signature is gone');
  return toBase64(found.signature);
}
