import type { Contracts } from '../contracts/contracts.ts';
import type { Log } from '../ledger/log.ts';
import type { Desk } from './decide-request.ts';
import type { PrivacyPolicy } from './privacy-policy.ts';
import type { RequestRow } from './request-table.ts';

/** What requests about data subjects are handled with. */
export class PrivacyDesk implements Desk {
  readonly contracts: Contracts;
  readonly policy: PrivacyPolicy;
  readonly onErased: (log: Log, request: RequestRow) => Promise<void>;

  constructor(desk: Desk) {
    this.contracts = desk.contracts;
    this.policy = desk.policy;
    this.onErased = desk.onErased;
  }
}
