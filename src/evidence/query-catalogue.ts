import { ACCESS_DECISIONS } from './query-access-decisions.ts';
import { ACCESS_MATRIX } from './query-access-matrix.ts';
import { ACCOUNTING, ACCOUNTS } from './query-accounting.ts';
import { ACTIVITY_REVIEWS } from './query-activity-reviews.ts';
import { BREACH_SCOPE } from './query-breach-scope.ts';
import { BREAK_GLASS } from './query-break-glass.ts';
import { CONTRACT_CHANGES } from './query-contract-changes.ts';
import { CREDENTIAL_CHANGES } from './query-credential-changes.ts';
import { DECISIONS } from './query-decisions.ts';
import { DISCLOSURES } from './query-disclosures.ts';
import { DISPOSITIONS } from './query-dispositions.ts';
import { ELSEWHERE } from './query-elsewhere.ts';
import { ERASURES } from './query-erasures.ts';
import { EXPORTS } from './query-exports.ts';
import { FIELDS_SEEN } from './query-fields-seen.ts';
import { INTAKE_TOTALS } from './query-intake-totals.ts';
import { INTERVENTIONS } from './query-interventions.ts';
import { KEY_EVENTS } from './query-key-events.ts';
import { LEGAL_HOLDS } from './query-legal-holds.ts';
import { MODEL_CHANGES } from './query-model-changes.ts';
import { ORPHANS } from './query-orphans.ts';
import { OUTCOMES } from './query-outcomes.ts';
import { POLICY_ACTIVATIONS } from './query-policy-activations.ts';
import { PROCESSING_REGISTER } from './query-processing-register.ts';
import { PRODUCER_SEQUENCES } from './query-producer-sequences.ts';
import { QUARANTINE } from './query-quarantine.ts';
import { RECOVERIES } from './query-recoveries.ts';
import { REFUSALS } from './query-refusals.ts';
import { RETENTION_HORIZON } from './query-retention-horizon.ts';
import { REVIEW_DUE } from './query-review-due.ts';
import { SAFE_HARBOR } from './query-safe-harbor.ts';
import { SERVED_VERSIONS } from './query-served-versions.ts';
import { SUBJECT_REPORTS } from './query-subject-reports.ts';
import { SUBJECT_REQUESTS } from './query-subject-requests.ts';
import { VERIFIED_RANGE } from './query-verified-range.ts';
import type { Query } from './query.ts';

/** A query whose state is nobody else's matter. */
export type AnyQuery = Query<never> & { begin(): object };

const ALL = [
  VERIFIED_RANGE, INTAKE_TOTALS, PRODUCER_SEQUENCES, ORPHANS, OUTCOMES, QUARANTINE, SERVED_VERSIONS, MODEL_CHANGES, DECISIONS, INTERVENTIONS, REVIEW_DUE, ACCESS_DECISIONS, CREDENTIAL_CHANGES, ACCESS_MATRIX, REFUSALS,
  DISCLOSURES, ACCOUNTING, ACCOUNTS, ACTIVITY_REVIEWS, BREAK_GLASS, POLICY_ACTIVATIONS, CONTRACT_CHANGES, KEY_EVENTS, FIELDS_SEEN, SAFE_HARBOR, PROCESSING_REGISTER, BREACH_SCOPE, ERASURES, SUBJECT_REQUESTS, SUBJECT_REPORTS, DISPOSITIONS,
  RETENTION_HORIZON, LEGAL_HOLDS, RECOVERIES, EXPORTS, ELSEWHERE,
];

/** The closed catalogue of queries that a framework may ask (docs/spec/evidence-queries.md). */
export const QUERIES: ReadonlyMap<string, AnyQuery> = new Map(ALL.map((query) => [query.name, query as unknown as AnyQuery]));
