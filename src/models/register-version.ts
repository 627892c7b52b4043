import { draftAct } from '../access/act.ts';
import type { Caller } from '../access/caller.ts';
import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { parsePayload } from '../core/payload.ts';
import { Problem } from '../http/problem.ts';
import type { SequencedEntry } from '../ledger/entry-draft.ts';
import type { Log } from '../ledger/log.ts';
import { absence, openEntry } from '../predictions/open-entry.ts';
import { advanceStanding } from './advance-standing.ts';
import { checkVersion, registeredBody, type VersionForm } from './version-form.ts';
import { findVersion, INSERT_VERSION, partsOf } from './version-table.ts';

/** Where a version stands registered. */
export interface Registered extends SequencedEntry {
  model: string;
  version: string;
  /** False where the same content was registered before. */
  created: boolean;
}

/** Thrown within a transaction behind which another has registered the version. */
const TAKEN = new Error('another registered the version meanwhile');

/**
 * Lays down what a version is made of, once. It may not run by that: somebody else has to approve it.
 *
 * @throws Problem `forbidden`, `invalid-body`, `version-taken`; AppendError
 */
export async function registerVersion(caller: Caller, model: string, form: VersionForm): Promise<Registered> {
  const { log, principal } = caller;
  const { version, artifact, owner } = form;
  caller.decide({ model, version, requester: null, deployment: null });
  checkVersion(form);
  const body = registeredBody(model, form);
  for (let round = 0; ; round++) {
    const known = await sameAgain(log, model, version, body);
    if (known !== undefined) return known;
    try {
      const [entry] = await log.appendWith(async (client) => {
        if ((await findVersion(client, logsOf(log), model, version)) !== undefined) throw TAKEN;
        const also = { text: INSERT_VERSION, values: [model, version, principal, artifact.digest, owner, JSON.stringify(partsOf(form))] };
        const vault = await advanceStanding(client, log.row.id);
        return { vault, drafts: [{ ...draftAct(log, caller, { type: 'model-version-registered', v: 1, body }), also }] };
      });
      return { model, version, ...(entry as SequencedEntry), created: true }; // one for each draft
    } catch (error) {
      if (error !== TAKEN || round > 0) throw error;
    }
  }
}

/** The log and those that it succeeds. */
export function logsOf(log: Log): number[] {
  return log.succession.map(({ row }) => row.id);
}

/** The first registration, where its content is the same. @throws Problem `version-taken` */
async function sameAgain(log: Log, model: string, version: string, body: JsonValue): Promise<Registered | undefined> {
  const row = await findVersion(log.pool, logsOf(log), model, version);
  if (row === undefined) return undefined;
  const { body: kept, entry, leafHash } = await openFact(log.holderOf(row.log) ?? log, row.index);
  if (canonicalize(kept) !== canonicalize(body)) throw new Problem('version-taken', `The version is registered at index ${row.index} with other content: register another version.`);
  return { model, version, index: row.index, time: entry.time, leafHash, created: false };
}

/** Opens an entry about a model. It names no person, and so leaves no trace. @throws Problem `payload-missing`, `payload-lost` */
export async function openFact(log: Log, index: number): Promise<{ body: JsonValue; rule: string; entry: { time: string }; leafHash: string }> {
  const { opening, entry, leafHash } = await openEntry(log, index);
  if (opening === undefined) throw await absence(log, index);
  const { body, rule } = parsePayload(Buffer.from(opening.payload).toString('utf8'));
  return { body, rule, entry, leafHash };
}
