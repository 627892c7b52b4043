import type { JsonValue } from '../core/json-value.ts';
import { Classification } from './classification.ts';
import type { Contract } from './contract.ts';
import type { Fields } from './field.ts';
import { compileParts, type FormCheck } from './form.ts';
import type { Judgement } from './judgement.ts';
import { TreatedRecord } from './treated-record.ts';
import { planObject, type TreatObject } from './treatment.ts';

type JsonObject = { [name: string]: JsonValue };

/** The parts of a follow-up that a contract defines field by field, each by its place in the body. */
export const FOLLOW_UP_PARTS = ['/outcome', '/decision', '/changes/inputs', '/changes/output', '/changes/decision', '/changes/explanation/counterfactual'] as const;
export type FollowUpPart = (typeof FOLLOW_UP_PARTS)[number];

/** What somebody tells of a prediction after it: its parts, and the texts that people write. */
export interface ToldParts {
  parts: Partial<Record<FollowUpPart, JsonObject>>;
  /** Members of `holder` that are free text, at the top of the body. */
  texts: { holder: JsonObject; names: readonly string[] };
  /** What names nobody and cannot become a token, by its place. */
  identifiers: Readonly<Record<string, string>>;
}

/** ULIDs are drawn by machines. */
const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

interface Plan {
  check: FormCheck;
  treat: Readonly<Record<FollowUpPart, TreatObject>>;
  classification: Classification;
}

const plans = new WeakMap<Contract, Plan>();

/**
 * Judges what is told of a prediction as the prediction's own fields are: of the contract's form, classified and changed in
 * place when, and only when, it is accepted. None of the fields need be there. There is no quarantine for it: what would
 * put a prediction there is refused here. Rules across fields are not asked: they are about whole records.
 *
 * @returns `refused` or `accepted`
 */
export function judgeFollowUp(contract: Contract, { parts, texts, identifiers }: ToldParts, hasSubject: boolean): Exclude<Judgement, { verdict: 'quarantined' }> {
  const { check, treat, classification } = planOf(contract);
  const record = new TreatedRecord(hasSubject);
  const told = Object.entries(parts) as [FollowUpPart, JsonObject][];
  const unknown: typeof record.faults = [];
  check(Object.fromEntries(told.map(([at, part]) => [at.slice(1), part])), record.faults, unknown);
  // The name of a part holds the slashes of its place.
  record.faults.push(...unknown);
  for (const [i, fault] of record.faults.entries()) record.faults[i] = { ...fault, at: fault.at.replaceAll('~1', '/') };
  for (const [at, part] of told) treat[at](part, at, record);
  for (const [at, value] of Object.entries(identifiers)) if (!ULID.test(value)) classification.identifier(value, at, record);
  for (const name of texts.names) {
    const text = texts.holder[name];
    if (typeof text === 'string') classification.text(texts.holder, name, `/${name}`, text, name, record);
  }
  if (record.faults.length + record.doubts.length > 0) return { verdict: 'refused', faults: [...record.faults, ...record.doubts] };
  return { verdict: 'accepted', handling: record.settle(), originals: record.originals, touched: record.touched };
}

function planOf(contract: Contract): Plan {
  const known = plans.get(contract);
  if (known !== undefined) return known;
  const { file, sections: { inputs, output, decision, outcome } } = contract;
  const none: Fields = new Map();
  const fields: Record<FollowUpPart, Fields> = {
    '/outcome': outcome ?? output,
    '/decision': decision ?? none,
    '/changes/inputs': inputs,
    '/changes/output': output,
    '/changes/decision': decision ?? none,
    '/changes/explanation/counterfactual': inputs,
  };
  const options = { classification: new Classification(file.onHit), dropUnknown: file.unknownFields === 'drop' };
  const plan: Plan = {
    check: compileParts(file, Object.fromEntries(FOLLOW_UP_PARTS.map((at) => [at.slice(1), fields[at]]))),
    treat: Object.fromEntries(FOLLOW_UP_PARTS.map((at) => [at, planObject(fields[at], options)])) as Record<FollowUpPart, TreatObject>,
    classification: options.classification,
  };
  plans.set(contract, plan);
  return plan;
}
