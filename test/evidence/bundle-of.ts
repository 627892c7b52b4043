import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EvidenceKeys } from '../../src/evidence/evidence-key.ts';
import { attestationPart } from '../../src/evidence/attest.ts';
import { filesFolder, finishBundle, gatherFor, zipPath, type MadeBundle } from '../../src/evidence/make-bundle.ts';
import type { Controls } from '../../src/evidence/manifest.ts';
import type { Making, Order } from '../../src/evidence/order.ts';
import { Pace } from '../../src/evidence/pace.ts';
import type { Envelope, Exception, Row, SampleLine } from '../../src/evidence/population.ts';
import type { Framework } from '../../src/evidence/frameworks.ts';
import type { Log } from '../../src/ledger/log.ts';
import type { Service } from '../../src/service.ts';
import { readZip } from './read-zip.ts';

export const NONCE = 'ab'.repeat(32);

/** A bundle that was made, read again from its zip. */
export interface ReadBundle {
  readonly made: MadeBundle;
  readonly zip: Buffer;
  readonly files: ReadonlyMap<string, Buffer>;
  envelope(assertion: string): Envelope;
  rows(assertion: string): Row[];
  exceptions(assertion: string): Exception[];
  samples(assertion: string, control: string): SampleLine[];
  controls(): Controls;
}

export interface BundleOptions {
  framework: string | Framework;
  from: string;
  to: string;
  /** Tree size; that of the newest checkpoint unless said. */
  size?: number;
  nonce?: string;
  receipts?: boolean;
  /** Stops after each such piece and goes on from the disk, in ms. */
  slice?: number;
}

export function makingOf(service: Service, log: Log, folder: string, options: BundleOptions, checkpoint: Making['checkpoint']): Making {
  const framework = typeof options.framework === 'string' ? service.frameworks.of(options.framework) : options.framework;
  if (framework === undefined) throw new Error('there is no such framework');
  const order: Order = {
    framework: framework.id, from: options.from, to: options.to, nonce: options.nonce ?? NONCE, principal: `prn_${'e'.repeat(24)}`, role: 'compliance-officer', rule: 'compliance-officer-makes-evidence', receipts: options.receipts ?? false,
  };
  const { contracts, roles, policy } = service;
  return { pool: log.pool, log, order, framework, contracts, roles, policy, checkpoint, folder, pace: new Pace(log) };
}

export async function bundleOf(service: Service, log: Log, options: BundleOptions): Promise<ReadBundle> {
  const place = await mkdtemp(join(tmpdir(), 'evidence-'));
  try {
    const { size } = await log.readHead();
    const checkpoint = options.size === undefined ? await log.publisher.covering(size) : await log.checkpoints.ofSize(options.size);
    if (checkpoint === undefined) throw new Error('no checkpoint has that size');
    const making = makingOf(service, log, filesFolder(place), options, checkpoint);
    const tell = async (): Promise<void> => undefined;
    while (!(await gatherFor(making, place, performance.now() + (options.slice ?? 60_000), tell)));
    const attest = attestationPart(log, new EvidenceKeys(service.settings.dataDir), { now: () => 0 });
    const made = await finishBundle(making, place, { digested: [], undigested: [attest] }, tell);
    const zip = await readFile(zipPath(place));
    return read(made, zip, await readZip(zip));
  } finally {
    await rm(place, { recursive: true });
  }
}

function read(made: MadeBundle, zip: Buffer, files: ReadonlyMap<string, Buffer>): ReadBundle {
  const file = (path: string): string => {
    const found = files.get(path);
    if (found === undefined) throw new Error(`the bundle has no ${path}`);
    return found.toString('utf8');
  };
  const lines = <T>(path: string): T[] => file(path).split('\n').slice(0, -1).map((line) => JSON.parse(line) as T);
  return {
    made, zip, files,
    envelope: (assertion) => JSON.parse(file(`populations/${assertion}/envelope.json`)) as Envelope,
    rows: (assertion) => lines(`populations/${assertion}/rows.jsonl`),
    exceptions: (assertion) => lines(`populations/${assertion}/exceptions.jsonl`),
    samples: (assertion, control) => lines(`samples/${assertion}/${control}.jsonl`),
    controls: () => JSON.parse(file('controls.json')) as Controls,
  };
}
