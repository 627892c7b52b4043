import { OwnSchemas } from '../http/own-schemas.ts';
import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { readPolicyFile } from '../ledger/policy-file.ts';
import { PolicyError } from '../ledger/policy-error.ts';

export const REPLAY_PATH = 'replay.yaml';

interface ReplayFile {
  endpoints: { url: string; models: string[] }[];
  timeoutSeconds: number;
}

const validate = new OwnSchemas().compile<ReplayFile>({
  type: 'object',
  additionalProperties: false,
  required: ['endpoints', 'timeoutSeconds'],
  properties: {
    endpoints: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['url', 'models'],
        properties: { url: { type: 'string', pattern: '^https?://[^\\s@#?]+$', maxLength: 512 }, models: { type: 'array', minItems: 1, maxItems: 100, items: { type: 'string', minLength: 1, maxLength: 128 } } },
      },
    },
    timeoutSeconds: { type: 'integer', minimum: 1, maximum: 60 },
  },
});
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** `policies/replay.yaml`: to whom recorded inputs may be handed. Without the file, to nobody. */
export class ReplayPolicy {
  readonly timeoutMs: number;
  private readonly modelsOf: ReadonlyMap<string, readonly string[]>;

  /** @throws PolicyError with every fault */
  constructor(bundle: Pick<PolicyBundle, 'texts'>) {
    const text = bundle.texts.get(REPLAY_PATH);
    const file = text === undefined ? undefined : readPolicyFile(REPLAY_PATH, text, validate);
    const { endpoints, timeoutSeconds } = file?.value ?? { endpoints: [], timeoutSeconds: 1 };
    const faults = endpoints.flatMap(({ url }, i) => (isSafe(url) ? [] : [file?.fault(`/endpoints/${i}/url`, 'is neither https nor on this machine: what is sent there could be read on the way') ?? []].flat()));
    if (faults.length > 0) throw new PolicyError(faults);
    this.timeoutMs = timeoutSeconds * 1000;
    this.modelsOf = new Map(endpoints.map(({ url, models }) => [new URL(url).href, models]));
  }

  /** To whom inputs may be handed, in words, by endpoint. */
  get texts(): ReadonlyMap<string, string> {
    return new Map([...this.modelsOf].map(([url, models]) => [`replay to ${url}`, `may be handed the recorded inputs of ${models.join(', ')}`]));
  }

  /** Whether the inputs of a model may be handed to an endpoint: it is named there, whole. */
  allows(endpoint: string, model: string): boolean {
    if (!URL.canParse(endpoint)) return false;
    return this.modelsOf.get(new URL(endpoint).href)?.includes(model) === true;
  }
}

function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || LOOPBACK.has(hostname);
}
