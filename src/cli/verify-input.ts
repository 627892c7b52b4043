import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { fromUtf8 } from '../core/bytes.ts';
import { CoreError } from '../core/core-error.ts';
import { ED25519, parseVkey, type VerifierKey } from '../core/vkey.ts';
import { CannotCheck } from './verify-verdict.ts';

/** Bytes of a file, or of standard input for `-`. @throws CannotCheck */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return path === '-' ? await buffer(process.stdin) : await readFile(path);
  } catch (error) {
    throw new CannotCheck(`${path === '-' ? 'standard input' : path} cannot be read: ${reason(error)}`);
  }
}

/** Text of a file, or of standard input for `-`. @throws CannotCheck, CoreError `encoding-utf8` */
export async function readText(path: string): Promise<string> {
  return fromUtf8(await readInput(path));
}

/** The value of an option, which `@` in front of it takes from a file. @throws CannotCheck */
export async function optionValue(value: string): Promise<string> {
  return value.startsWith('@') ? (await readText(value.slice(1))).trim() : value;
}

/** The log's key, from a vkey or `@` and a file with one. @throws CannotCheck */
export async function readVkey(value: string): Promise<VerifierKey> {
  const text = await optionValue(value);
  let key: VerifierKey;
  try {
    key = parseVkey(text);
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    throw new CannotCheck(`--vkey: ${error.message}`);
  }
  if (key.type !== ED25519) throw new CannotCheck(`--vkey: ${key.name} is not a log's Ed25519 key (type 0x01)`);
  return key;
}

/** Why a system call failed, in one line. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch says only "fetch failed", and hides why in the cause.
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
