import { OwnSchemas } from '../http/own-schemas.ts';
import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { readPolicyFile } from '../ledger/policy-file.ts';
import { PolicyError } from '../ledger/policy-error.ts';

export const PRIVACY_PATH = 'privacy.yaml';

interface PrivacyFile {
  requests: { expireAfter: string };
  backups: { keptFor: string };
  recipients: string[];
}

const DAYS = { type: 'string', pattern: '^P[1-9]\\d{0,3}D$' };
const DAY_MS = 24 * 60 * 60 * 1000;

const validate = new OwnSchemas().compile<PrivacyFile>({
  type: 'object',
  additionalProperties: false,
  required: ['requests', 'backups', 'recipients'],
  properties: {
    requests: { type: 'object', additionalProperties: false, required: ['expireAfter'], properties: { expireAfter: DAYS } },
    backups: { type: 'object', additionalProperties: false, required: ['keptFor'], properties: { keptFor: DAYS } },
    recipients: { type: 'array', uniqueItems: true, maxItems: 100, items: { type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' } },
  },
});

/** `policies/privacy.yaml`: how requests about data subjects are handled. */
export class PrivacyPolicy {
  readonly requestLifeMs: number;
  readonly backupLifeMs: number;
  /** Names of those who were given personal data. */
  readonly recipients: readonly string[];

  /** @throws PolicyError with every fault */
  constructor(bundle: PolicyBundle) {
    const text = bundle.texts.get(PRIVACY_PATH);
    if (text === undefined) throw new PolicyError([{ path: PRIVACY_PATH, line: 1, message: 'is missing: put the shipped file back' }]);
    const { requests, backups, recipients } = readPolicyFile(PRIVACY_PATH, text, validate).value;
    this.requestLifeMs = days(requests.expireAfter) * DAY_MS;
    this.backupLifeMs = days(backups.keptFor) * DAY_MS;
    this.recipients = recipients;
  }

  /** What it says, in words. */
  get texts(): ReadonlyMap<string, string> {
    return new Map([
      ['requests about data subjects', `expire after ${this.requestLifeMs / DAY_MS} days without a decision`],
      ['backups', `are kept for ${this.backupLifeMs / DAY_MS} days`],
      ['recipients of personal data', this.recipients.length === 0 ? 'nobody' : this.recipients.join(', ')],
    ]);
  }
}

function days(period: string): number {
  return Number(period.slice(1, -1));
}
