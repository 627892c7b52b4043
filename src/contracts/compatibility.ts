import type { PolicyFault } from '../ledger/policy-error.ts';
import type { Contract } from './contract.ts';
import type { ContractFile, RuleFile } from './contract-file.ts';
import { fieldsBreaks, type Break } from './field-compatibility.ts';

/**
 * What breaks between two versions of a contract. A record that was right must stay right, a value must keep its
 * meaning, and nothing may be guarded less; each of these needs a new major version.
 *
 * @returns faults in the newer file; none when the major version differs
 */
export function incompatibilities(older: Contract, newer: Contract): PolicyFault[] {
  const major = Number(newer.file.version.split('.')[0]);
  if (major !== Number(older.file.version.split('.')[0])) return [];
  return breaksBetween(older, newer).map(({ pointer, what }) =>
    newer.policyFile.fault(pointer, `breaks with ${older.id} (${older.policyFile.path}): ${what}: take it back, or make this version ${major + 1}.0.0`),
  );
}

/** As `incompatibilities`, whatever the versions are. */
export function breaksBetween(older: Contract, newer: Contract): Break[] {
  const breaks = [...listBreaks(older.file, newer.file), ...wordBreaks(older.file, newer.file), ...ruleBreaks(older.file.rules ?? [], newer.file.rules ?? [])];
  for (const section of ['inputs', 'output', 'decision', 'outcome'] as const) {
    const before = older.sections[section];
    const now = newer.sections[section];
    if (before !== undefined && now === undefined) breaks.push({ pointer: '', what: `the section ${section} is gone` });
    else breaks.push(...fieldsBreaks(before ?? new Map(), now ?? new Map(), `/${section}`));
  }
  return breaks;
}

/** By the rules of semantic versions, which have no letters here. Negative where `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (const position of [0, 1, 2]) if (x[position] !== y[position]) return (x[position] as number) - (y[position] as number);
  return 0;
}

function listBreaks(older: ContractFile, newer: ContractFile): Break[] {
  const breaks: Break[] = [];
  for (const list of ['models', 'purposes', 'legalBases'] as const) {
    const gone = newer[list].includes('*') ? [] : older[list].filter((value) => !newer[list].includes(value));
    if (gone.length > 0) breaks.push({ pointer: `/${list}`, what: `${gone.join(', ')} may no longer be said` });
  }
  const asked = newer.require.filter((word) => !older.require.includes(word));
  if (asked.length > 0) breaks.push({ pointer: '/require', what: `${asked.join(', ')} was not required` });
  return breaks;
}

function wordBreaks(older: ContractFile, newer: ContractFile): Break[] {
  const breaks: Break[] = [];
  if (newer.subject !== older.subject && newer.subject !== 'optional') breaks.push({ pointer: '/subject', what: `the subject was ${older.subject}` });
  if (older.unknownFields === 'drop' && newer.unknownFields !== 'drop') breaks.push({ pointer: '/unknownFields', what: 'fields that it does not know were dropped' });
  // Among people's data a hit that became a token is taken in; where it was kept out, somebody counted on that.
  if (older.onHit !== 'tokenize' && newer.onHit === 'tokenize') breaks.push({ pointer: '/onHit', what: `a hit was answered with ${older.onHit}` });
  if (older.onHit === 'tokenize' && newer.onHit !== 'tokenize') breaks.push({ pointer: '/onHit', what: 'a record with a hit was taken in' });
  if (older.erasure.mode === 'erase' && newer.erasure.mode === 'retain') breaks.push({ pointer: '/erasure/mode', what: 'an erasure was obeyed at once' });
  if (daysOf(newer.retention.period) > daysOf(older.retention.period)) breaks.push({ pointer: '/retention/period', what: `records were kept for ${older.retention.period}` });
  return breaks;
}

function ruleBreaks(older: readonly RuleFile[], newer: readonly RuleFile[]): Break[] {
  return newer.flatMap(({ id, expression }, position) => {
    const before = older.find((rule) => rule.id === id);
    if (before === undefined) return [{ pointer: `/rules/${position}`, what: `the rule ${id} is new, and records that were right may break it` }];
    return before.expression === expression ? [] : [{ pointer: `/rules/${position}/expression`, what: `the rule ${id} was another` }];
  });
}

/** To compare periods by; months and years are taken at their mean. */
export function daysOf(period: string): number {
  const [, years = '0', months = '0', days = '0'] = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?$/.exec(period) ?? [];
  return Number(years) * 365.2425 + Number(months) * 30.436875 + Number(days);
}
