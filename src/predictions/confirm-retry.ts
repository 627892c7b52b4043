import type { Handling } from '../contracts/judgement.ts';
import { equalBytes, fromHex } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical-json.ts';
import { parseEntry, type Entry } from '../core/entry.ts';
import type { JsonValue } from '../core/json-value.ts';
import { parsePayload } from '../core/payload.ts';
import type { Log } from '../ledger/log.ts';
import type { LogVault, SealingKey } from '../vault/log-vault.ts';
import { encodeOpening, type Opening } from '../vault/opening.ts';
import { encodeOriginals, type Original, type SealedOriginal } from '../vault/original.ts';
import { contentDigest, type Posted } from './prepared.ts';
import { agrees, touchedPlaces, valueAt } from './treated-comparison.ts';

/** What the contract made of a record that it would take in; the record itself was changed accordingly. */
export interface Judged {
  originals: readonly Original[];
  handling: Handling | undefined;
}

type Body = { [name: string]: JsonValue };
type Kept = Body & { subject?: string; handling?: Handling & JsonValue };

/** Whether nobody can tell by a digest what was posted: the payload came back from a receipt, with tokens or an opaque id in it. */
export function isUnconfirmed({ contentDigest: digest }: Opening): boolean {
  return digest.every((byte) => byte === 0);
}

/**
 * Takes a retry of a recovered prediction for the same, and keeps its digest, if it agrees with the payload in all that can be
 * compared (docs/design/2026-11-27-recovered-tail.md). The first one that does decides: from then on its content is what
 * counts. Its data subject's key takes the payload over, and what its tokens stand for is known again.
 *
 * @returns false where it differs; true where it was confirmed, or somebody else changed the payload meanwhile: look again
 */
export async function confirmRetry(log: Log, posted: Posted, index: number, judged: Judged | undefined): Promise<boolean> {
  const [bytes, row] = await Promise.all([log.readEntry(index), log.payloads.read(index)]);
  if (bytes === undefined || row === undefined) return false;
  const entry = parseEntry(bytes);
  const { salt, payload } = await log.vault.open(row.key, row.sealed, entry.commitment);
  const kept = parsePayload(Buffer.from(payload).toString('utf8'));
  if (kept.type !== 'prediction') return false;
  // What the service found out of order was not posted.
  const { subject, handling, trace: _trace, exceptions: _exceptions, ...body } = kept.body as Kept;
  const treated = (await treatsAlike(log, entry)) ? judged : undefined;
  if (!isLike({ subject, handling, body }, posted, judged, treated !== undefined)) return false;
  const key = await keyFor(log.vault, row.key, subject, posted.prediction.subject);
  if (key === undefined) return false;
  const opening = encodeOpening({ salt, contentDigest: contentDigest(salt, posted.content), payload });
  const originals = treated && originalsOf(body, treated.originals);
  await log.payloads.confirm(index, row.sealed, {
    key: key.id,
    sealed: key.seal('payload', entry.commitment, opening),
    originals: originals && key.seal('originals', entry.commitment, encodeOriginals(originals)),
  });
  return true;
}

/** Whether the same record is treated now as it was then: by the same policies, which look at the year too. */
async function treatsAlike(log: Log, { policy: then, time }: Entry): Promise<boolean> {
  const { policy } = await log.readHead();
  return policy !== undefined && equalBytes(policy, fromHex(then)) && new Date(time).getUTCFullYear() === new Date().getUTCFullYear();
}

/** Whether the kept prediction may be what was sent. @param isAlike whether both were treated by the same policies */
function isLike({ subject, handling, body }: { subject?: string | undefined; handling: Kept['handling']; body: Body }, posted: Posted, judged: Judged | undefined, isAlike: boolean): boolean {
  const { subject: reference, trace: _trace, ...sent } = posted.prediction as unknown as Body & { subject?: string };
  if ((subject === undefined) !== (reference === undefined)) return false;
  const handlings = [handling, judged?.handling] as const;
  if (isAlike && canonicalize((handlings[0] as JsonValue | undefined) ?? null) !== canonicalize((handlings[1] as JsonValue | undefined) ?? null)) return false;
  const dropsUnknown = !isAlike && handlings.some((each) => each?.droppedUnknown !== undefined);
  return agrees(body, sent, { places: touchedPlaces(handlings), isAlike, dropsUnknown });
}

/** The key that the payload belongs under. Undefined where its opaque id is known to be another data subject's. */
async function keyFor(vault: LogVault, own: number, subject: string | undefined, reference: string | undefined): Promise<SealingKey | undefined> {
  if (subject === undefined || reference === undefined) return vault.keyOf(own);
  const key = await vault.subjectKey(reference);
  // Nothing leads from a reference to an id that was given in the lost tail: then the two are tied together here.
  return key.subject === subject || (await vault.keyOfSubject(subject)) === undefined ? key : undefined;
}

/** What the payload's own tokens stand for, place by place; undefined where the two do not pair. */
function originalsOf(body: Body, originals: readonly Original[]): SealedOriginal[] | undefined {
  if (originals.length === 0) return undefined;
  const waiting = new Map<string, string[]>();
  const paired: SealedOriginal[] = [];
  for (const { at, value } of originals) {
    const tokens = waiting.get(at) ?? tokensIn(valueAt(body, at));
    waiting.set(at, tokens);
    const token = tokens.shift();
    if (token === undefined) return undefined;
    paired.push({ at, token, value });
  }
  return [...waiting.values()].every((left) => left.length === 0) ? paired : undefined;
}

function tokensIn(value: JsonValue | undefined): string[] {
  return typeof value === 'string' ? (value.match(TOKENS) ?? []) : [];
}

const TOKENS = /tok_[A-Za-z0-9_-]{22}/g;
