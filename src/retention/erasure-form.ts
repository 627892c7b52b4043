import { TEXT } from '../contracts/kept-text.ts';
import { OwnSchemas } from '../http/own-schemas.ts';

export const ERASURE_REASONS = ['subject-request', 'consent-withdrawn', 'objection', 'retention-expired', 'unlawful-processing', 'legal-order', 'other'] as const;
/** Regulation (EU) 2016/679, Article 17(3)(a) to (e): why something of it is kept elsewhere all the same. */
export const EXEMPTIONS = ['freedom-of-expression', 'legal-obligation', 'public-health', 'archiving-or-research', 'legal-claims'] as const;

/** What `POST /v1/subjects/erasures` takes. */
export interface ErasureForm {
  /** The reference by which producers name the data subject. */
  subject: string;
  reason: (typeof ERASURE_REASONS)[number];
  citation?: string;
  exemption?: (typeof EXEMPTIONS)[number];
  note?: string;
  /** Who was told of it, by the names of policies/privacy.yaml. */
  recipients?: string[];
}

export const SUBJECT = { type: 'string', minLength: 1, maxLength: 256, pattern: '^[^\\u0000-\\u001f\\u007f]*$' } as const;

export const ERASURE_FORM = {
  type: 'object',
  additionalProperties: false,
  required: ['subject', 'reason'],
  properties: {
    subject: SUBJECT,
    reason: { enum: ERASURE_REASONS },
    citation: TEXT,
    exemption: { enum: EXEMPTIONS },
    note: TEXT,
    recipients: { type: 'array', maxItems: 100, uniqueItems: true, items: { type: 'string', maxLength: 63 } },
  },
} as const;

export const isErasureForm = new OwnSchemas().compile<ErasureForm>(ERASURE_FORM);
