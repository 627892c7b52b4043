import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { controlVerdict } from '../core/bundle-verdict.ts';
import { toHex } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { manifestPart, type BundlePart, type BundleParts } from './bundle-part.ts';
import { digestFile, FileWriter, filesBelow, writeText } from './file-writer.ts';
import { FRAMEWORKS_FOLDER } from './frameworks.ts';
import { Gathering, type GatherState } from './gather.ts';
import type { Controls, FileDigest, Manifest } from './manifest.ts';
import type { Making, Progress, Stage } from './order.ts';
import type { Envelope } from './population.ts';
import { writeLogFiles } from './write-log-files.ts';
import { writePopulation } from './write-population.ts';
import { packBundle } from './pack-bundle.ts';
import { receiptProver } from './sample-receipts.ts';

/** What is made, and what was told of it. */
export interface MadeBundle {
  /** SHA-256 of `manifest.json`, hex. */
  readonly digest: string;
  /** Of the zip. */
  readonly bytes: number;
  readonly manifest: Manifest;
  /** Leaf indices whose payloads are in it, ascending. */
  readonly opened: readonly number[];
}

/** How often what was gathered is kept, in ms: who dies loses no more. */
const KEPT_EVERY_MS = 2000;

export function statePath(place: string): string {
  return join(place, 'state.json');
}

export function filesFolder(place: string): string {
  return join(place, 'files');
}

export function zipPath(place: string): string {
  return join(place, 'bundle.zip');
}

/**
 * Gathers for a while. Call it again until it says that all is gathered.
 *
 * @param until ms of `performance.now`
 */
export async function gatherFor(making: Making, place: string, until: number, tell: (progress: Progress) => Promise<void>): Promise<boolean> {
  await mkdir(making.folder, { recursive: true, mode: 0o700 });
  const gathering = await Gathering.open(making, statePath(place));
  try {
    do {
      if (!gathering.isDone) await gathering.run(Math.min(until, performance.now() + KEPT_EVERY_MS));
      await tell({ stage: 'gathering', size: making.checkpoint.size, ...gathering.progress });
    } while (!gathering.isDone && performance.now() < until);
    return gathering.isDone;
  } finally {
    await gathering.close();
  }
}

/** Makes the bundle from what was gathered. Begins at its beginning when it was interrupted: the same files come of it. They stay, beside the zip, until the caller has said that it is made. */
export async function finishBundle(making: Making, place: string, parts: BundleParts, tell: (progress: Progress) => Promise<void>): Promise<MadeBundle> {
  const gathering = await Gathering.open(making, statePath(place));
  const gathered = gathering.state;
  const say = (stage: Stage): Promise<void> => tell({ stage, size: making.checkpoint.size, ...gathering.progress });
  await say('writing');
  await removeMade(making.folder);
  const envelopes: Envelope[] = [];
  const opened = new Set<number>();
  const prove = making.order.receipts ? receiptProver(making, opened) : undefined;
  for (const assertion of making.framework.assertions) envelopes.push(await writePopulation(making, gathered, assertion, prove));
  await writeText(making.folder, 'controls.json', canonicalize(controlsOf(making, envelopes) as unknown as JsonValue));
  await writeLogFiles(making, gathered);
  for (const [path, text] of making.policy.texts) await writeText(making.folder, `policies/${path}`, text);
  await say('rendering');
  let manifest = manifestOf(making, gathered, envelopes, await digestAll(making));
  for (const part of parts.digested) {
    const added = await write(making.folder, part, manifest);
    manifest = manifestOf(making, gathered, envelopes, [...manifest.files, ...added]);
  }
  const [written] = await write(making.folder, manifestPart, manifest);
  if (written === undefined) throw new Error('the manifest was not written');
  for (const part of parts.undigested) await write(making.folder, part, manifest);
  await say('packing');
  const bytes = await packBundle(making.folder, zipPath(place), manifest);
  return { digest: written.sha256, bytes, manifest, opened: [...opened].sort((a, b) => a - b) };
}

/** What an interrupted try left, but for what was gathered. */
async function removeMade(folder: string): Promise<void> {
  for (const path of await filesBelow(folder)) {
    if (!/^populations\/[^/]+\/(rows|exceptions)\.jsonl$/.test(path)) await rm(join(folder, path));
  }
}

async function digestAll({ folder, pace }: Making): Promise<FileDigest[]> {
  const digests: FileDigest[] = [];
  for (const path of await filesBelow(folder)) {
    digests.push(await digestFile(folder, path));
    await pace.rest();
  }
  return digests;
}

async function write(folder: string, part: BundlePart, manifest: Manifest): Promise<FileDigest[]> {
  const digests: FileDigest[] = [];
  for await (const { path, bytes } of part(folder, manifest)) {
    if (manifest.files.some((file) => file.path === path)) throw new Error(`${path} is in the bundle already`);
    await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
    const writer = await FileWriter.create(folder, path);
    if (bytes instanceof Uint8Array) await writer.writeBytes(bytes);
    else for await (const chunk of bytes) await writer.writeBytes(chunk);
    digests.push(await writer.end());
  }
  return digests;
}

function manifestOf(making: Making, gathered: GatherState, envelopes: readonly Envelope[], files: readonly FileDigest[]): Manifest {
  const { framework: { file, path }, policy, order, log, checkpoint } = making;
  return {
    v: 1,
    framework: { id: file.framework, title: file.title, edition: file.edition, path: `policies/${path}`, digest: policy.files[`${FRAMEWORKS_FOLDER}${file.framework}.yaml`] ?? '' },
    period: { from: order.from, to: order.to },
    log: { origin: log.row.origin, size: checkpoint.size, root: toHex(checkpoint.root), first: gathered.first, last: gathered.last, time: gathered.asOf },
    nonce: order.nonce,
    view: { principal: order.principal, role: order.role, rule: order.rule, policy: policy.digestHex, receipts: order.receipts },
    erasures: { count: gathered.erased },
    files: [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))),
    populations: envelopes.map(({ assertion, verdict }) => ({ assertion, envelope: `populations/${assertion}/envelope.json`, verdict })).sort((a, b) => (a.assertion < b.assertion ? -1 : 1)),
  };
}

function controlsOf({ framework: { file } }: Making, envelopes: readonly Envelope[]): Controls {
  return {
    v: 1,
    framework: file.framework,
    controls: file.controls.map(({ id, title, text, quoted, cites }) => {
      const assertions = envelopes.filter(({ controls }) => controls.includes(id)).map(({ assertion, verdict, strength, caveat }) => ({ id: assertion, verdict, strength, caveat }));
      return { id, title, text, quoted, cites, verdict: controlVerdict(assertions), assertions };
    }),
  };
}
