import type { Log } from '../ledger/log.ts';

/** A data subject in one log: an opaque id there, and never the reference. */
export interface SubjectTarget {
  /** The log's number. */
  log: number;
  /** `sub_` and 24 hexadecimal digits. */
  subject: string;
}

/**
 * A data subject's opaque ids in a log and those that it succeeds. One that the log does not know gets an id, as if it
 * were known: nobody can tell by what follows whether anything is held of it.
 */
export async function targetsOf(log: Log, reference: string): Promise<SubjectTarget[]> {
  const targets: SubjectTarget[] = [];
  for (const each of log.succession) {
    const key = each === log ? await each.vault.currentSubjectKey(reference) : await each.vault.findSubjectKey(reference);
    if (key?.subject !== undefined) targets.push({ log: each.row.id, subject: key.subject });
  }
  return targets;
}

/** The id in the log itself. */
export function ownSubject(log: Log, targets: readonly SubjectTarget[]): string | null {
  return targets.find((target) => target.log === log.row.id)?.subject ?? null;
}

/** A subject's id as the database has it, 12 bytes. */
export function subjectBytes(subject: string): Buffer {
  return Buffer.from(subject.slice('sub_'.length), 'hex');
}
