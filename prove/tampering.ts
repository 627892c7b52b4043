import { entriesPath, TILE_WIDTH } from '../src/core/tile.ts';
import type { Forger } from './forger.ts';

/**
 * What catches a forgery, and where it must point: a leaf index, a range that holds it, or no entry at all. `missing` is
 * a resource that is not there, without which nothing can be checked.
 */
export type Expected = 'nothing to see' | { code: string; at?: number | { within: number } } | { missing: string };

export interface Tampering {
  name: string;
  forge(forger: Forger, places: Places): Promise<void>;
  fsck: Expected;
  /** By the offline verifier, from what the service would serve, with a checkpoint that was kept. */
  verifier: Expected;
  /** Whether the forger has reached the checkpoint store too. */
  rewritesStore?: boolean;
}

/** Indices at which forgeries are made: all below the size of the checkpoint that was kept. */
export interface Places {
  victim: number;
  other: number;
  /** The tail begins here where it is cut. */
  tail: number;
}

const ENTRY = "update entry set bytes = convert_to(regexp_replace(convert_from(bytes, 'UTF8'), '\"commitment\":\"[0-9a-f]{64}\"', '\"commitment\":\"' || repeat('a', 64) || '\"'), 'UTF8') where log = $log and index =";

/** The ways to tamper, from a single bit to the whole chain with every key. */
export function tamperings(places: Places): readonly Tampering[] {
  const { victim, other, tail } = places;
  return [
    {
      name: 'a payload, by one bit',
      forge: (forger) => forger.run(`update payload set sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) where log = $log and index = ${victim}`),
      fsck: { code: 'payload-unreadable', at: victim },
      verifier: 'nothing to see',
    },
    {
      name: 'a payload, sealed anew with the keys',
      forge: async (forger) => void (await forger.replacePayload(victim)),
      fsck: { code: 'commitment-mismatch', at: victim },
      verifier: 'nothing to see',
    },
    {
      name: 'an entry',
      forge: (forger) => forger.run(`${ENTRY} ${victim}`),
      fsck: { code: 'payload-unreadable', at: victim },
      verifier: { code: 'inclusion-invalid', at: victim },
    },
    {
      name: 'a tile',
      forge: (forger) => forger.run(`update tile set hashes = set_byte(hashes, ${(victim % 256) * 32}, get_byte(hashes, ${(victim % 256) * 32}) # 1) where log = $log and level = 0 and index = ${Math.floor(victim / TILE_WIDTH)}`),
      fsck: { code: 'tile-wrong', at: victim },
      verifier: { code: 'tile-wrong', at: victim },
    },
    {
      name: 'the head',
      forge: (forger) => forger.run("update log_head set head = decode(repeat('ab', 32), 'hex') where log = $log"),
      fsck: { code: 'head-wrong' },
      verifier: 'nothing to see',
    },
    {
      name: 'the tail, deleted',
      forge: (forger) => forger.run(...['entry', 'payload', 'prediction'].map((table) => `delete from ${table} where log = $log and index >= ${tail}`)),
      fsck: { code: 'entry-missing', at: tail },
      verifier: { missing: entriesPath({ index: Math.floor(tail / TILE_WIDTH), width: TILE_WIDTH }) },
    },
    {
      name: 'the tail, deleted with its tiles and checkpoints, and what is left signed anew',
      forge: (forger) => cutTail(forger, tail),
      fsck: { code: 'entry-missing', at: tail },
      verifier: { code: 'size-mismatch', at: tail },
    },
    {
      name: 'two entries, swapped',
      forge: (forger) =>
        forger.run(
          `update entry e set bytes = o.bytes from entry o where e.log = $log and o.log = $log and ((e.index = ${victim} and o.index = ${other}) or (e.index = ${other} and o.index = ${victim}))`,
        ),
      fsck: { code: 'chain-broken', at: victim },
      verifier: { code: 'chain-broken', at: victim },
    },
    {
      name: 'the whole chain from one entry on',
      forge: (forger) => forger.rewrite(victim, 'none'),
      fsck: { code: 'root-mismatch', at: { within: victim } },
      verifier: { code: 'root-mismatch', at: { within: victim } },
    },
    {
      name: 'the whole chain, signed with another key',
      forge: (forger) => forger.rewrite(victim, 'another'),
      fsck: { code: 'checkpoint-wrong' },
      verifier: { code: 'note-signature-invalid' },
    },
    {
      name: 'the whole chain, signed with the log’s own key',
      forge: (forger) => forger.rewrite(victim, 'the log’s own'),
      fsck: { code: 'root-mismatch', at: { within: victim } },
      verifier: { code: 'root-mismatch', at: { within: victim } },
    },
    {
      name: 'the whole chain, signed with the log’s own key, and the checkpoint store',
      forge: (forger) => forger.rewrite(victim, 'the log’s own'),
      rewritesStore: true,
      fsck: 'nothing to see',
      verifier: { code: 'root-mismatch', at: { within: victim } },
    },
  ];
}

/** What the runtime role would have to do for any of it. */
export const STATEMENTS = [
  'update payload set sealed = sealed where log = $log',
  'delete from payload where log = $log',
  'update entry set bytes = bytes where log = $log',
  'delete from entry where log = $log',
  'truncate entry',
  'update tile set hashes = hashes where log = $log',
  'delete from tile where log = $log',
  'update log_head set head = head where log = $log',
  'delete from log_head where log = $log',
  'update checkpoint set note = note where log = $log',
  'delete from checkpoint where log = $log',
  'update prediction set model = model where log = $log',
  'set session_replication_role = replica',
  'alter table entry disable trigger all',
] as const;

async function cutTail(forger: Forger, tail: number): Promise<void> {
  // A head of so many entries once stood there; what a restored copy holds, made here by hand.
  await forger.run(
    ...['entry', 'payload', 'prediction'].map((table) => `delete from ${table} where log = $log and index >= ${tail}`),
    `delete from tile where log = $log and (index + 1) * 256 > ${tail}`,
    `delete from checkpoint where log = $log and size > ${tail}`,
  );
  await forger.resetHead();
  await forger.publish();
}
