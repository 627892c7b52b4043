import type { Contracts } from '../contracts/contracts.ts';
import type { Roles } from '../access/roles.ts';
import type { Pool } from 'pg';
import type { Log } from '../ledger/log.ts';
import type { PublishedCheckpoint } from '../ledger/checkpoint-table.ts';
import type { Framework } from './frameworks.ts';
import type { Pace } from './pace.ts';

/** What somebody asked for, and as whose eyes it is made. */
export interface Order {
  readonly framework: string;
  /** RFC 3339, UTC, ms: at or after `from`, before `to`. */
  readonly from: string;
  readonly to: string;
  /** 64 hexadecimal digits. */
  readonly nonce: string;
  readonly principal: string;
  readonly role: string;
  readonly rule: string;
  /** Whether samples hold payloads and salts, where the caller may read them. */
  readonly receipts: boolean;
}

/** All that a bundle is made from. */
export interface Making {
  readonly pool: Pool;
  readonly log: Log;
  readonly order: Order;
  readonly framework: Framework;
  readonly contracts: Contracts;
  readonly roles: Roles;
  /** The policy bundle in force: digest in hex, files by path. */
  readonly policy: { readonly digestHex: string; readonly files: Readonly<Record<string, string>>; readonly texts: ReadonlyMap<string, string> };
  readonly checkpoint: PublishedCheckpoint;
  /** Absolute path of the folder that the bundle's files are put into. */
  readonly folder: string;
  readonly pace: Pace;
}

/** How far a bundle is, for whoever waits for it. */
export interface Progress {
  readonly stage: Stage;
  /** Entries read, of how many. */
  readonly entries: number;
  readonly size: number;
  /** Rows found so far. */
  readonly rows: number;
  /** Bytes written so far. */
  readonly bytes: number;
}

export const STAGES = ['waiting', 'gathering', 'writing', 'rendering', 'packing', 'done'] as const;
export type Stage = (typeof STAGES)[number];
