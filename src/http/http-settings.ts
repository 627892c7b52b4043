import type { Limits } from '../settings.ts';

/** What every controller needs to know of this service. */
export class HttpSettings {
  readonly limits: Limits;
  /** Says something to the operator. */
  readonly say: (message: string) => void;

  constructor(limits: Limits, say: (message: string) => void) {
    this.limits = limits;
    this.say = say;
  }
}
