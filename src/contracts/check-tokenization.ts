import { CLASSES, type ContractFile, type DataClass, type FieldType, type TokenizationFile } from './contract-file.ts';
import type { Field } from './field.ts';
import { legalProperties, parameterFault, TOKENIZATION_MODES, type Tokenization, type TokenizationMode } from './tokenization-modes.ts';

/** Words of a contract that are no parameters of a mode. */
const MODES_OF_WORD: Record<string, readonly TokenizationMode[]> = { reason: ['keep', 'deterministic-token'], outlivesErasure: ['deterministic-token'] };

/** What a generalization can be made of. */
const TYPES_OF_GENERALIZATION: Record<NonNullable<TokenizationFile['to']>, readonly FieldType[]> = {
  zip3: ['string'],
  year: ['date', 'date-time'],
  'birth-year': ['date'],
  age: ['number', 'integer'],
  band: ['number', 'integer'],
};

interface Surroundings {
  contract: ContractFile;
  fault(pointer: string, message: string): void;
}

/** The rules of form of one field's tokenization: its words, what it fits, and what the class allows. */
export function checkTokenization(field: Field, dataClass: DataClass, tokenization: TokenizationFile, { contract, fault }: Surroundings): void {
  const say: Say = (word, message) => fault(`${field.at('tokenization')}/${word}`, message);
  const { mode } = tokenization;
  checkWords(tokenization, say);
  const personal = CLASSES.indexOf(dataClass) >= CLASSES.indexOf('personal');
  if (mode === 'deterministic-token') checkDeterministic(tokenization, personal, contract, say);
  if (mode === 'generalize') checkGeneralize(field, tokenization, say);
  checkFit(field, mode, say);
  if (dataClass === 'secret' && !['token', 'redact', 'drop'].includes(mode)) say('mode', 'leaves something of a secret: use token, redact or drop');
  if (mode === 'keep' && personal && tokenization.reason === undefined) say('mode', `keeps a value of class ${dataClass}: give a reason, or choose another mode`);
  // 164.514(b)(2): what a mode leaves of an identifier must be no identifier; kept with a reason, the record is simply not de-identified.
  const identifier = field.safeHarbor !== undefined && field.safeHarbor !== 'none';
  if (identifier && mode !== 'keep' && !legalProperties(tokenization as Tokenization).safeHarbor) {
    say('mode', `leaves a part of an identifier of Safe Harbor class ${field.safeHarbor}, or links by it: use token, redact or drop, or generalize to zip3, year, birth-year or age`);
  }
}

function checkFit(field: Field, mode: TokenizationMode, say: Say): void {
  if (mode === 'drop' && field.required === true) say('mode', 'drops a field that is required: nobody should have to send what is not kept');
  if (field.type === 'any' && (mode === 'mask' || mode === 'generalize')) say('mode', 'does not fit type any: use token, deterministic-token, redact or drop');
  else if (mode === 'mask' && field.type !== 'string') say('mode', `masks type ${field.type}: only strings are masked`);
}

type Say = (word: string, message: string) => void;

function checkWords(tokenization: TokenizationFile, say: Say): void {
  const { mode, ...words } = tokenization;
  const taken = TOKENIZATION_MODES.find((each) => each.mode === mode)?.parameters;
  for (const word of Object.keys(words)) {
    const modes = MODES_OF_WORD[word] ?? TOKENIZATION_MODES.filter(({ parameters }) => Object.hasOwn(parameters.properties, word)).map((each) => each.mode);
    if (!modes.includes(mode)) say(word, `does not belong to mode ${mode}, only to ${modes.join(', ')}: remove it`);
  }
  for (const word of taken?.required ?? []) if (!Object.hasOwn(words, word)) say('mode', `needs the word ${word}: add it`);
}

function checkDeterministic({ within, outlivesErasure, reason }: TokenizationFile, personal: boolean, contract: ContractFile, say: Say): void {
  if (within === 'subject') {
    if (contract.subject === 'none') say('within', 'is subject in a contract without one: use token, or make the subject required');
    if (outlivesErasure !== undefined) say('outlivesErasure', 'does not belong to tokens within a subject, they go when the subject is erased: remove it');
  } else if (within === 'log' && personal && (outlivesErasure !== true || reason === undefined)) {
    say('within', 'gives a personal value one token in the whole log, which links people and outlives an erasure: use subject, or accept it with outlivesErasure: true and a reason');
  }
}

function checkGeneralize(field: Field, tokenization: TokenizationFile, say: Say): void {
  const { to } = tokenization;
  if (to === undefined) return;
  const types = TYPES_OF_GENERALIZATION[to];
  if (!types.includes(field.type)) say('to', `does not fit type ${field.type}: ${to} is made of ${types.join(' or ')}`);
  const wrong = parameterFault(tokenization as Tokenization);
  if (wrong !== undefined) say(tokenization.bounds === undefined ? 'to' : 'bounds', wrong);
}
