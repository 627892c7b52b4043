/** One place in a policy file that is wrong. */
export interface PolicyFault {
  /** Relative to the policy folder. */
  path: string;
  /** From 1. */
  line: number;
  /** What is wrong, and what would mend it. */
  message: string;
}

/** The policy files cannot be taken as they are: the service does not start. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  /** Every fault that was found; empty where the folder itself is at fault. */
  readonly faults: readonly PolicyFault[];

  constructor(fault: string | readonly PolicyFault[]) {
    super(typeof fault === 'string' ? fault : describe(fault));
    this.faults = typeof fault === 'string' ? [] : fault;
  }
}

/** One line: the first fault, and how many more there are. */
function describe([first, ...others]: readonly PolicyFault[]): string {
  if (first === undefined) return 'the policy files are not right';
  const more = others.length === 0 ? '' : ` (and ${others.length} more; "prediction-ledger policy check" lists them)`;
  return `${first.path}:${first.line}: ${first.message}${more}`;
}
