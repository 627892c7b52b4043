/**
 * A second verifier, written from docs/spec alone: no import of src/, nothing but node:crypto. It shows that the pages
 * suffice, and that the service's own verifier is not the only witness of what they mean. Every function throws an
 * Error at what the pages refuse; the numbers name the steps of the pages.
 */
import { createHmac } from 'node:crypto';
import {
  canonical,
  canonicalObject,
  check,
  checkProof,
  hex,
  isHash,
  leafHash,
  nodeHash,
  openCheckpoint,
  parseEntry,
  parseVkey,
  sha256,
  type Checkpoint,
  type Entry,
  type Json,
  type Key,
} from './independent-formats.ts';

// receipt.md

/** Verifies a receipt's JSON text; tells whether its payload is there or was erased with authority. */
export function verifyReceipt(text: string, vkey: string): { index: number; erased: boolean } {
  const key = parseVkey(vkey);
  const receipt = JSON.parse(text) as Json;
  // Of two equal keys JSON.parse keeps one, so then the text holds more strings.
  check(countStrings(receipt) === (text.match(/"(?:[^"\\]|\\.)*"/g) ?? []).length, 'no key twice');
  if (typeof receipt === 'object' && receipt !== null && 'erasure' in receipt) return verifyErased(receipt, key);
  return { index: verifyOpen(receipt, key).index, erased: false };
}

function countStrings(value: Json): number {
  if (typeof value === 'string') return 1;
  if (typeof value !== 'object' || value === null) return 0;
  const inside = Object.values(value).reduce<number>((sum, member) => sum + countStrings(member), 0);
  return inside + (Array.isArray(value) ? 0 : Object.keys(value).length);
}

function member(value: Json | undefined, keys: readonly string[], name: string): string {
  check(typeof value === 'object' && value !== null && !Array.isArray(value), 'an object');
  check(Object.keys(value).sort().join() === [...keys].sort().join(), 'a closed object');
  const found = value[name];
  check(typeof found === 'string', `${name} is a string`);
  return found;
}

const OPEN = ['entry', 'salt', 'payload', 'proof'];

function verifyOpen(receipt: Json, key: Key, keys: readonly string[] = OPEN): Entry & { body: Json } {
  const [text, salt, payload] = ['entry', 'salt', 'payload'].map((name) => member(receipt, keys, name));
  const entry = parseEntry(text as string); // 1
  check(isHash(salt), 'a salt of 32 bytes');
  const commitment = createHmac('sha256', Buffer.from(salt, 'hex')).update(payload as string).digest('hex');
  check(commitment === entry.commitment, 'the commitment'); // 2
  check(Buffer.byteLength(payload as string) <= 262_144, 'a payload of at most 262,144 bytes');
  const envelope = ['body', 'contract', 'principal', 'rule', 'type', 'v'];
  const { body, contract, principal, rule, type, v } = canonicalObject(payload as string, envelope);
  const filled = (value: Json | undefined): boolean => typeof value === 'string' && value !== '';
  check(type === entry.type && filled(principal) && filled(rule), 'the payload'); // 3
  check((contract === null || filled(contract)) && Number.isSafeInteger(v) && (v as number) >= 1, 'the payload');
  checkOrigin(entry, checkProof(member(receipt, keys, 'proof'), text as string, entry.index, key)); // 4, 5, 6
  return { ...entry, body: body as Json };
}

function checkOrigin(entry: Entry, checkpoint: Checkpoint): void {
  check(entry.origin === checkpoint.origin, 'an entry of this log');
}

function verifyErased(receipt: { [key: string]: Json }, key: Key): { index: number; erased: boolean } {
  const keys = ['entry', 'proof', 'erasure'];
  const text = member(receipt, keys, 'entry');
  const entry = parseEntry(text);
  checkOrigin(entry, checkProof(member(receipt, keys, 'proof'), text, entry.index, key)); // 1
  const erasure = receipt['erasure'] as Json;
  const by = verifyOpen(erasure, key, [...OPEN, 'indices']); // 2
  check(['erasure', 'disposition'].includes(by.type) && by.index > entry.index, 'an erasure that came later'); // 3
  const indices = (erasure as { [key: string]: Json })['indices'];
  check(Array.isArray(indices) && indices.length > 0, 'indices');
  let last = -1;
  for (const index of indices) {
    check(typeof index === 'number' && Number.isSafeInteger(index) && index > last, 'ascending indices');
    last = index;
  }
  const stated = (by.body as { [key: string]: Json })['indices'] as { [key: string]: Json } | undefined;
  check(stated?.['count'] === indices.length, 'the count of indices'); // 4
  check(stated['digest'] === hex(sha256(Buffer.from(canonical(indices)))), 'the digest of indices');
  check(indices.includes(entry.index), 'erased with this entry'); // 5
  return { index: entry.index, erased: true };
}

// certificate.md

interface Stated {
  indices: { [key: string]: Json };
  keys: { id: number; epoch: number | null }[];
}

/** Verifies a certificate's JSON text; tells how many payloads went and from when on they are irrecoverable, where that is shown. */
export function verifyCertificate(text: string, vkey: string): { erased: number; irrecoverableFrom: string | null } {
  const key = parseVkey(vkey);
  const certificate = JSON.parse(text) as { [key: string]: Json };
  const names = ['ends', 'erasure', 'irrecoverable', 'request', 'statement', 'succession', 'type', 'v', 'vkey'];
  check(Object.keys(certificate).sort().join() === names.join(), 'a closed object');
  check(certificate['type'] === 'prediction-ledger-erasure-certificate' && certificate['v'] === 1, 'the type'); // 1
  const erasure = certificate['erasure'] as { [key: string]: Json };
  const by = verifyOpen(erasure, key, [...OPEN, 'indices']); // 2
  check(by.type === 'erasure' && (JSON.parse(erasure['payload'] as string) as { v: number }).v >= 2, 'an erasure that was asked for'); // 3
  const body = by.body as unknown as Stated & { request: string; succession: (Stated & { origin: string })[] };
  check(certificate['request'] === body.request, 'the request');
  let erased = checkStated(body, erasure['indices'] as Json); // 4
  const succession = certificate['succession'] as unknown as { origin: string; indices: Json }[];
  check(succession.length === body.succession.length, 'a list for each log'); // 5
  for (const part of body.succession) {
    const list = succession.find(({ origin }) => origin === part.origin);
    check(list !== undefined, 'a list for each log');
    erased += checkStated(part, list.indices);
  }
  const ends = (certificate['ends'] as Json[]).map((each) => {
    const end = verifyOpen(each, key); // 6
    check(end.type === 'key-epoch-ended' && end.index > by.index, 'an end of an epoch behind the erasure');
    return { ...(end.body as { origin: string; epoch: number }), time: end.time };
  });
  const wrapped = [{ ...body, origin: by.origin }, ...body.succession].flatMap(({ origin, keys }) => keys.map(({ epoch }) => ({ origin, epoch })));
  const isOver = ends.length > 0 && wrapped.every(({ origin, epoch }) => ends.some((end) => end.origin === origin && end.epoch === epoch));
  return { erased, irrecoverableFrom: isOver ? (ends.map(({ time }) => time).sort().at(-1) ?? null) : null };
}

function checkStated({ indices: stated }: Stated, list: Json): number {
  check(Array.isArray(list) && list.every((index, i) => Number.isSafeInteger(index) && (index as number) > Number(list[i - 1] ?? -1)), 'ascending indices');
  check(stated['count'] === list.length && stated['digest'] === hex(sha256(Buffer.from(canonical(list)))), 'the list that the entry commits to');
  return list.length;
}

// tiles.md and README.md, "Verifying the whole log"

/** Verifies a log from its resources (bytes by path, `checkpoint` among them) and gives its size. */
export function verifyLog(
  resources: ReadonlyMap<string, Buffer>,
  vkey: string,
  earlier: readonly string[] = [],
): { size: number } {
  const key = parseVkey(vkey);
  const fetch = (path: string): Buffer => {
    const bytes = resources.get(path);
    check(bytes !== undefined, `${path} is there`);
    return bytes;
  };
  const newest = openCheckpoint(fetch('checkpoint').toString(), key);
  const checkpoints = [newest, ...earlier.map((note) => openCheckpoint(note, key))];
  check(checkpoints.every(({ size }) => size <= newest.size), 'no checkpoint is newer than the newest');
  const frontier: Buffer[] = [];
  let [size, prev, time] = [0, '0'.repeat(64), ''];
  const compare = (): void => {
    const root = size === 0 ? sha256() : frontier.reduceRight((right, left) => nodeHash(left, right));
    for (const checkpoint of checkpoints) {
      check(checkpoint.size !== size || checkpoint.root.equals(root), `the root at ${size}`);
    }
  };
  compare();
  while (size < newest.size) {
    const width = Math.min(256, newest.size - size);
    const place = pathOf(size / 256, width);
    const tile = fetch(`tile/0/${place}`);
    check(tile.length === 32 * width, 'the width of a tile');
    for (const bytes of entriesOf(fetch(`tile/entries/${place}`), width)) {
      const entry = parseEntry(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
      check(entry.origin === newest.origin && entry.index === size, 'the next entry of this log');
      check(entry.prev === prev && entry.time >= time, 'the chain');
      let hash = leafHash(bytes);
      check(hash.equals(tile.subarray(32 * (size % 256), 32 * (size % 256) + 32)), 'the tile');
      [prev, time] = [hex(hash), entry.time];
      for (let n = size; n % 2 === 1; n = Math.floor(n / 2)) hash = nodeHash(frontier.pop() as Buffer, hash);
      frontier.push(hash);
      size += 1;
      compare();
    }
  }
  return { size };
}

function pathOf(index: number, width: number): string {
  const groups = [];
  for (let rest = index; groups.length === 0 || rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(String(rest % 1000).padStart(3, '0'));
  }
  return groups.join('/x').replace(/^(?=.*\/)/, 'x').replace(/x(\d{3})$/, '$1') + (width === 256 ? '' : `.p/${width}`);
}

function entriesOf(bundle: Buffer, count: number): Buffer[] {
  const entries: Buffer[] = [];
  let at = 0;
  while (at < bundle.length) {
    check(at + 2 <= bundle.length, 'a length');
    const end = at + 2 + bundle.readUInt16BE(at);
    check(end <= bundle.length, 'an entry');
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  check(entries.length === count, 'as many entries as the bundle is wide');
  return entries;
}
