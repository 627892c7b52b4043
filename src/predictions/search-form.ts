import { OwnSchemas } from '../http/own-schemas.ts';
import { EXCEPTION_WORDS } from './exception-words.ts';
import { isDateTime } from './date-time.ts';
import { PREDICTION_SCHEMA } from './prediction.ts';
import type { Asked } from './search-predictions.ts';

const { model, version, deployment, subject, time } = PREDICTION_SCHEMA.properties;

/** What `POST /v1/predictions/search` takes: filters and page as in the URL of a list, and the data subject. */
export const SEARCH_FORM = {
  type: 'object',
  additionalProperties: false,
  properties: {
    model, version, deployment, subject,
    decision: PREDICTION_SCHEMA.properties.decision.properties.outcome,
    producer: { type: 'string', pattern: '^prn_[0-9a-f]{24}$' },
    exception: { enum: ['any', ...EXCEPTION_WORDS] },
    from: time,
    to: time,
    order: { enum: ['asc', 'desc'] },
    cursor: { type: 'string', pattern: '^(0|[1-9][0-9]{0,14})$' },
    limit: { type: 'integer', minimum: 1, maximum: 999_999 },
  },
} as const;

const ajv = new OwnSchemas();
ajv.addFormat('date-time', isDateTime);
export const isSearch = ajv.compile<Asked & { limit?: number }>(SEARCH_FORM);
