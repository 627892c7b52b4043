import type { ProvenAttestation } from './attestation.ts';
import type { BundleManifest } from './bundle-documents.ts';
import type { BundleLog } from './bundle-log.ts';
import type { Findings, SampleCheck } from './bundle-report.ts';
import { toHex } from './bytes.ts';

/** What came of the checks of a bundle. */
export interface Outcome {
  findings: Findings;
  manifest?: BundleManifest;
  digest?: string;
  log?: BundleLog | undefined;
  /** Whether the caller brought the log's key. */
  given?: boolean;
  attestation?: ProvenAttestation | undefined;
  samples?: readonly SampleCheck[];
  populations?: number;
  rows?: number;
}

const NEVER_PROVED = [
  'That a population left nothing out, or that the counts in its totals and gap checks are those of the log: whoever may read the log makes the bundle again and compares digests.',
  'That a row says what its entry’s payload said, unless the sample holds that payload.',
  'That a producer sent everything, or the truth.',
  'That the log shows everyone the same tree, and that its clock was right.',
  'That a control is fulfilled: a bundle supports that judgement, and does not make it.',
];

/** What is proved by a bundle, and what is not, in sentences. */
export function sentences(outcome: Outcome): { proved: string[]; notProved: string[] } {
  const { findings, manifest, log, given, attestation } = outcome;
  if (findings.count > 0 || manifest === undefined || log === undefined || attestation === undefined) {
    return { proved: [], notProved: ['Anything: what does not hold is listed, and what was checked besides stands by itself at best.'] };
  }
  const { samples = [], populations = 0, rows = 0, digest = '' } = outcome;
  const { size, root } = manifest.log;
  const entries = samples.reduce((all, { proved }) => all + proved, 0);
  const opened = samples.reduce((all, each) => all + each.opened, 0);
  const drawn = samples.filter(({ method }) => method === 'seeded').length;
  const foreseen = /^0{64}$/.test(manifest.nonce) && drawn > 0;
  return {
    proved: [
      `The key ${log.vkey.name}+${toHex(log.vkey.keyId)} signed a checkpoint over ${size} entries with the root hash ${root}${log.consistent > 0 ? `; ${log.consistent} earlier ${log.consistent === 1 ? 'checkpoint is' : 'checkpoints are'} of the same history` : ''}.`,
      `The evidence key ${attestation.keyId}, which entry ${attestation.index} of that log names, signed this bundle: its digest is ${digest}.`,
      `Each of its ${manifest.files.length + 2} files is, byte for byte, the one that was signed; none was added or taken away.`,
      `${populations} populations with ${rows} rows are consistent: rows, CSV, counts, control totals, exceptions, and verdicts by their rules.`,
      `${samples.length} samples were drawn again from their seeds with the same rows; ${entries} entries stand in the log as the samples show them${opened > 0 ? `, and ${opened} payloads are those that these commit to` : ''}.`,
    ],
    notProved: [
      ...(given === true ? [] : ['That this is the log’s key: it was taken from the bundle itself. Give the vkey that you have from elsewhere.']),
      ...(foreseen ? ['That the samples could not be foreseen: the auditor gave no nonce.'] : []),
      ...NEVER_PROVED,
      `That the bundle was signed at ${attestation.signedAt}, as the service’s clock had it.`,
    ],
  };
}
