import type { PolicyFault } from '../ledger/policy-error.ts';
import type { PolicyFile } from '../ledger/policy-file.ts';
import { CLASSES, EVERY_OTHER_FIELD, type ContractFile, type DataClass, type FieldType } from './contract-file.ts';
import { checkTokenization } from './check-tokenization.ts';
import type { Field, Fields } from './field.ts';
import { unsafePattern } from './safe-pattern.ts';

/** The longest text that a string field may take: a payload is at most 256 KiB. */
export const MAX_TEXT_LENGTH = 100_000;

/** Words that only some types take. What is not here, every type takes. */
const TYPES_OF_WORD: Record<string, readonly FieldType[]> = {
  minimum: ['number', 'integer'],
  maximum: ['number', 'integer'],
  unit: ['number', 'integer', 'any'],
  minLength: ['string'],
  maxLength: ['string'],
  pattern: ['string'],
  format: ['string'],
  freeText: ['string'],
  enum: ['string', 'number', 'integer'],
  fields: ['object'],
  items: ['array'],
  minItems: ['array'],
  maxItems: ['array'],
};
/** What an object or an array leaves to its fields or items. */
const LEAF_WORDS = ['class', 'safeHarbor', 'tokenization'] as const;

export type FaultAt = (pointer: string, message: string) => void;

export function isPersonal(dataClass: DataClass): boolean {
  return CLASSES.indexOf(dataClass) >= CLASSES.indexOf('personal');
}

/** The rules of form of each field of a section: what its words mean together (docs/contracts.md). */
export function checkFields(file: PolicyFile<ContractFile>, fields: Fields, faults: PolicyFault[]): void {
  const fault: FaultAt = (pointer, message) => faults.push(file.fault(pointer, message));
  for (const [name, field] of fields) {
    checkDefinition(name, field, fault);
    checkForm(field, file.value, fault);
    if (field.fields !== undefined) checkFields(file, field.fields, faults);
    for (let items = field.items; items !== undefined; items = items.items) {
      checkItems(items, fault);
      checkForm(items, file.value, fault);
      if (items.fields !== undefined) checkFields(file, items.fields, faults);
    }
  }
}

/** What an auditor asks of a field that has a name: what it is, whence, as of when, how exact. */
function checkDefinition(name: string, field: Field, fault: FaultAt): void {
  if (field.meaning === undefined) fault(field.pointer, 'has no meaning: say what it is in one sentence');
  if (field.type !== 'object') {
    if (field.source === undefined) fault(field.pointer, 'has no source: say which system or person it comes from');
    if (field.observed === undefined) fault(field.pointer, 'has no observed: say when its value is taken');
    if (field.accuracy === undefined) fault(field.pointer, 'has no accuracy: say how exact it is, or that nobody checks it');
  }
  if (name !== EVERY_OTHER_FIELD) return;
  if (field.class === undefined || !isPersonal(field.class)) fault(field.at('class'), `what stands under "${EVERY_OTHER_FIELD}" is not known, so it may be personal: write class personal or a worse one`);
  if (field.tokenization?.mode === 'keep') fault(field.at('tokenization'), `what stands under "${EVERY_OTHER_FIELD}" is not known, so it cannot be kept: tokenize it at random, redact or drop it`);
  if (field.required === true) fault(field.at('required'), `"${EVERY_OTHER_FIELD}" names no field, so none can be required: remove the word`);
}

function checkItems(items: Field, fault: FaultAt): void {
  for (const word of ['required', 'source', 'observed', 'accuracy'] as const) {
    if (items[word] !== undefined) fault(items.at(word), `does not belong to items: write ${word} at the array`);
  }
  if (items.tokenization?.mode === 'drop') fault(items.at('tokenization'), 'items cannot be dropped, the others would change their places: redact them, or drop the array');
}

