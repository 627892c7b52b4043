import { draftAct } from '../access/act.ts';
import type { Caller } from '../access/caller.ts';
import { disclosing } from '../access/disclosures.ts';
import { gatherReport, type ReportPlace, type SubjectReport } from './subject-report.ts';
import type { Desk } from './decide-request.ts';
import type { SubjectTarget } from './subject-targets.ts';

/** What `POST /v1/subjects/reports` takes. */
export interface ReportForm {
  /** The reference by which producers name the data subject. */
  subject: string;
  format?: 'json' | 'html';
  /** Whether to open what tokens stand for. */
  originals?: boolean;
  /** The `next` of the page before. */
  cursor?: string;
}

/** A page of a report, with the entry that says that it was issued. */
export type IssuedReport = SubjectReport & { issued: string; entry: number };

/**
 * Issues a page of a data subject's report. The entry that says so is committed before anything of it is returned.
 *
 * @throws AppendError
 */
export async function issueReport({ contracts }: Desk, caller: Caller, { subject, format = 'json', originals = false, cursor }: ReportForm): Promise<IssuedReport> {
  const targets = await knownTargets(caller, subject);
  const { report, places } = await gatherReport({ contracts, caller }, targets, { after: cursor === undefined ? undefined : placeOf(cursor), originals });
  const body = {
    subjects: report.subjects.map((each) => ({ ...each })),
    predictions: report.predictions.length, quarantine: report.quarantine.length, holds: report.holds.length,
    originals, format, first: cursor === undefined, last: report.next === undefined, role: caller.role,
  };
  const { index, time } = await caller.log.append({ ...draftAct(caller.log, caller, { type: 'subject-report-issued', v: 1, body }), ...disclosing(places) });
  caller.traced = true;
  return { ...report, issued: time, entry: index };
}

/** The data subject's opaque ids where it has any: a report makes none. */
async function knownTargets({ log }: Caller, reference: string): Promise<SubjectTarget[]> {
  const targets: SubjectTarget[] = [];
  for (const each of log.succession) {
    const key = await each.vault.findSubjectKey(reference);
    if (key?.subject !== undefined) targets.push({ log: each.row.id, subject: key.subject });
  }
  return targets;
}

function placeOf(cursor: string): ReportPlace {
  const [log, index] = cursor.split('-');
  return { log: Number(log), index: Number(index) };
}
