/** The formats that independent-verifier.ts needs, read from docs/spec alone. */
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';

export interface Key {
  name: string;
  id: Buffer;
  publicKey: Buffer;
}
export interface Entry {
  origin: string;
  index: number;
  time: string;
  type: string;
  commitment: string;
  policy: string;
  prev: string;
}
export interface Checkpoint {
  origin: string;
  size: number;
  root: Buffer;
}
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
export const leafHash = (entry: Uint8Array): Buffer => sha256(Buffer.of(0), entry);
export const nodeHash = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.of(1), left, right);
export const hex = (bytes: Buffer): string => bytes.toString('hex');
export const isHash = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

function base64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  check(bytes.toString('base64') === text, 'base64 has one spelling');
  return bytes;
}

function integer(text: string): number {
  check(/^(0|[1-9][0-9]*)$/.test(text) && Number.isSafeInteger(Number(text)), 'an integer to 2^53 - 1');
  return Number(text);
}

// canonical-json.md

/** The text of a value. Wrong order, white space, equal keys and odd escapes show as another text. */
export function canonical(value: Json, depth = 0): string {
  if (typeof value === 'number') {
    check(Number.isFinite(value), 'a finite number');
    return String(value);
  }
  if (typeof value === 'string') {
    check(!/\p{Surrogate}/u.test(value), 'well-formed Unicode');
    return JSON.stringify(value);
  }
  if (typeof value !== 'object' || value === null) return String(value);
  check(depth < 64, 'at most 64 deep');
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(',')}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${canonical(key)}:${canonical(value[key] as Json, depth + 1)}`).join(',')}}`;
}

/** Between 2^53 and 10^21 a canonical integer may not be the one that was sent; 2^53 itself may be spelled out. */
function checkNumbers(value: Json): void {
  if (typeof value === 'number') check(Math.abs(value) <= 2 ** 53 || Math.abs(value) >= 1e21, 'an exact number');
  if (typeof value !== 'object' || value === null) return;
  check(!Object.hasOwn(value, '__proto__'), 'no key __proto__');
  for (const [key, member] of Object.entries(value)) {
    checkNumbers(member);
    const inner = key === 'constructor' && typeof member === 'object' && member !== null && !Array.isArray(member);
    check(!inner || !Object.hasOwn(member, 'prototype'), 'no prototype in constructor');
  }
}

export function canonicalObject(text: string, keys: readonly string[]): { [key: string]: Json } {
  const value = JSON.parse(text) as Json;
  check(typeof value === 'object' && value !== null && !Array.isArray(value), 'an object');
  check(Object.keys(value).sort().join() === [...keys].sort().join(), `exactly ${keys.join()}`);
  checkNumbers(value);
  check(canonical(value) === text, 'canonical');
  return value;
}

// entry.md

export function parseEntry(text: string): Entry {
  check(Buffer.byteLength(text) <= 65_535, 'at most 65,535 bytes');
  const keys = ['commitment', 'index', 'origin', 'policy', 'prev', 'time', 'type', 'v'];
  const { v, origin, index, time, type, commitment, policy, prev } = canonicalObject(text, keys);
  check(v === 1, 'v is 1');
  check(typeof origin === 'string' && isName(origin), 'origin');
  check(typeof index === 'number' && Number.isSafeInteger(index) && index >= 0, 'index');
  check(typeof time === 'string' && /^\d{4}-\d\d-\d\dT([01]\d|2[0-3])(:[0-5]\d){2}\.\d{3}Z$/.test(time), 'time');
  const date = new Date(time);
  check(!Number.isNaN(date.getTime()) && date.toISOString() === time, 'a real date');
  check(typeof type === 'string' && /^[a-z][a-z0-9-]{0,63}$/.test(type), 'type');
  check(isHash(commitment) && isHash(policy) && isHash(prev), 'hashes');
  return { origin, index, time, type, commitment, policy, prev };
}

// signed-note-and-checkpoint.md

