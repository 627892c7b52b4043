import type { Caller } from '../access/caller.ts';
import { VisibleFields } from '../access/visible-fields.ts';
import type { Contracts } from '../contracts/contracts.ts';
import type { JsonValue } from '../core/json-value.ts';
import type { Entry } from '../core/entry.ts';
import { parsePayload, type Payload } from '../core/payload.ts';
import type { Log } from '../ledger/log.ts';
import { attributesOf } from '../predictions/appender.ts';
import { originalsOf, part } from '../predictions/detokenize.ts';
import { openEntry } from '../predictions/open-entry.ts';
import type { Prediction } from '../predictions/prediction.ts';
import { visibleFollowUp } from '../predictions/visible-follow-up.ts';
import type { SealedOriginal } from '../vault/original.ts';
import { explainContract, type ExplainedContract } from './report-contract.ts';
import { readDisclosures, type Seen } from './report-disclosures.ts';
import { holdsOn, quarantinedOf, type ReportedHold, type ReportedQuarantine } from './report-rows.ts';
import { retentionEnd } from './retention-end.ts';
import { subjectBytes, type SubjectTarget } from './subject-targets.ts';

/** A page holds so many predictions, and stops earlier once their text is larger than this. */
const PAGE = 50;
const PAGE_BYTES = 4 * 1024 * 1024;

/** Why originals are opened for a report: Regulation (EU) 2016/679, Article 15. */
export const REPORT_PURPOSE = 'subject-access';

/** A prediction about a data subject, as the report gives it. */
export interface ReportedPrediction {
  log: string;
  index: number;
  time: string;
  /** Who handed it in: opaque id. */
  principal: string;
  contract: string | null;
  retention?: { until: string; citation: string };
  /** As it is kept. */
  prediction: { [name: string]: JsonValue };
  /** Fields that a rule withholds from who asks. */
  withheld?: string[];
  /** What its tokens stand for, where that was asked for and is allowed. */
  originals?: SealedOriginal[];
  seen: { total: number; last: Seen[] };
}

/** What was told of such a prediction after it: its outcome, a review, a correction. */
export interface ReportedFollowUp {
  log: string;
  index: number;
  time: string;
  principal: string;
  /** The entry's type. */
  type: string;
  told: { [name: string]: JsonValue };
  withheld?: string[];
  originals?: SealedOriginal[];
}

/** What is held about a data subject. Of an unknown one: the same, empty. */
export interface SubjectReport {
  type: 'prediction-ledger-subject-report';
  v: 1;
  log: string;
  /** Opaque ids, by log. */
  subjects: { log: string; subject: string }[];
  predictions: ReportedPrediction[];
  followUps: ReportedFollowUp[];
  contracts: ExplainedContract[];
  quarantine: ReportedQuarantine[];
  holds: ReportedHold[];
  /** Where the next page begins; absent at the end. */
  next?: string;
}

/** Where a page of predictions stands. */
export interface ReportPlace {
  log: number;
  index: number;
}

const PLACES = `
select p.log, p.index from payload p join data_key k on k.log = p.log and k.id = p.key
 where (k.log, k.subject) in (select * from unnest($1::int[], $2::bytea[])) and (p.log, p.index) > ($3::int, $4::bigint)
 order by p.log, p.index limit $5`;

/**
 * Gathers one page of what is held. Opens payloads: the caller records that before anything of it leaves.
 *
 * @param targets the data subject's opaque ids, of the caller's log and those that it succeeds; none where it is unknown
 * @param after the last place of the page before
 */
export async function gatherReport(
  by: { contracts: Contracts; caller: Caller },
  targets: readonly SubjectTarget[],
  { after, originals }: { after: ReportPlace | undefined; originals: boolean },
): Promise<{ report: SubjectReport; places: ReportPlace[] }> {
  const { contracts, caller } = by;
  const { pool } = caller.log;
  const { rows } = await pool.query<ReportPlace>(PLACES, [
    targets.map(({ log }) => log), targets.map(({ subject }) => subjectBytes(subject)), after?.log ?? 0, after?.index ?? -1, PAGE + 1,
  ]);
  const predictions: ReportedPrediction[] = [];
  const followUps: ReportedFollowUp[] = [];
  const places: ReportPlace[] = [];
  let bytes = 0;
  for (const place of rows.slice(0, PAGE)) {
    if (bytes > PAGE_BYTES) break;
    const opened = await openOne(contracts, caller, logOf(caller, place.log), place.index, originals);
    places.push(place);
    // Erased since it was found.
    if (opened === undefined) continue;
    if ('told' in opened.reported) followUps.push(opened.reported);
    else predictions.push(opened.reported);
    bytes += opened.bytes;
  }
  const seen = await readDisclosures(pool, caller.log, places);
  for (const reported of predictions) reported.seen = seen.get(`${reported.log} ${reported.index}`) ?? reported.seen;
  const last = places.at(-1);
  const used = [...new Set(predictions.flatMap(({ contract }) => contract ?? []))];
  const report: SubjectReport = {
    type: 'prediction-ledger-subject-report',
    v: 1,
    log: caller.log.row.origin,
    subjects: targets.map(({ log, subject }) => ({ log: logOf(caller, log).row.origin, subject })),
    predictions,
    followUps,
    contracts: used.sort().map((id) => explainContract(id, contracts.all.find((contract) => contract.id === id))),
    quarantine: await quarantinedOf(pool, targets),
    holds: await holdsOn(pool, caller.log, targets),
    ...(last !== undefined && places.length < rows.length && { next: `${last.log}-${last.index}` }),
  };
  return { report, places };
}

