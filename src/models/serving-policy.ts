import { OwnSchemas } from '../http/own-schemas.ts';
import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import { readPolicyFile } from '../ledger/policy-file.ts';

export const MODELS_PATH = 'models.yaml';

/** What may be out of order with the version that a prediction names. */
export const VERSION_FAULTS = ['unknown', 'unapproved', 'rejected', 'withdrawn', 'retired'] as const;
export type VersionFault = (typeof VERSION_FAULTS)[number];

/** accept: taken in, and flagged as an exception. */
export const SERVING_ACTIONS = ['accept', 'quarantine', 'refuse'] as const;
export type ServingAction = (typeof SERVING_ACTIONS)[number];

/** What becomes of predictions of a version that is not approved to run. */
export type ServingRules = Readonly<Record<VersionFault, ServingAction>> & {
  /** ISO 8601 duration. */
  readonly quarantineFor: string;
};

interface ModelsFile {
  everyModel: ServingRules;
  models?: (Partial<ServingRules> & { models: string[]; tenants?: string[] })[];
}

const RULES = {
  ...Object.fromEntries(VERSION_FAULTS.map((fault) => [fault, { enum: SERVING_ACTIONS }])),
  quarantineFor: { type: 'string', pattern: '^P[1-9]\\d{0,3}D$' },
};
const MODEL = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._:+@/-]{0,127}$' };
const TENANT = { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' };

const validate = new OwnSchemas().compile<ModelsFile>({
  type: 'object',
  additionalProperties: false,
  required: ['everyModel'],
  properties: {
    everyModel: { type: 'object', additionalProperties: false, required: [...VERSION_FAULTS, 'quarantineFor'], properties: RULES },
    models: {
      type: 'array',
      maxItems: 10_000,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['models'],
        properties: {
          models: { type: 'array', minItems: 1, maxItems: 1000, uniqueItems: true, items: MODEL },
          tenants: { type: 'array', minItems: 1, maxItems: 1000, uniqueItems: true, items: TENANT },
          ...RULES,
        },
      },
    },
  },
});

/** `policies/models.yaml`: what becomes of predictions whose model version is not approved to run. */
export class ServingPolicy {
  private readonly everyModel: ServingRules;
  /** `model`, and `model tenant` where a tenant is named. Neither name holds a blank. */
  private readonly named = new Map<string, ServingRules>();

  /** @throws PolicyError with every fault */
  constructor(bundle: Pick<PolicyBundle, 'texts'>) {
    const text = bundle.texts.get(MODELS_PATH);
    if (text === undefined) throw new PolicyError([{ path: MODELS_PATH, line: 1, message: 'is missing: put the shipped file back' }]);
    const file = readPolicyFile(MODELS_PATH, text, validate);
    const faults: PolicyFault[] = [];
    this.everyModel = file.value.everyModel;
    for (const [position, { models, tenants, ...rules }] of (file.value.models ?? []).entries()) {
      for (const [i, model] of models.entries()) {
        for (const name of tenants?.map((tenant) => `${model} ${tenant}`) ?? [model]) {
          if (this.named.has(name)) faults.push(file.fault(`/models/${position}/models/${i}`, 'is named above already, for the same tenants: say it in one place'));
          this.named.set(name, { ...this.everyModel, ...rules });
        }
      }
    }
    if (faults.length > 0) throw new PolicyError(faults);
  }

  /** What holds for a model in a tenant: what names both, else what names the model, else what holds for every model. */
  of(model: string, tenant: string): ServingRules {
    if (this.named.size === 0) return this.everyModel;
    return this.named.get(`${model} ${tenant}`) ?? this.named.get(model) ?? this.everyModel;
  }

  /** Each rule in words, under what it is known by. */
  get texts(): ReadonlyMap<string, string> {
    const named = [...this.named].map(([name, rules]): [string, string] => [`model ${name.replace(' ', ' of tenant ')}`, rulesText(rules)]);
    return new Map([['every model', rulesText(this.everyModel)], ...named]);
  }
}

function rulesText(rules: ServingRules): string {
  return `${VERSION_FAULTS.map((fault) => `${fault}: ${rules[fault]}`).join(', ')}; quarantined for ${rules.quarantineFor}`;
}