function isName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- as the page says
  return name !== '' && !/[\p{White_Space}\p{Surrogate}\u0000-\u001f+]/u.test(name);
}

export function parseVkey(vkey: string): Key {
  const [name = '', id = '', ...rest] = vkey.split('+');
  const key = base64(rest.join('+'));
  check(isName(name), 'a key name');
  check(key.length === 33 && key[0] === 1, 'an Ed25519 key');
  const expected = sha256(Buffer.from(`${name}\n`), key).subarray(0, 4);
  check(hex(expected) === id, 'the key ID');
  return { name, id: expected, publicKey: key.subarray(1) };
}

export function openCheckpoint(note: string, key: Key): Checkpoint {
  check(Buffer.byteLength(note) <= 1_000_000, 'at most 1,000,000 bytes');
  // oxlint-disable-next-line no-control-regex -- as the page says
  check(!/[\u0000-\u0009\u000b-\u001f\p{Surrogate}]/u.test(note), 'no control characters');
  const split = note.lastIndexOf('\n\n');
  check(split >= 0 && note.endsWith('\n'), 'text and signatures');
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split('\n');
  check(lines.length <= 100, 'at most 100 signatures');
  let signed = false;
  for (const line of lines) {
    const [dash, name = '', encoded = '', ...rest] = line.split(' ');
    check(dash === '—' && isName(name) && rest.length === 0, 'a signature line');
    const bytes = base64(encoded);
    check(bytes.length >= 5, 'a signature');
    if (name !== key.name || !bytes.subarray(0, 4).equals(key.id)) continue;
    check(bytes.length === 68 && isSignature(Buffer.from(text), bytes.subarray(4), key), 'the signature verifies');
    signed = true;
  }
  check(signed, 'signed by the key');
  const [origin = '', size = '', root = '', ...extensions] = text.slice(0, -1).split('\n');
  const checkpoint = { origin, size: integer(size), root: base64(root) };
  check(origin !== '' && checkpoint.root.length === 32 && !extensions.includes(''), 'a checkpoint');
  check(origin === key.name, 'a checkpoint of this log');
  return checkpoint;
}

function isSignature(message: Buffer, signature: Buffer, { publicKey }: Key): boolean {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') };
  return verifySignature(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature);
}

// tlog-proof.md and tree.md

export function checkProof(text: string, entry: string, index: number, key: Key): Checkpoint {
  const split = text.indexOf('\n\n');
  check(split >= 0, 'an empty line');
  const lines = text.slice(0, split).split('\n');
  check(lines.shift() === 'c2sp.org/tlog-proof@v1', 'the header');
  if (lines[0]?.startsWith('extra ')) check(base64(lines.shift()?.slice(6) ?? '').length > 0, 'extra data');
  const indexLine = lines.shift() ?? '';
  check(indexLine.startsWith('index ') && integer(indexLine.slice(6)) === index, 'the index');
  check(lines.length <= 53, 'at most 53 hashes');
  const path = lines.map(base64);
  check(path.every((hash) => hash.length === 32), 'hashes of 32 bytes');
  const checkpoint = openCheckpoint(text.slice(split + 2), key);
  check(inclusionRoot(index, checkpoint.size, leafHash(Buffer.from(entry)), path).equals(checkpoint.root), 'the root');
  return checkpoint;
}

function inclusionRoot(index: number, size: number, leaf: Buffer, path: readonly Buffer[]): Buffer {
  check(index < size, 'the index is in the tree');
  let [f, s, r] = [BigInt(index), BigInt(size) - 1n, leaf];
  for (const p of path) {
    check(s !== 0n, 'the path is not too long');
    if (f % 2n === 1n || f === s) {
      r = nodeHash(p, r);
      for (; f % 2n === 0n && f !== 0n; f >>= 1n) s >>= 1n;
    } else {
      r = nodeHash(r, p);
    }
    f >>= 1n;
    s >>= 1n;
  }
  check(s === 0n, 'the path is not too short');
  return r;
}