function logOf(caller: Caller, id: number): Log {
  const found = caller.log.succession.find(({ row }) => row.id === id);
  if (found === undefined) throw new Error('a report reaches beyond the caller’s logs');
  return found;
}

async function openOne(contracts: Contracts, caller: Caller, log: Log, index: number, wantsOriginals: boolean): Promise<{ reported: ReportedPrediction | ReportedFollowUp; bytes: number } | undefined> {
  const { entry, opening } = await openEntry(log, index);
  if (opening === undefined) return undefined;
  const payload = parsePayload(Buffer.from(opening.payload).toString('utf8'));
  const { principal, contract: contractId, body } = payload;
  const bytes = opening.payload.length * (wantsOriginals ? 2 : 1);
  if (payload.type !== 'prediction') {
    const { prediction: about } = body as unknown as { prediction: { log: string; index: number } };
    const reported = await followUp(caller, { log, index }, entry, payload, wantsOriginals, await predictionAt(caller, about));
    return { reported, bytes };
  }
  const prediction = body as unknown as Prediction;
  const time = Date.parse(entry.time);
  const decision = caller.judgeAbout('read', 'prediction', { ...attributesOf(prediction, contractId, caller.classes), own: principal === caller.principal, time, index });
  const { value, withheld } = decision.fields.of(body as { [name: string]: JsonValue });
  const contract = contracts.all.find(({ id }) => id === contractId);
  const reported: ReportedPrediction = {
    log: log.row.origin, index, time: entry.time, principal, contract: contractId,
    ...(contract !== undefined && { retention: { until: new Date(retentionEnd(contract, time)).toISOString(), citation: contract.file.retention.citation } }),
    prediction: value,
    ...(withheld.length > 0 && { withheld }),
    seen: { total: 0, last: [] },
  };
  if (wantsOriginals && mayOpen(caller, prediction, time)) {
    reported.originals = part(await originalsOf(log, index, entry.commitment), decision.fields, body).shown;
  }
  return { reported, bytes };
}

/** The prediction that a follow-up is about, with what rules may look at; undefined where it is erased alone. */
async function predictionAt(caller: Caller, { log: origin, index }: { log: string; index: number }): Promise<{ prediction: Prediction; contract: string | null; principal: string; time: number; index: number } | undefined> {
  const log = caller.log.succession.find(({ row }) => row.origin === origin);
  const opened = log && (await openEntry(log, index));
  if (opened?.opening === undefined) return undefined;
  const { body, contract, principal } = parsePayload(Buffer.from(opened.opening.payload).toString('utf8'));
  return { prediction: body as unknown as Prediction, contract, principal, time: Date.parse(opened.entry.time), index };
}

async function followUp(
  caller: Caller, { log, index }: { log: Log; index: number }, { time, commitment }: Entry, { type, principal, body }: Payload, wantsOriginals: boolean,
  about: Awaited<ReturnType<typeof predictionAt>>,
): Promise<ReportedFollowUp> {
  const decision = about && caller.judgeAbout('read', 'prediction', { ...attributesOf(about.prediction, about.contract, caller.classes), own: about.principal === caller.principal, time: about.time, index: about.index });
  const fields = decision?.fields ?? VisibleFields.none;
  const { value, withheld } = visibleFollowUp(fields, body as { [name: string]: JsonValue });
  const opens = wantsOriginals && about !== undefined && mayOpen(caller, about.prediction, about.time);
  return {
    log: log.row.origin, index, time, principal, type, told: value, ...(withheld.length > 0 && { withheld }),
    // Field rules are about predictions: what tokens in a follow-up stand for is for those who may see all of one.
    ...(opens && fields.everything && { originals: await originalsOf(log, index, commitment) }),
  };
}

/** Whether rules about tokens let the caller see originals of any class for this purpose: a rule that asks for a class does not. */
function mayOpen(caller: Caller, { model, version, deployment, purpose }: Prediction, time: number): boolean {
  return caller.judgeAbout('detokenize', 'token', { model, version, deployment: deployment ?? null, purpose: purpose ?? null, time, 'stated-purpose': REPORT_PURPOSE }).allowed;
}