function checkForm(field: Field, contract: ContractFile, fault: FaultAt): void {
  for (const [word, types] of Object.entries(TYPES_OF_WORD)) {
    if (field[word as keyof Field] !== undefined && !types.includes(field.type)) fault(field.at(word), `does not belong to type ${field.type}, only to ${types.join(', ')}: remove it`);
  }
  if (field.type === 'object' || field.type === 'array') {
    for (const word of LEAF_WORDS) if (field[word] !== undefined) fault(field.at(word), `does not belong to type ${field.type}: write it at its ${field.type === 'object' ? 'fields' : 'items'}`);
  }
  if (field.type === 'object') return checkObject(field, fault);
  if (field.type === 'array') return checkArray(field, fault);
  if (field.type === 'string') checkString(field, fault);
  checkNumber(field, fault);
  checkEnum(field, fault);
  checkClass(field, contract, fault);
}

function checkObject(field: Field, fault: FaultAt): void {
  if (field.fields === undefined || field.fields.size === 0) fault(field.at('fields'), 'is an object without fields: define them');
}

function checkArray(field: Field, fault: FaultAt): void {
  if (field.items === undefined) fault(field.pointer, 'is an array without items: define them');
  if (field.maxItems === undefined) fault(field.pointer, 'is an array without maxItems: say how many there may be');
  else if ((field.minItems ?? 0) > field.maxItems) fault(field.at('minItems'), 'is above maxItems: correct one of them');
}

function checkString(field: Field, fault: FaultAt): void {
  const { maxLength, minLength, pattern, enum: values, format, freeText } = field;
  if (maxLength === undefined && values === undefined && format !== 'uuid') fault(field.pointer, 'is a string without maxLength or enum: say how long it may be');
  if (maxLength !== undefined && maxLength > MAX_TEXT_LENGTH) fault(field.at('maxLength'), `is above ${MAX_TEXT_LENGTH}: hand in larger texts by digest and URI`);
  if (maxLength !== undefined && (minLength ?? 0) > maxLength) fault(field.at('minLength'), 'is above maxLength: correct one of them');
  if (freeText === true && (values !== undefined || pattern !== undefined || format !== undefined)) fault(field.at('freeText'), 'does not go with enum, pattern or format: free text has no form');
  if (pattern === undefined) return;
  const why = maxLength === undefined ? 'needs maxLength beside it: it is tried on no longer text' : unsafePattern(pattern, maxLength);
  if (why !== undefined) fault(field.at('pattern'), why);
}

function checkNumber(field: Field, fault: FaultAt): void {
  if (field.unit === undefined && ['number', 'integer', 'any'].includes(field.type)) fault(field.pointer, 'has no unit: name it (EUR, years, mmol/L …), or write none');
  if (field.minimum !== undefined && field.maximum !== undefined && field.minimum > field.maximum) fault(field.at('minimum'), 'is above maximum: correct one of them');
}

function checkEnum(field: Field, fault: FaultAt): void {
  const right = (value: unknown): boolean => (field.type === 'string' ? typeof value === 'string' : field.type === 'integer' ? Number.isInteger(value) : typeof value === 'number');
  for (const [position, value] of (field.enum ?? []).entries()) {
    if (!right(value)) fault(`${field.at('enum')}/${position}`, `is not of type ${field.type}: ${field.type === 'string' ? 'put it into quotes' : 'write a number'}`);
  }
}

function checkClass(field: Field, contract: ContractFile, fault: FaultAt): void {
  if (field.class === undefined) return fault(field.pointer, `has no class: choose one of ${CLASSES.join(', ')}`);
  if (field.class === 'phi' && field.safeHarbor === undefined) fault(field.pointer, 'has class phi and no safeHarbor: name its class A to R of 45 CFR 164.514(b)(2)(i), or none');
  if (field.class !== 'phi' && field.safeHarbor !== undefined) fault(field.at('safeHarbor'), 'belongs to class phi alone: correct the class or remove it');
  if (isPersonal(field.class) && contract.subject === 'none') fault(field.at('class'), 'is personal in a contract with subject: none, so nobody could have it erased: make the subject optional or required');
  if (isPersonal(field.class) && field.tokenization === undefined) fault(field.pointer, `has class ${field.class} and no tokenization: choose a mode, or keep with a reason`);
  if (field.tokenization !== undefined) checkTokenization(field, field.class, field.tokenization, { contract, fault });
}
