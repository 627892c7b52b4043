import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CoreError } from '../core/core-error.ts';
import { formatNote, parseNote, signNote, type NoteSigner, type SignedNote } from '../core/signed-note.ts';
import { ED25519, keyId, parseVkey } from '../core/vkey.ts';
import { PolicyError } from '../ledger/policy-error.ts';
import { checkPeople, formatStatement, parseStatement, readSignatureFile, SIGNATURE_FILE, type PolicyStatement } from '../ledger/policy-signature.ts';
import { onPolicyFiles, readFolder } from './policy-folder.ts';

interface SignOptions {
  key: string;
  author?: string;
  approver: string[];
  sequence?: string;
}

/** `prediction-ledger policy sign <folder>`: the author says who approves; each approver then signs the same. */
export function registerPolicySign(policy: Command): void {
  policy
    .command('sign')
    .argument('<folder>', 'policy files')
    .requiredOption('--key <file>', 'private key, as "policy keygen" wrote it')
    .option('--author <name>', 'the author’s key, by name: begins a new statement in the place of any that is there')
    .option('--approver <name>', 'a key that has to approve; may be said more than once', (name: string, names: string[]) => [...names, name], [])
    .option('--sequence <number>', 'the number of this policy; one more than that of the statement that is there unless said')
    .description(`Signs the policy files; writes ${SIGNATURE_FILE} beside them, which the digest does not cover. With --author and --approver a new statement is made; without, the one that is there is signed too.`)
    .action((folder: string, options: SignOptions) => onPolicyFiles(() => signPolicy(folder, options)));
}

async function signPolicy(folder: string, { key, author, approver, sequence }: SignOptions): Promise<void> {
  const { digestHex: digest } = await readFolder(folder);
  const present = await presentNote(folder);
  const signer = await readSigner(key);
  let note: SignedNote;
  if (author === undefined) {
    if (approver.length > 0 || sequence !== undefined) throw new PolicyError('--approver and --sequence are for a new statement: say --author too');
    if (present === undefined) throw new PolicyError(`there is no ${SIGNATURE_FILE} to sign: the author begins it with --author and --approver`);
    note = present;
  } else {
    const statement = { digest, sequence: numberOf(sequence, present), author, approvers: approver };
    checkPeople(statement);
    note = { text: formatStatement(statement), signatures: [] };
  }
  const statement = parseStatement(note.text);
  if (statement.digest !== digest) throw new PolicyError(`${SIGNATURE_FILE} is on other files than these: the author begins a new one with --author and --approver`);
  if (![statement.author, ...statement.approvers].includes(signer.name)) throw new PolicyError(`the key ${signer.name} is neither the author’s nor an approver’s`);
  const signed = parseNote(await signNote(note.text, [signer]));
  const others = note.signatures.filter(({ name }) => name !== signer.name);
  await writeFile(join(folder, SIGNATURE_FILE), formatNote({ text: note.text, signatures: [...others, ...signed.signatures] }));
  process.stdout.write(`${describe(statement, [...others, ...signed.signatures].map(({ name }) => name))}\n`);
}

function describe({ digest, sequence, author, approvers }: PolicyStatement, signed: readonly string[]): string {
  const missing = [author, ...approvers].filter((name) => !signed.includes(name));
  return `policy ${digest}, number ${sequence}, by ${author}: ${missing.length === 0 ? 'all have signed' : `still to be signed by ${missing.join(', ')}`}`;
}

async function presentNote(folder: string): Promise<SignedNote | undefined> {
  const text = await readSignatureFile(folder);
  try {
    return text === undefined ? undefined : parseNote(text);
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    throw new PolicyError(`${SIGNATURE_FILE}: ${error.message}: remove it`);
  }
}

function numberOf(sequence: string | undefined, present: SignedNote | undefined): number {
  if (sequence === undefined) return present === undefined ? 1 : parseStatement(present.text).sequence + 1;
  if (!/^[1-9]\d{0,14}$/.test(sequence)) throw new PolicyError('--sequence is a whole number from 1');
  return Number(sequence);
}

/** A key file holds the vkey, which has the key's name, before the PEM (RFC 7468, section 2: text outside of it is none of its matter). */
async function readSigner(path: string): Promise<NoteSigner> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new PolicyError(`--key ${path} cannot be read: ${error.code}`);
  });
  const refusal = new PolicyError(`--key ${path} is not a key of "policy keygen": a vkey, and its Ed25519 private key in PEM`);
  let key: KeyObject;
  let vkey;
  try {
    vkey = parseVkey((text.split('\n')[0] ?? '').trim());
    key = createPrivateKey(text.slice(text.indexOf('-----BEGIN')));
  } catch {
    throw refusal;
  }
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  if (vkey.type !== ED25519 || key.asymmetricKeyType !== 'ed25519' || !Buffer.from(String(x), 'base64url').equals(vkey.publicKey)) throw refusal;
  return { name: vkey.name, keyId: keyId(vkey.name, ED25519, vkey.publicKey), sign: (message) => sign(null, message, key) };
}
