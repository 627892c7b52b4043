import type { Clock } from '../ledger/clock.ts';
import type { Log } from '../ledger/log.ts';
import { attestationPart } from './attest.ts';
import type { BundleParts } from './bundle-part.ts';
import type { EvidenceKeys } from './evidence-key.ts';
import { lineagePart } from './lineage-part.ts';
import { oscalPart } from './oscal.ts';
import { htmlReportPart } from './report-html.ts';
import { pdfReportPart } from './report-pdf-part.ts';
import { verifierPart } from './verifier-part.ts';

/** All that a bundle of a log is made of, beyond what is gathered. */
export function bundleParts(log: Log, keys: EvidenceKeys, clock: Clock): BundleParts {
  return { digested: [lineagePart, oscalPart, htmlReportPart, pdfReportPart, verifierPart], undigested: [attestationPart(log, keys, clock)] };
}
