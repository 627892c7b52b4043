/**
 * How an attribute's values compare. `text`: equality alone, because orders of text differ from place to place. `time`: ms
 * since 1970, in a policy file an RFC 3339 time. `texts`: a list, which conditions only use on the right of in and not-in.
 */
export type AttributeType = 'text' | 'number' | 'time' | 'truth';

/** What every decision may look at, whatever it is about. */
export const COMMON_ATTRIBUTES = {
  /** The name of the tenant whose log is asked. */
  tenant: 'text',
  /** When the request came. */
  now: 'time',
  /** Why the caller says that it asks: beside `purpose`, which is why the data was used in the first place. */
  'stated-purpose': 'text',
} as const satisfies Record<string, AttributeType>;

interface Kind {
  actions: readonly string[];
  attributes: Readonly<Record<string, AttributeType>>;
}

/** The closed catalogue: what there is, what can be done to it, and what a rule may look at. A word beside it stops the start. */
export const CATALOGUE = {
  prediction: {
    actions: ['append', 'read', 'list', 'receive', 'prove', 'correct', 'review', 'record-outcome', 'replay'],
    attributes: {
      model: 'text',
      version: 'text',
      /** The most sensitive class of data that its contract found in it. */
      class: 'text',
      purpose: 'text',
      deployment: 'text',
      /** decision.outcome. */
      outcome: 'text',
      /** Whether the caller handed it in. */
      own: 'truth',
      /** Entry time. */
      time: 'time',
      index: 'number',
    },
  },
  log: { actions: ['read'], attributes: { open: 'truth' } },
  subject: { actions: ['report', 'erase', 'read'], attributes: {} },
  request: { actions: ['list', 'read', 'approve'], attributes: { kind: 'text', requester: 'text', time: 'time' } },
  'legal-hold': { actions: ['place', 'release', 'list'], attributes: { requester: 'text', time: 'time' } },
  token: { actions: ['detokenize'], attributes: { model: 'text', version: 'text', class: 'text', purpose: 'text', deployment: 'text', time: 'time' } },
  quarantine: { actions: ['list', 'read', 'release', 'reject'], attributes: { model: 'text', version: 'text', own: 'truth', time: 'time' } },
  totals: { actions: ['read'], attributes: { own: 'truth' } },
  'model-version': { actions: ['register', 'read', 'approve', 'deploy'], attributes: { model: 'text', version: 'text', requester: 'text', deployment: 'text' } },
  evidence: { actions: ['request', 'read', 'download', 'review'], attributes: { framework: 'text', requester: 'text', time: 'time' } },
  key: { actions: ['issue', 'list', 'rotate', 'revoke'], attributes: { role: 'text', own: 'truth' } },
  person: { actions: ['list', 'revoke'], attributes: {} },
  tenant: { actions: ['create', 'list'], attributes: {} },
  /** `list`: who saw what. */
  access: { actions: ['explain', 'list'], attributes: {} },
  'break-glass': { actions: ['open', 'list', 'review'], attributes: { requester: 'text', time: 'time' } },
  'key-epoch': { actions: ['end', 'list'], attributes: { number: 'number', time: 'time' } },
  policy: { actions: ['read', 'activate', 'approve'], attributes: { requester: 'text', time: 'time' } },
  retention: { actions: ['list', 'run'], attributes: { class: 'text' } },
} as const satisfies Record<string, Kind>;

export type Resource = keyof typeof CATALOGUE;
export type ActionOn<R extends Resource> = (typeof CATALOGUE)[R]['actions'][number];
export type Action = ActionOn<Resource>;

export const RESOURCES = Object.keys(CATALOGUE) as Resource[];
export const ACTIONS: readonly Action[] = [...new Set(RESOURCES.flatMap((resource): readonly Action[] => CATALOGUE[resource].actions))];

/** The fields of a prediction: where the paths of field rules begin. A misspelt one would withhold nothing. */
export const PREDICTION_FIELDS: readonly string[] = [
  'id', 'model', 'version', 'subject', 'time', 'inputs', 'output', 'decision', 'explanation', 'purpose', 'legalBasis',
  'parents', 'features', 'deployment', 'producer', 'trace', 'handling', 'exceptions',
];

/** Where rules about fields have something to be about. */
export const ACTIONS_WITH_FIELDS: readonly (readonly [Action, Resource])[] = [
  ['read', 'prediction'],
  ['receive', 'prediction'],
  ['read', 'quarantine'],
];

/** What opens a payload or takes data out: each time is an entry, before the first byte of the answer leaves. */
export const TRACED: readonly (readonly [Action, Resource])[] = [
  ['read', 'prediction'],
  ['receive', 'prediction'],
  ['replay', 'prediction'],
  ['report', 'subject'],
  ['detokenize', 'token'],
  ['read', 'quarantine'],
  ['download', 'evidence'],
];

/** Where the one who asked for something must be another than the one who does this: enforced whatever the files say. */
export const TWO_PEOPLE: readonly (readonly [Action, Resource])[] = [
  ['approve', 'request'],
  ['approve', 'model-version'],
  ['approve', 'policy'],
  ['review', 'break-glass'],
];

interface ValueOf {
  text: string;
  number: number;
  time: number;
  truth: boolean;
}

/** An attribute's value; null where it is known that there is none. */
export type AttributeValue = string | number | boolean | null;

type ValuesOf<T extends Readonly<Record<string, AttributeType>>> = { readonly [name in keyof T]?: ValueOf[T[name]] | null | undefined };

/** What is known of the resource. Left out: not known, and every condition on it fails closed; null: known to be absent. */
export type AttributesOf<R extends Resource> = ValuesOf<(typeof CATALOGUE)[R]['attributes']> & ValuesOf<typeof COMMON_ATTRIBUTES>;

/** Whether the resource knows the action. */
export function isActionOn(action: Action, resource: Resource): boolean {
  return (CATALOGUE[resource].actions as readonly string[]).includes(action);
}

/** The type of a resource's attribute; undefined where it has none of that name. */
export function attributeType(resource: Resource, name: string): AttributeType | undefined {
  const own: Readonly<Record<string, AttributeType>> = CATALOGUE[resource].attributes;
  if (Object.hasOwn(own, name)) return own[name];
  return Object.hasOwn(COMMON_ATTRIBUTES, name) ? COMMON_ATTRIBUTES[name as keyof typeof COMMON_ATTRIBUTES] : undefined;
}

/** Every name that some resource has an attribute by. */
export const ATTRIBUTE_NAMES: readonly string[] = [
  ...new Set([...Object.keys(COMMON_ATTRIBUTES), ...RESOURCES.flatMap((resource) => Object.keys(CATALOGUE[resource].attributes))]),
];
