/** Every refusal over HTTP: its stable code, status and title. docs/errors.md is made from this. */
export const PROBLEMS = {
  'malformed-json': [400, 'The body is not JSON'],
  'bad-request': [400, 'The request cannot be understood'],
  unauthenticated: [401, 'No valid key was presented'],
  forbidden: [403, 'No rule allows this'],
  'not-found': [404, 'There is nothing here'],
  'method-not-allowed': [405, 'The resource does not take this method'],
  'credential-ended': [409, 'The credential was revoked, has expired or was rotated already'],
  'epoch-ending': [409, 'Another replica is ending an epoch of keys'],
  'credential-taken': [409, 'The credential is registered already'],
  'id-taken': [409, 'The id stands in the log with other content'],
  'legal-hold': [409, 'A legal hold keeps it'],
  'request-closed': [409, 'It is decided already, or has expired'],
  erased: [410, 'It was erased'],
  'payload-lost': [410, 'Its payload was lost with the log’s tail'],
  'version-taken': [409, 'The model version is registered with other content'],
  'version-decided': [409, 'The model version does not stand so that this can be decided'],
  'version-unapproved': [409, 'The model version is not approved to run'],
  'shares-exceeded': [409, 'The shares of the traffic would add up to more than one'],
  'bundle-not-ready': [409, 'The bundle is not there to be taken'],
  'bundle-gone': [410, 'The bundle was deleted when its time was over'],
  'range-not-satisfiable': [416, 'None of what the range asks for is there'],
  'bundle-elsewhere': [503, 'The bundle lies with another replica'],
  'quarantine-closed': [409, 'The record is no longer in quarantine'],
  'body-too-large': [413, 'The body is larger than the limit'],
  'payload-too-large': [413, 'The record is larger than the limit'],
  'batch-too-large': [413, 'The batch holds more records than the limit'],
  'url-too-long': [414, 'The path and query are longer than the limit'],
  'unsupported-media-type': [415, 'The content type is not one that is taken here'],
  'headers-too-large': [431, 'Request line and header fields are larger than the limit'],
  'invalid-json': [422, 'The JSON holds something that cannot be kept exactly'],
  'invalid-record': [422, 'The record does not have the form of a prediction'],
  'invalid-body': [422, 'The body is not right'],
  'no-contract': [422, 'No contract governs the model'],
  'endpoint-not-allowed': [422, 'The policy does not allow this endpoint'],
  'not-replayable': [422, 'The inputs cannot be scored again'],
  'endpoint-failed': [502, 'The scoring endpoint failed'],
  'contract-broken': [422, 'The record breaks its contract'],
  'version-not-served': [422, 'The model version is not approved to run'],
  'invalid-query': [422, 'The query is not right'],
  'window-needed': [422, 'The combination of filters needs a window of time'],
  'queue-full': [429, 'More is waiting than can be committed'],
  'rate-limited': [429, 'More is asked than this principal may in that time'],
  'too-many-failures': [429, 'Too many authentications have failed'],
  'request-timeout': [408, 'The request did not arrive in time'],
  internal: [500, 'Something failed that should not have'],
  'payload-missing': [500, 'The payload is missing, and no entry says why'],
  'not-verifiable': [500, 'What the database holds does not verify'],
  'database-unavailable': [503, 'The database cannot be reached or cannot write'],
  'vault-unavailable': [503, 'Keys cannot be had now'],
  'provider-unavailable': [503, 'The identity provider cannot be asked'],
  'not-journalled': [503, 'It is erased, and not journalled yet'],
  'storage-full': [503, 'The database has no room left'],
  'outcome-unknown': [503, 'Whether the record was taken in is not known'],
  'not-counted': [503, 'What became of the record cannot be counted'],
  'log-stopped': [503, 'The log has stopped rather than fork'],
  'policy-mismatch': [503, 'Another policy is in force than this replica’s'],
  'clock-skew': [503, 'This replica’s clock is wrong'],
  'shutting-down': [503, 'The service is shutting down'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One place in what was sent that is wrong, and what would mend it. Never holds a value that was sent. */
export interface Fault {
  /** JSON pointer, query parameter, or offset. */
  at: string;
  code: string;
  detail: string;
}

/** RFC 9457 problem details, with a stable `code`. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  errors?: readonly Fault[];
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** Thrown anywhere below HTTP that knows which refusal it is. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly errors: readonly Fault[];
  readonly retryAfterMs: number | undefined;

  constructor(code: ProblemCode, detail: string, options: { errors?: readonly Fault[]; retryAfterMs?: number | undefined } = {}) {
    super(detail);
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }

  get status(): number {
    return PROBLEMS[this.code][0];
  }

  document(): ProblemDocument {
    const [status, title] = PROBLEMS[this.code];
    return {
      type: `urn:prediction-ledger:problem:${this.code}`,
      title,
      status,
      code: this.code,
      detail: this.message,
      ...(this.errors.length > 0 && { errors: this.errors }),
    };
  }
}
