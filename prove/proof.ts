/** What a step measured or counted, by name. */
export type Figures = Record<string, number | string>;

/** What a proof may use. */
export interface ProofContext {
  /** Whether this is the short version that CI runs. */
  readonly small: boolean;
  /** An empty folder of the proof's own, on a disk, that PostgreSQL's user can enter. It is removed afterwards. */
  readonly folder: string;
  /** Runs one part and keeps its figures; a part that an earlier, interrupted run finished is passed over. Throws when it fails. */
  step(name: string, work: () => Promise<Figures>): Promise<void>;
  say(line: string): void;
}

/** Something that must be shown. `run` throws where it cannot be. */
export interface Proof {
  readonly name: string;
  /** What is shown, in one sentence. */
  readonly claim: string;
  run(context: ProofContext): Promise<void>;
}

/** What was to be shown does not hold. */
export class ProofFailure extends Error {
  override readonly name = 'ProofFailure';
}

/** @throws ProofFailure with `message` unless it holds */
export function mustHold(holds: boolean, message: string): asserts holds {
  if (!holds) throw new ProofFailure(message);
}
