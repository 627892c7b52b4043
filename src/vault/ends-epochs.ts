import type { Actor } from '../access/act.ts';
import type { Log } from '../ledger/log.ts';
import { endEpoch, type EpochOffice } from './end-epoch.ts';

/** Who asks for it ends an epoch by this. */
export class EndsEpochs {
  readonly office: EpochOffice;

  constructor(office: EpochOffice) {
    this.office = office;
  }

  /** Ends the open epoch of a log, and of each that it succeeds. @throws as `endEpoch` */
  async end(log: Log, by: Actor): Promise<void> {
    for (const of of log.succession) await endEpoch(this.office, log, { principal: by.principal, rule: by.rule }, of);
  }
}
