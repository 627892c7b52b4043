import type { PolicyFault } from '../ledger/policy-error.ts';
import type { PolicyFile } from '../ledger/policy-file.ts';
import { checkFields, isPersonal } from './check-field.ts';
import type { ContractFile, FieldType } from './contract-file.ts';
import type { Field, Fields, Sections } from './field.ts';

/** Stands in `purposes` and `legalBases` for whatever a record names. */
export const ANY = '*';

/** What a decision can hold, by the form of a prediction (predictions/prediction.ts). */
const DECISION_TYPES: Record<string, readonly FieldType[]> = { outcome: ['string'], threshold: ['number', 'integer'], reasons: ['array'], automated: ['boolean'] };

type FaultAt = (pointer: string, message: string) => void;

/** The rules of form of a whole contract: what its words mean together. */
export function checkContract(file: PolicyFile<ContractFile>, sections: Sections, faults: PolicyFault[]): void {
  const fault: FaultAt = (pointer, message) => faults.push(file.fault(pointer, message));
  checkName(file, fault);
  checkKeeping(file.value, fault);
  checkRequirements(file.value, fault);
  for (const fields of [sections.inputs, sections.output, sections.outcome]) if (fields !== undefined) checkFields(file, fields, faults);
  if (sections.decision !== undefined) {
    checkDecision(sections.decision, fault);
    checkFields(file, sections.decision, faults);
  }
}

function checkName({ path, value: { contract, version } }: PolicyFile<ContractFile>, fault: FaultAt): void {
  const current = `contracts/${contract}.yaml`;
  const kept = `contracts/${contract}@${version}.yaml`;
  if (path !== current && path !== kept) fault(path.includes('@') && path.startsWith(`contracts/${contract}@`) ? '/version' : '/contract', `belongs in ${current}, or in ${kept} as an older version that is kept: rename the file`);
}

function checkKeeping({ retention, erasure, unknownFields, onHit, quarantineExpiry }: ContractFile, fault: FaultAt): void {
  if (!/[1-9]/.test(retention.period)) fault('/retention/period', 'is no time at all: say how long records are kept');
  if (erasure.mode === 'retain' && erasure.citation === undefined) fault('/erasure', 'retains against an erasure and cites nothing: name the law that asks for it in citation');
  if (erasure.mode === 'erase' && erasure.citation !== undefined) fault('/erasure/citation', 'belongs to mode retain alone: remove it');
  const quarantines = unknownFields === 'quarantine' || onHit === 'quarantine';
  if (quarantines && quarantineExpiry === undefined) fault('', 'quarantines and has no quarantineExpiry: say how long a record may wait there (P14D)');
  if (!quarantines && quarantineExpiry !== undefined) fault('/quarantineExpiry', 'has nothing to expire, nothing is quarantined: remove it');
}

function checkRequirements(contract: ContractFile, fault: FaultAt): void {
  const { require, decision } = contract;
  for (const [position, word] of require.entries()) {
    if (word === 'decision' && decision === undefined) fault(`/require/${position}`, 'requires a decision, which the contract does not define: write the section decision');
    if (word === 'reasons' && decision?.['reasons'] === undefined) fault(`/require/${position}`, 'requires reasons, which the contract does not define: write decision/reasons');
  }
  for (const [list, word] of [['purposes', 'purpose'], ['legalBases', 'legalBasis']] as const) {
    const values = contract[list];
    if (values.length === 0) fault(`/${list}`, `names none, so no record could say its ${word}: name what is allowed, or "${ANY}"`);
    if (values.length > 1 && values.includes(ANY)) fault(`/${list}/${values.indexOf(ANY)}`, `stands for all, the others say nothing beside it: remove it or them`);
  }
}

function checkDecision(decision: Fields, fault: FaultAt): void {
  for (const [name, field] of decision) {
    const types = DECISION_TYPES[name];
    if (types === undefined) fault(field.pointer, `is not a field of a decision: ${Object.keys(DECISION_TYPES).join(', ')}`);
    else if (!types.includes(field.type)) fault(field.at('type'), `is ${types.join(' or ')} in every decision: correct the type`);
    if (name === 'reasons' && field.items !== undefined && field.items.type !== 'string') fault(field.items.at('type'), 'is string in every decision: correct the type');
    checkOpen(field, fault);
    if (field.items !== undefined) checkOpen(field.items, fault);
  }
  const outcome = decision.get('outcome');
  if (outcome === undefined) fault('/decision', 'defines no outcome, which every decision has: define it');
  else if (outcome.required !== true) fault(outcome.at('required'), 'is what every decision has: write required: true');
}

/** Lists filter by the outcome, and reasons are shown beside it. */
function checkOpen(field: Field, fault: FaultAt): void {
  if (field.class !== undefined && isPersonal(field.class)) fault(field.at('class'), 'is seen in lists, so it is public or internal: put what is personal into inputs or output');
  if (field.tokenization !== undefined && field.tokenization.mode !== 'keep') fault(field.at('tokenization'), 'is kept in every decision: remove it');
}
