import type { ValidateFunction } from 'ajv';
import type { JsonValue } from '../core/json-value.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { isDateTime } from './date-time.ts';
import { PREDICTION_SCHEMA, type Prediction } from './prediction.ts';

type JsonObject = { [name: string]: JsonValue };

/** What can be told of a prediction after it. */
export const FOLLOW_UP_KINDS = ['outcome', 'review', 'correction'] as const;
export type FollowUpKind = (typeof FOLLOW_UP_KINDS)[number];

/** The entry type of each (docs/spec/payloads.md). */
export const FOLLOW_UP_TYPES = { outcome: 'outcome-recorded', review: 'prediction-reviewed', correction: 'prediction-corrected' } as const satisfies Record<FollowUpKind, string>;

/** What is odd about a follow-up, where it is known when it is taken in. A closed list: it stands in payloads. */
export const FOLLOW_UP_EXCEPTIONS = ['observed-before-prediction', 'observed-in-future'] as const;
export type FollowUpException = (typeof FOLLOW_UP_EXCEPTIONS)[number];

/** What turned out to be true. */
export interface PostedOutcome {
  id: string;
  outcome: JsonObject;
  /** When it was seen to be so, RFC 3339. */
  observed: string;
  source?: string;
}

/** What a person found when looking at the decision again. */
export interface PostedReview {
  id: string;
  verdict: 'upheld' | 'overridden' | 'referred';
  /** Why it was looked at. */
  occasion?: 'contest' | 'routine' | 'sample' | 'incident';
  /** What is decided instead; where, and only where, it is overridden. */
  decision?: JsonObject;
  reason: string;
}

/** What of a prediction was handed in wrong, as it should have been. Members of inputs, output and decision one by one, the others whole. */
export interface PostedCorrection {
  id: string;
  changes: Partial<Pick<Prediction, 'inputs' | 'output' | 'explanation' | 'features' | 'parents'>> & { decision?: JsonObject };
  reason: string;
}

export type PostedFollowUp = PostedOutcome | PostedReview | PostedCorrection;

const { id, inputs, output, decision, explanation, features, parents, time, purpose } = PREDICTION_SCHEMA.properties;
const REASON = { type: 'string', minLength: 1, maxLength: 4000, pattern: '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]*$' } as const;
const { required: _complete, ...partOfDecision } = decision;

/** The closed form of each as posted (JSON Schema, draft 7). What stands in outcome, decision and changes is the contract's matter. */
export const FOLLOW_UP_SCHEMAS = {
  outcome: {
    type: 'object',
    additionalProperties: false,
    required: ['id', 'outcome', 'observed'],
    properties: { id, outcome: { ...inputs, minProperties: 1 }, observed: time, source: purpose },
  },
  review: {
    type: 'object',
    additionalProperties: false,
    required: ['id', 'verdict', 'reason'],
    properties: { id, verdict: { enum: ['upheld', 'overridden', 'referred'] }, occasion: { enum: ['contest', 'routine', 'sample', 'incident'] }, decision, reason: REASON },
    oneOf: [{ properties: { verdict: { const: 'overridden' } }, required: ['decision'] }, { properties: { verdict: { enum: ['upheld', 'referred'] }, decision: { not: {} } } }],
  },
  correction: {
    type: 'object',
    additionalProperties: false,
    required: ['id', 'changes', 'reason'],
    properties: {
      id,
      changes: { type: 'object', additionalProperties: false, minProperties: 1, properties: { inputs, output, decision: partOfDecision, explanation, features, parents } },
      reason: REASON,
    },
  },
} as const satisfies Record<FollowUpKind, object>;

const ajv = new OwnSchemas({ allowUnionTypes: true, strictRequired: false, strictTypes: false });
ajv.addFormat('date-time', isDateTime);

export const IS_FOLLOW_UP: Readonly<Record<FollowUpKind, ValidateFunction<PostedFollowUp>>> = {
  outcome: ajv.compile<PostedFollowUp>(FOLLOW_UP_SCHEMAS.outcome),
  review: ajv.compile<PostedFollowUp>(FOLLOW_UP_SCHEMAS.review),
  correction: ajv.compile<PostedFollowUp>(FOLLOW_UP_SCHEMAS.correction),
};
