import { toHex } from '../core/bytes.ts';
import type { VerifierKey } from '../core/vkey.ts';
import type { Report } from './verify-verdict.ts';

/** What was found of a log that holds. */
export interface LogReport extends Report {
  kind: 'log';
  origin: string;
  /** Tree size and root hash (base64) of the checkpoint that was held against the entries. */
  size: number;
  root: string;
  /** Index of the first entry that was read. */
  from: number;
  /** Time of the last entry; empty when there is none. */
  time: string;
  /** Hash tiles found to be those of the entries. */
  tiles: number;
  /** Sizes of the earlier checkpoints that still hold. */
  checkpoints: number[];
}

/** The report in words. */
export function logSentences(report: Omit<LogReport, keyof Report>, key: VerifierKey): Report {
  const { size, root, from, tiles, checkpoints } = report;
  const proved = [
    `The key ${key.name}+${toHex(key.keyId)} signed a checkpoint over ${size} entries with root hash ${root}.`,
    aboutEntries(report),
    from === 0
      ? 'Together they make exactly the root hash that was signed.'
      : `With the ${from} entries under the checkpoint that you gave, which were not read again, they make exactly ` +
        'the root hash that was signed.',
    `The hash tiles that the log serves for them (${tiles}) are those of the entries.`,
  ];
  if (checkpoints.length > 0) {
    proved.push(`The log has only grown since the checkpoints that you kept: over ${checkpoints.join(', ')} entries.`);
  }
  return { proved, notProved: notProved(checkpoints.length > 0) };
}

function aboutEntries({ size, from, time }: Omit<LogReport, keyof Report>): string {
  if (size === from) return `There is no entry${from === 0 ? '' : ` after these ${from}`}.`;
  return (
    `Entries ${from} to ${size - 1} are whole and in order: of this log, numbered without a gap, each naming the ` +
    `leaf hash of the one before, none earlier than the one before (the last is of ${time}).`
  );
}

function notProved(keptAny: boolean): string[] {
  return [
    'That payloads are what the entries commit to: they are not in the tree. A receipt shows it of one entry.',
    'That what producers wrote is true, or that nothing was left out before it came in.',
    'That the log shows everyone the same tree: no witness cosignatures were checked.',
    'That the clock of the log was right.',
    ...(keptAny ? [] : ['That the log was not written anew and signed again: a --checkpoint that you kept shows it.']),
  ];
}
