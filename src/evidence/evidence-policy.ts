import { OwnSchemas } from '../http/own-schemas.ts';
import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { readPolicyFile } from '../ledger/policy-file.ts';
import { PolicyError } from '../ledger/policy-error.ts';
import type { Frameworks } from './frameworks.ts';

export const EVIDENCE_PATH = 'evidence.yaml';
export const EVERY = ['week', 'month', 'quarter', 'year'] as const;
export type Every = (typeof EVERY)[number];

/** A bundle that is asked for by itself, of each complete period. */
export interface ScheduledExport {
  readonly framework: string;
  readonly every: Every;
}

interface EvidenceFile {
  bundles: { keptFor: string };
  exports: ScheduledExport[];
}

const DAY_MS = 24 * 60 * 60 * 1000;

const validate = new OwnSchemas({ verbose: true, keywords: ['mend'] }).compile<EvidenceFile>({
  type: 'object',
  additionalProperties: false,
  required: ['bundles', 'exports'],
  properties: {
    bundles: { type: 'object', additionalProperties: false, required: ['keptFor'], properties: { keptFor: { type: 'string', pattern: '^P[1-9]\\d{0,3}D$', mend: 'write days as P90D' } } },
    exports: {
      type: 'array',
      maxItems: 100,
      items: { type: 'object', additionalProperties: false, required: ['framework', 'every'], properties: { framework: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' }, every: { enum: EVERY } } },
    },
  },
});

/** `policies/evidence.yaml`: how long bundles are kept, and which are made by themselves. Without the file, 90 days and none. */
export class EvidencePolicy {
  readonly lifeMs: number;
  readonly exports: readonly ScheduledExport[];

  /** @throws PolicyError with every fault */
  constructor(bundle: Pick<PolicyBundle, 'texts'>, frameworks: Frameworks) {
    const text = bundle.texts.get(EVIDENCE_PATH);
    if (text === undefined) {
      this.lifeMs = 90 * DAY_MS;
      this.exports = [];
      return;
    }
    const file = readPolicyFile(EVIDENCE_PATH, text, validate);
    const faults = file.value.exports.flatMap(({ framework }, i) => (frameworks.of(framework) === undefined ? [file.fault(`/exports/${i}/framework`, `names ${framework}, and there is none: write controls/${framework}.yaml, or another`)] : []));
    if (faults.length > 0) throw new PolicyError(faults);
    this.lifeMs = Number(file.value.bundles.keptFor.slice(1, -1)) * DAY_MS;
    this.exports = file.value.exports;
  }

  /** What it says, in words. */
  get texts(): ReadonlyMap<string, string> {
    const made = this.exports.map(({ framework, every }) => `${framework} each ${every}`);
    return new Map([['evidence bundles', `are kept for ${this.lifeMs / DAY_MS} days; made by themselves: ${made.length === 0 ? 'none' : made.join(', ')}`]]);
  }
}

/** The last complete period before a time, in UTC: ms since 1970, from and to. Weeks begin on Mondays. */
export function completePeriod(every: Every, now: number): { from: number; to: number } {
  const at = new Date(now);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  if (every === 'week') {
    const to = Date.UTC(year, month, day - ((at.getUTCDay() + 6) % 7));
    return { from: to - 7 * DAY_MS, to };
  }
  const months = every === 'month' ? 1 : every === 'quarter' ? 3 : 12;
  const first = month - (month % months);
  return { from: Date.UTC(year, first - months), to: Date.UTC(year, first) };
}
