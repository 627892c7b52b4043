import { draftAct } from '../access/act.ts';
import type { Caller } from '../access/caller.ts';
import { disclosing } from '../access/disclosures.ts';
import type { VisibleFields } from '../access/visible-fields.ts';
import { ANY } from '../contracts/check-contract.ts';
import { classOf } from '../contracts/class-of.ts';
import type { Contract } from '../contracts/contract.ts';
import type { Contracts } from '../contracts/contracts.ts';
import { refusePersonal } from '../contracts/kept-text.ts';
import type { JsonValue } from '../core/json-value.ts';
import { parsePayload } from '../core/payload.ts';
import { Problem } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import { decodeOriginals, type SealedOriginal } from '../vault/original.ts';
import { attributesOf } from './appender.ts';
import { absence, openEntry } from './open-entry.ts';
import { notThere } from './open-for.ts';
import type { Prediction } from './prediction.ts';

/** What is asked for: tokens by themselves, or by where they stand. One of the two. */
export interface Wanted {
  prediction: string;
  fields?: string[];
  tokens?: string[];
  purpose: string;
}

/** What a caller is told: values with their tokens, what the prediction does not have, and what a rule withholds. */
export interface Detokenized {
  prediction: string;
  index: number;
  purpose: string;
  originals: SealedOriginal[];
  unknown: string[];
  withheld: string[];
}

/**
 * Gives back what tokens of one prediction stand for. The entry that says so is committed before anything is returned.
 *
 * @throws Problem `not-found`, `erased`, `payload-missing`, `invalid-body` for a purpose that the contract does not know; AppendError
 */
export async function detokenize(contracts: Contracts, caller: Caller, wanted: Wanted): Promise<Detokenized> {
  const { log, index } = await placeOf(caller.log, wanted.prediction);
  const { entry, opening } = await openEntry(log, index);
  if (opening === undefined) throw await absence(log, index);
  const { body, contract: contractId } = parsePayload(Buffer.from(opening.payload).toString('utf8'));
  const prediction = body as unknown as Prediction;
  const contract = contracts.all.find(({ id }) => id === contractId) ?? contracts.of(prediction.model, log.row.tenantName);
  const { found, unknown } = choose(await originalsOf(log, index, entry.commitment), wanted);
  const time = Date.parse(entry.time);
  const { fields } = caller.judgeAbout('read', 'prediction', { ...attributesOf(prediction, contractId, caller.classes), time, index });
  const { shown, withheld } = part(found, fields, body);
  const dataClass = contract && classOf(contract.sections, shown.map(({ at }) => at));
  const { model, version, deployment, purpose } = prediction;
  const attributes = { model, version, deployment: deployment ?? null, purpose: purpose ?? null, time, 'stated-purpose': wanted.purpose, ...(dataClass !== undefined && { class: dataClass }) };
  const decision = caller.judge(attributes);
  if (!decision.allowed) {
    caller.denial = decision;
    throw notThere();
  }
  requirePurpose(contract, wanted.purpose);
  const at = [...new Set(shown.map((original) => original.at))];
  const said = { at, tokens: shown.length, purpose: wanted.purpose, class: dataClass ?? null, role: caller.roleBy(decision.rule), unknown: unknown.length, withheld: withheld.length };
  const act = { type: 'detokenization', v: 1, body: { of: { log: log.row.origin, index }, ...said } };
  const draft = draftAct(caller.log, { principal: caller.principal, rule: decision.rule }, act);
  await caller.log.append({ ...draft, ...disclosing(shown.length === 0 ? [] : [{ log: log.row.id, index }]) });
  caller.traced = true;
  return { prediction: wanted.prediction, index, purpose: wanted.purpose, originals: shown, unknown, withheld };
}

/** What the tokens of an entry's payload stand for; none where it has no tokens. @throws VaultError */
export async function originalsOf(log: Log, index: number, commitment: string): Promise<SealedOriginal[]> {
  const sealed = await log.payloads.readOriginals(index);
  return sealed === undefined ? [] : decodeOriginals(await log.vault.openOriginals(sealed.key, sealed.originals, commitment));
}

/** Parts originals by what field rules let somebody see; places that are withheld are named. */
export function part(originals: readonly SealedOriginal[], fields: VisibleFields, body: JsonValue): { shown: SealedOriginal[]; withheld: string[] } {
  const shown = originals.filter(({ at }) => fields.sees(pathAt(body, at)));
  return { shown, withheld: [...new Set(originals.filter((each) => !shown.includes(each)).map(({ at }) => at))] };
}

async function placeOf(log: Log, id: string): Promise<{ log: Log; index: number }> {
  const found = await log.findPrediction(id);
  const holder = found && log.holderOf(found.log);
  if (found === undefined || holder === undefined) throw notThere();
  return { log: holder, index: found.index };
}

function choose(originals: readonly SealedOriginal[], { fields = [], tokens = [] }: Wanted): { found: SealedOriginal[]; unknown: string[] } {
  const stands = ({ at }: SealedOriginal, pointer: string): boolean => at === pointer || at.startsWith(`${pointer}/`);
  return {
    found: originals.filter((original) => tokens.includes(original.token) || fields.some((pointer) => stands(original, pointer))),
    unknown: [
      ...fields.filter((pointer) => !originals.some((original) => stands(original, pointer))),
      ...tokens.filter((token) => !originals.some((original) => original.token === token)),
    ],
  };
}

/** A pointer as field rules have it: elements of a list stand at the path of the list. */
function pathAt(body: JsonValue, pointer: string): string[] {
  const path: string[] = [];
  let value: JsonValue | undefined = body;
  for (const name of pointer.split('/').slice(1).map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'))) {
    if (!Array.isArray(value)) path.push(name);
    value = typeof value === 'object' && value !== null ? (value as Record<string, JsonValue>)[name] : undefined;
  }
  return path;
}

function requirePurpose(contract: Contract | undefined, purpose: string): void {
  const purposes = contract?.file.purposes ?? [];
  if (purposes.includes(ANY)) return refusePersonal({ purpose }, undefined);
  if (purposes.includes(purpose)) return;
  const detail = purposes.length === 0 ? 'no contract governs the prediction any more, so none is allowed' : `must be one of: ${purposes.join(', ')}`;
  throw new Problem('invalid-body', 'The purpose is not one that the contract allows.', { errors: [{ at: '/purpose', code: 'purpose-not-allowed', detail }] });
}
