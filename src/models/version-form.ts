import formats from 'ajv-formats';
import { refusePersonal } from '../contracts/kept-text.ts';
import type { JsonValue } from '../core/json-value.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { Problem, type Fault } from '../http/problem.ts';

export interface DataSet {
  name: string;
  version: string;
  /** Algorithm and value: `sha256:…`, or what another registry tells the content by. */
  digest: string;
  /** RFC 3339: the window of time that it spans. */
  from?: string;
  to?: string;
}

/** What a version is made of; docs/spec/payloads.md gives the meaning of each member. */
export interface VersionFacts {
  artifact: { digest: string; uri?: string };
  training: DataSet[];
  evaluation: DataSet[];
  code: { repository?: string; commit: string };
  hyperparameters?: { [name: string]: string | number | boolean | null };
  framework?: { name: string; version: string };
  metrics?: { name: string; value: number; dataSet?: string }[];
  features?: { view: string; version: string; fields?: string[] }[];
  intendedUse: string;
  owner: string;
  importedFrom?: { kind: 'mlflow' | 'cyclonedx'; uri?: string; name?: string; version?: string; run?: string; digest?: string };
}

/** What `POST /v1/models/{model}/versions` takes. */
export interface VersionForm extends VersionFacts {
  version: string;
}

const NAME = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._:+@/-]{0,127}$' } as const;
const LABEL = { type: 'string', minLength: 1, maxLength: 256, pattern: '^[^\\u0000-\\u001f\\u007f]+$' } as const;
const SHA256 = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' } as const;
const URI = { type: 'string', pattern: '^[\\x21-\\x7e]{1,1024}$' } as const;
const TIME = { type: 'string', format: 'date-time', maxLength: 40 } as const;
/** A text about models that stays in the log for good. */
export const LONG_TEXT = { type: 'string', minLength: 1, maxLength: 2000, pattern: '^[^\\u0000-\\u001f\\u007f]+$' } as const;

const DATA_SETS = {
  type: 'array',
  maxItems: 1000,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'version', 'digest'],
    properties: { name: LABEL, version: LABEL, digest: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,31}:[A-Za-z0-9+/=._-]{1,128}$' }, from: TIME, to: TIME },
  },
} as const;

/** Closed, as docs/spec/schemas/model-version-registered-v1.json is; the model stands in the path. */
export const VERSION_FORM = {
  type: 'object',
  additionalProperties: false,
  required: ['version', 'artifact', 'training', 'evaluation', 'code', 'intendedUse', 'owner'],
  properties: {
    version: NAME,
    artifact: { type: 'object', additionalProperties: false, required: ['digest'], properties: { digest: SHA256, uri: URI } },
    training: DATA_SETS,
    evaluation: DATA_SETS,
    code: {
      type: 'object',
      additionalProperties: false,
      required: ['commit'],
      properties: { repository: URI, commit: { type: 'string', pattern: '^[0-9A-Za-z][0-9A-Za-z._-]{3,127}$' } },
    },
    hyperparameters: { type: 'object', maxProperties: 1000, additionalProperties: { type: ['string', 'number', 'boolean', 'null'], maxLength: 1000 } },
    framework: { type: 'object', additionalProperties: false, required: ['name', 'version'], properties: { name: LABEL, version: LABEL } },
    metrics: {
      type: 'array',
      maxItems: 1000,
      items: { type: 'object', additionalProperties: false, required: ['name', 'value'], properties: { name: LABEL, value: { type: 'number' }, dataSet: LABEL } },
    },
    features: {
      type: 'array',
      maxItems: 1000,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['view', 'version'],
        properties: { view: NAME, version: NAME, fields: { type: 'array', maxItems: 1000, uniqueItems: true, items: LABEL } },
      },
    },
    intendedUse: LONG_TEXT,
    owner: LABEL,
    importedFrom: {
      type: 'object',
      additionalProperties: false,
      required: ['kind'],
      properties: { kind: { enum: ['mlflow', 'cyclonedx'] }, uri: URI, name: LABEL, version: LABEL, run: LABEL, digest: SHA256 },
    },
  },
} as const;

const ajv = new OwnSchemas({ allowUnionTypes: true });
formats.default(ajv, ['date-time']);
export const isVersionForm = ajv.compile<VersionForm>(VERSION_FORM);
const isName = ajv.compile<string>(NAME);

/**
 * What no schema says: windows that begin before they end, and texts that name nobody.
 *
 * @throws Problem `invalid-body`
 */
export function checkVersion(form: VersionForm): void {
  const errors: Fault[] = [];
  for (const use of ['training', 'evaluation'] as const) {
    for (const [i, { from, to }] of form[use].entries()) {
      if (from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to)) errors.push({ at: `/${use}/${i}/to`, code: 'range', detail: 'lies after from' });
    }
  }
  if (errors.length > 0) throw new Problem('invalid-body', 'The body is not right; see errors for every place.', { errors });
  refusePersonal({ intendedUse: form.intendedUse, owner: form.owner }, undefined);
}

/** The model or version of a path. @throws Problem `not-found` */
export function knownName(name: string): string {
  if (!isName(name)) throw new Problem('not-found', 'No model and no version has such a name: they begin with a letter or digit, and go on with letters, digits and . _ : + @ / -');
  return name;
}

/** The body of the entry that registers it. */
export function registeredBody(model: string, form: VersionForm): JsonValue {
  return { model, ...form } as unknown as JsonValue;
}
