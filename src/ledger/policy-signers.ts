import { readFile } from 'node:fs/promises';
import { toHex } from '../core/bytes.ts';
import { CoreError } from '../core/core-error.ts';
import { ED25519, parseVkey, type VerifierKey } from '../core/vkey.ts';
import { PolicyError } from './policy-error.ts';

/** What a signer's key may be called: it stands in entries for good, so it is no person's name or address. */
export const SIGNER_NAME = /^[a-z0-9][a-z0-9./-]{0,99}$/;

/**
 * The keys whose signatures bring policies into force: a file of vkeys, one a line; lines that begin with # are skipped.
 *
 * @throws PolicyError where it cannot be read or holds anything else, or one key under two names: one person would be two
 */
export async function readPolicySigners(path: string): Promise<VerifierKey[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new PolicyError(`POLICY_SIGNERS ${path} cannot be read: ${error.code}`);
  });
  const keys: VerifierKey[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const fail = (message: string): never => {
      throw new PolicyError(`POLICY_SIGNERS ${path}, line ${at + 1}: ${message}`);
    };
    const key = parseLine(line.trim(), fail);
    if (keys.some(({ name }) => name === key.name)) fail(`the name ${key.name} is used twice: give each key its own`);
    if (keys.some(({ publicKey }) => toHex(publicKey) === toHex(key.publicKey))) fail('the key stands there under another name: who signs as two persons agrees with themselves');
    keys.push(key);
  }
  if (keys.length < 2) throw new PolicyError(`POLICY_SIGNERS ${path} names fewer than two keys: an author and an approver are two`);
  return keys;
}

function parseLine(line: string, fail: (message: string) => never): VerifierKey {
  try {
    const key = parseVkey(line);
    if (key.type !== ED25519) return fail('is not an Ed25519 key (type 0x01)');
    return SIGNER_NAME.test(key.name) ? key : fail('has a name with other than lower-case letters, digits and . / -: it stands in entries for good');
  } catch (error) {
    if (error instanceof CoreError) return fail(error.message);
    throw error;
  }
}
