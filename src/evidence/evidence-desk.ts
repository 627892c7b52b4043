import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { Roles } from '../access/roles.ts';
import type { Contracts } from '../contracts/contracts.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../ledger/log.ts';
import type { BundleParts } from './bundle-part.ts';
import type { EvidencePolicy } from './evidence-policy.ts';
import type { Frameworks } from './frameworks.ts';
import type { Making } from './order.ts';

export interface EvidenceDeskOptions {
  /** For the service itself: every tenant's rows. */
  pool: Pool;
  ledger: Ledger;
  frameworks: Frameworks;
  contracts: Contracts;
  roles: Roles;
  policy: Making['policy'];
  evidencePolicy: EvidencePolicy;
  /** Absolute path of the folder that bundles are made and kept in. */
  folder: string;
  /** What a bundle of a log is made of beyond what is gathered. */
  partsOf: (log: Log) => BundleParts;
  say: (level: 'info' | 'warn', message: string) => void;
}

/** What bundles are asked for, made and kept with. */
export class EvidenceDesk {
  readonly pool: Pool;
  readonly ledger: Ledger;
  readonly frameworks: Frameworks;
  readonly contracts: Contracts;
  readonly roles: Roles;
  readonly policy: Making['policy'];
  readonly evidencePolicy: EvidencePolicy;
  readonly folder: string;
  readonly partsOf: (log: Log) => BundleParts;
  readonly say: EvidenceDeskOptions['say'];
  /** Names this replica's folder: who has begun a bundle can go on with it. */
  readonly holder: string;

  constructor(options: EvidenceDeskOptions) {
    this.pool = options.pool;
    this.ledger = options.ledger;
    this.frameworks = options.frameworks;
    this.contracts = options.contracts;
    this.roles = options.roles;
    this.policy = options.policy;
    this.evidencePolicy = options.evidencePolicy;
    this.folder = options.folder;
    this.partsOf = options.partsOf;
    this.say = options.say;
    this.holder = createHash('sha256').update(`${hostname()}\n${options.folder}`).digest('hex').slice(0, 24);
  }

  /** Where a bundle is made and kept. */
  placeOf({ id }: { id: string }): string {
    return join(this.folder, id);
  }

  logOf(number: number): Log | undefined {
    return this.ledger.logs.find(({ row }) => row.id === number);
  }
}
