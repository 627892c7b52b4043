import type { Caller } from '../access/caller.ts';
import { Problem, type ProblemCode } from '../http/problem.ts';
import { problemOf } from '../http/problem-of.ts';
import { AppendError } from '../ledger/append-error.ts';
import type { Tally } from '../ledger/tally.ts';
import type { Taken } from './intake.ts';

/** Whose record it is. */
export type Producer = Pick<Caller, 'principal' | 'log'>;

/** Refusals for want of room or of a database, whatever the record: they must cost next to nothing, so nobody waits for their count. */
const BESIDE = new Set<ProblemCode>([
  'queue-full', 'database-unavailable', 'storage-full', 'log-stopped', 'policy-mismatch', 'clock-skew', 'shutting-down',
]);

/**
 * Counts what became of each record, before anybody is told:
 * received = accepted + refused + quarantined + duplicate. What is accepted counts itself, in the log; what is quarantined is
 * counted in the transaction that keeps it.
 */
export class IntakeCounter {
  private readonly tally: Tally;
  private readonly say: (message: string) => void;

  constructor(tally: Tally, say: (message: string) => void) {
    this.tally = tally;
    this.say = say;
  }

  /**
   * Runs what takes one record in.
   *
   * @throws Problem: the record's refusal, counted; or `not-counted`
   */
  async settle(producer: Producer, takeIn: () => Promise<Taken>): Promise<Taken> {
    let taken: Taken;
    try {
      taken = await takeIn();
    } catch (error) {
      throw await this.refuse(producer, error);
    }
    if (!taken.created) {
      await this.count(producer, 'duplicate').catch((failure: unknown) => {
        throw this.uncounted('The record was taken in before', [], failure);
      });
    }
    return taken;
  }

  /** Counts one refusal; gives the problem to answer with. */
  async refuse(producer: Producer, error: unknown): Promise<Problem> {
    const problem = problemOf(error, this.say);
    const { code } = problem;
    // Whether the record is in is for the log to say: if it is, it counts as accepted.
    if (code === 'outcome-unknown') return problem;
    if (BESIDE.has(code)) {
      this.tally.note({ log: producer.log.row.id, what: 'refused', subject: producer.principal, reason: code });
      return problem;
    }
    try {
      await this.count(producer, 'refused', code);
      return problem;
    } catch (failure) {
      return this.uncounted(`The record is refused (${code})`, problem.errors, failure);
    }
  }

  /** Resolves when it is counted durably. @throws AppendError */
  count({ log, principal }: Producer, what: 'refused' | 'duplicate', reason = ''): Promise<void> {
    return this.tally.add({ log: log.row.id, what, subject: principal, reason });
  }

  private uncounted(what: string, errors: Problem['errors'], failure: unknown): Problem {
    if (!(failure instanceof AppendError)) return problemOf(failure, this.say);
    return new Problem('not-counted', `${what}, but that cannot be counted: ${failure.message}.`, { errors, retryAfterMs: failure.retryAfterMs });
  }
}
