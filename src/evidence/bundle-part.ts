import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalize } from '../core/canonical-json.ts';
import { parseStrictJson } from '../core/strict-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import type { Controls, Manifest } from './manifest.ts';
import type { Envelope } from './population.ts';

/** A file that a part adds to a bundle. */
export interface PartFile {
  /** Within the bundle, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
}

/**
 * Makes files of a bundle from those that are there. A digested part is called with a manifest that names what was made
 * before it, and its files go into the manifest that follows; an undigested one is called with the final manifest, when
 * `manifest.json` stands in the folder. Deterministic where it is digested: no clock, no randomness. A part that is
 * interrupted is called again.
 *
 * @param folder absolute path of the bundle's files
 */
export type BundlePart = (folder: string, manifest: Manifest) => AsyncIterable<PartFile>;

/** What a bundle is made of, beyond what is gathered; each in the order in which they are called. */
export interface BundleParts {
  readonly digested: readonly BundlePart[];
  readonly undigested: readonly BundlePart[];
}

/** The manifest itself: its bytes are what an attestation names. */
export async function* manifestPart(_folder: string, manifest: Manifest): AsyncIterable<PartFile> {
  yield { path: 'manifest.json', bytes: Buffer.from(canonicalize(manifest as unknown as JsonValue)) };
}

/** A population's envelope, from the folder. Small: rows are not in it. */
export async function readEnvelope(folder: string, assertion: string): Promise<Envelope> {
  return (await readJson(join(folder, 'populations', assertion, 'envelope.json'))) as unknown as Envelope;
}

export async function readControls(folder: string): Promise<Controls> {
  return (await readJson(join(folder, 'controls.json'))) as unknown as Controls;
}

async function readJson(path: string): Promise<JsonValue> {
  return parseStrictJson(await readFile(path, 'utf8'));
}
