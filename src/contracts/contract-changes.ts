import { breaksBetween, compareVersions } from './compatibility.ts';
import type { Contract } from './contract.ts';
import type { ContractFile } from './contract-file.ts';
import type { Contracts } from './contracts.ts';
import { fieldChanges } from './field-changes.ts';

/** What changes in one contract. */
export interface ContractChange {
  contract: string;
  /** Null: there was none, or there is none any more. */
  before: string | null;
  now: string | null;
  /** In words. */
  changes: string[];
  /** Why a sender of records, or a reader of old ones, would trip; none: the two are compatible. */
  breaks: string[];
}

/** What changes in the contracts that govern, and in the defaults of tenants. */
export interface ContractChanges {
  contracts: ContractChange[];
  /** In words. */
  defaults: string[];
}

/** @param before undefined: nothing governed */
export function contractChanges(before: Contracts | undefined, now: Contracts): ContractChanges {
  const [older, newer] = [before?.governing ?? new Map<string, Contract>(), now.governing];
  const names = [...new Set([...older.keys(), ...newer.keys()])];
  return {
    contracts: names.flatMap((name) => changeOf(name, older.get(name), newer.get(name)) ?? []),
    defaults: defaultChanges(before?.defaults ?? new Map(), now.defaults),
  };
}

function changeOf(contract: string, older: Contract | undefined, newer: Contract | undefined): ContractChange | undefined {
  if (newer === undefined) return { contract, before: older?.id ?? null, now: null, changes: [], breaks: [`${modelsOf(older)} would fall to the tenant’s default contract, or be refused`] };
  if (older === undefined) return { contract, before: null, now: newer.id, changes: [`governs ${modelsOf(newer)}`], breaks: [] };
  const changes = [...listChanges(older.file, newer.file), ...wordChanges(older.file, newer.file), ...ruleChanges(older.file, newer.file), ...fieldChanges(older.sections, newer.sections)];
  const sameVersion = older.file.version === newer.file.version;
  if (changes.length === 0 && sameVersion) return undefined;
  // What breaks in a definition breaks in every field that uses it.
  const breaks = [...new Set(breaksBetween(older, newer).map(({ pointer, what }) => `${pointer === '' ? '' : `${pointer} `}${what}`))];
  // A record names its contract by version: what it was held to must be told from it.
  if (sameVersion) breaks.unshift(`version ${newer.file.version} would mean two things: raise it`);
  if (compareVersions(newer.file.version, older.file.version) < 0) breaks.unshift(`version ${newer.file.version} is older than ${older.file.version}`);
  return { contract, before: older.id, now: newer.id, changes, breaks };
}

function modelsOf(contract: Contract | undefined): string {
  const models = contract?.file.models ?? [];
  return models.length === 0 ? 'models that have no contract of their own' : models.join(', ');
}

function listChanges(older: ContractFile, newer: ContractFile): string[] {
  return (['models', 'purposes', 'legalBases', 'require'] as const).flatMap((list) => {
    const [was, is]: [readonly string[], readonly string[]] = [older[list], newer[list]];
    const [came, gone] = [is.filter((value) => !was.includes(value)), was.filter((value) => !is.includes(value))];
    return [...(came.length > 0 ? [`${list}: ${came.join(', ')} is new`] : []), ...(gone.length > 0 ? [`${list}: ${gone.join(', ')} is gone`] : [])];
  });
}

function wordChanges(older: ContractFile, newer: ContractFile): string[] {
  const words = (file: ContractFile): Record<string, string> => ({
    'retention': `${file.retention.period} from the ${file.retention.from}`,
    'citation of the retention': file.retention.citation,
    'on an erasure': file.erasure.mode,
    'citation of the erasure': file.erasure.citation ?? 'none',
    'subject': file.subject,
    'unknown fields': file.unknownFields,
    'on a hit of a detector': file.onHit,
    'quarantine expires': file.quarantineExpiry ?? 'not given',
    'owner': file.owner,
    'description': file.description,
  });
  const [was, is] = [words(older), words(newer)];
  return Object.keys(is).filter((word) => was[word] !== is[word]).map((word) => `${word}: ${was[word]} → ${is[word]}`);
}

function ruleChanges({ rules: older = [] }: ContractFile, { rules: newer = [] }: ContractFile): string[] {
  return [
    ...newer.flatMap(({ id, expression, message }) => {
      const was = older.find((rule) => rule.id === id);
      if (was === undefined) return [`rule ${id} is new: ${expression}`];
      if (was.expression !== expression) return [`rule ${id}: ${was.expression} → ${expression}`];
      return was.message === message ? [] : [`rule ${id} says something else where it is broken`];
    }),
    ...older.filter(({ id }) => newer.every((rule) => rule.id !== id)).map(({ id }) => `rule ${id} is gone`),
  ];
}

function defaultChanges(before: ReadonlyMap<string, string | null>, now: ReadonlyMap<string, string | null>): string[] {
  const of = (defaults: ReadonlyMap<string, string | null>, tenant: string): string => {
    const name = defaults.get(tenant);
    return (name === undefined ? defaults.get('*') : name) ?? 'none: it is refused';
  };
  return [...new Set([...before.keys(), ...now.keys()])]
    .filter((tenant) => of(before, tenant) !== of(now, tenant))
    .map((tenant) => `a model without a contract, in ${tenant === '*' ? 'every other tenant' : `tenant ${tenant}`}: ${of(before, tenant)} → ${of(now, tenant)}`);
}
