import type { BundleEnvelope, BundleManifest } from './bundle-documents.ts';
import type { BundleLog } from './bundle-log.ts';
import type { FileCheck, Findings } from './bundle-report.ts';
import type { BundleSource } from './bundle-source.ts';

/** What the checks of one population work on. */
export interface PopulationCheck {
  source: BundleSource;
  manifest: BundleManifest;
  envelope: BundleEnvelope;
  /** Undefined where the log's own files do not hold: then no proof is believed. */
  log: BundleLog | undefined;
  files: ReadonlyMap<string, FileCheck>;
  findings: Findings;
  onRow: () => Promise<void> | void;
}
