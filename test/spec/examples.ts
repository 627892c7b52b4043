/** Every example of docs/spec by name, as core makes it now. */
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { consistencyProof } from '../../src/core/consistency-proof.ts';
import { encodeEntryBundle } from '../../src/core/entry-bundle.ts';
import { inclusionProof } from '../../src/core/inclusion-proof.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { drawSample, sampleSeed } from '../../src/core/sample.ts';
import { sha256 } from '../../src/core/sha256.ts';
import { completeNodes } from '../../src/core/subtree.ts';
import { entriesPath, tilePath, tileWidth } from '../../src/core/tile.ts';
import { treeRoot } from '../../src/core/tree-root.ts';
import * as example from './example-log.ts';

const { EARLIER_SIZE, KEY_WORD, ORIGIN, POLICY, POLICY_DIGESTS, SIZE, log, payloadTexts } = example;

/** The machine-readable example, test/vectors/spec-example.json. */
export async function vector(): Promise<object> {
  const indices = Array.from({ length: SIZE }, (_, index) => index);
  const sizes = Array.from({ length: SIZE + 1 }, (_, size) => size);
  const hashes = async (list: Promise<Uint8Array[]>) => (await list).map(toHex);
  return {
    note: 'The example of docs/spec. The key, the salts and the times are fixed; nothing here is secret.',
    origin: ORIGIN,
    seed: toHex(sha256(utf8(KEY_WORD))),
    vkey: example.signer.vkey,
    policyFiles: example.POLICY_FILES,
    policyDigest: POLICY,
    salts: indices.map((index) => toHex(example.saltOf(index))),
    payloads: payloadTexts,
    entries: indices.map((index) => log.entryText(index)),
    leafHashes: log.entries.map((entry) => toHex(leafHash(entry))),
    rootsBySize: await Promise.all(sizes.map(async (size) => toHex(await treeRoot(size, log.read)))),
    inclusion: await Promise.all(indices.map((index) => hashes(inclusionProof(index, SIZE, log.read)))),
    consistency: await Promise.all(sizes.map((from) => hashes(consistencyProof(from, SIZE, log.read)))),
    earlierCheckpoint: await log.checkpoint(EARLIER_SIZE),
    checkpoint: await log.checkpoint(SIZE),
    resources: await resources(),
    receipt: await example.receiptOf(3),
    erasedReceipt: await example.erasedReceipt(),
  };
}

/** Everything below the log's URL that a monitor reads, as hexadecimal by path. */
async function resources(): Promise<Record<string, string>> {
  const width = tileWidth(0, 0, SIZE);
  const leaves = await log.read(Array.from({ length: width }, (_, index) => ({ level: 0, index })));
  return {
    [entriesPath({ index: 0, width })]: toHex(encodeEntryBundle(log.entries)),
    [tilePath({ level: 0, index: 0, width })]: leaves.map(toHex).join(''),
  };
}

/** What stands in the fenced blocks of docs/spec that an `example` comment names. */
export async function fenced(): Promise<Map<string, string>> {
  const receipt = await example.receiptOf(3);
  const frontier = completeNodes({ start: 0, end: SIZE });
  const frontierHashes = await log.read(frontier);
  const text = new Map<string, string>([
    ['vkey', example.signer.vkey],
    ['seed', toHex(sha256(utf8(KEY_WORD)))],
    ['policy-files', JSON.stringify(example.POLICY_FILES, null, 2)],
    ['policy-object', JSON.stringify(POLICY_DIGESTS)],
    ['policy-digest', POLICY],
    ['payload-log-opened', payloadTexts[0] as string],
    ['payload-policy-activated', payloadTexts[1] as string],
    ['payload-api-key-issued', payloadTexts[2] as string],
    ['payload-prediction', receipt.payload],
    ['payload-erasure', payloadTexts[6] as string],
    ['salt', receipt.salt],
    ['entry-0', log.entryText(0)],
    ['entry-2', log.entryText(2)],
    ['entry', receipt.entry],
    ['leaf-hash-2', toHex(leafHash(log.entries[2] as Uint8Array))],
    ['leaf-hash', toHex(leafHash(log.entries[3] as Uint8Array))],
    ['leaf-hashes', log.entries.map((entry, index) => `${index} ${toHex(leafHash(entry))}`).join('\n')],
    ['frontier', frontier.map(({ level, index }, i) => `(${level}, ${index}) ${hexAt(frontierHashes, i)}`).join('\n')],
    ['root', toHex(await treeRoot(SIZE, log.read))],
    ['inclusion', (await inclusionProof(3, SIZE, log.read)).map(toHex).join('\n')],
    ['inclusion-last', (await inclusionProof(SIZE - 1, SIZE, log.read)).map(toHex).join('\n')],
    ['consistency', (await consistencyProof(EARLIER_SIZE, SIZE, log.read)).map(toHex).join('\n')],
    ['checkpoint', withoutLastNewline(await log.checkpoint(SIZE))],
    ['earlier-checkpoint', withoutLastNewline(await log.checkpoint(EARLIER_SIZE))],
    ['signature-parts', await signatureParts()],
    ['proof', withoutLastNewline(receipt.proof)],
    ['receipt', JSON.stringify(receipt, null, 2)],
    ['erased-receipt', JSON.stringify(await example.erasedReceipt(), null, 2)],
    ['vkeys', JSON.stringify({ keys: [{ vkey: example.signer.vkey, firstIndex: 0 }] })],
    ['bundle-head', toHex(encodeEntryBundle(log.entries).slice(0, 34))],
    ['tile-head', toHex(leafHash(log.entries[0] as Uint8Array))],
    ['bundle-sample', JSON.stringify(sampleOf(toHex(await treeRoot(SIZE, log.read))))],
  ]);
  return text;
}

function sampleOf(root: string): object {
  const seed = sampleSeed(root, 'CC8.1', '0'.repeat(64));
  return { n: 3, of: 1000, rows: drawSample(seed, 1000, 3), seed: toHex(seed) };
}

async function signatureParts(): Promise<string> {
  const line = (await log.checkpoint(SIZE)).split('\n').at(-2) ?? '';
  const bytes = Buffer.from(line.split(' ')[2] ?? '', 'base64');
  return `key ID    ${bytes.subarray(0, 4).toString('hex')}\nsignature ${bytes.subarray(4).toString('hex')}`;
}

function hexAt(hashes: readonly Uint8Array[], i: number): string {
  const hash = hashes[i];
  if (hash === undefined) throw new Error(`no hash ${i}`);
  return toHex(hash);
}

function withoutLastNewline(text: string): string {
  return text.slice(0, -1);
}
