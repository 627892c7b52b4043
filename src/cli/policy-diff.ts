import type { Command } from 'commander';
import { accessChanges, type AccessChange } from '../access/access-changes.ts';
import { contractChanges, type ContractChange, type ContractChanges } from '../contracts/contract-changes.ts';
import { PolicyError } from '../ledger/policy-error.ts';
import { onPolicyFiles, readFolder } from './policy-folder.ts';
import { readParts, type PolicyParts } from './policy-parts.ts';

/** What a change of policy files would do. */
interface PolicyDifference extends ContractChanges {
  /** Digests; null where there was nothing before. */
  before: string | null;
  now: string;
  /** Whether each contract that changes is compatible with what it was. */
  compatible: boolean;
  access: AccessChange[];
  /** In words. */
  credentials: string[];
  /** In words. */
  frameworks: string[];
  /** In words. */
  models: string[];
  /** In words. */
  others: string[];
}

/** `prediction-ledger policy diff <old> <new>`: exits 0 where nothing that is decided differs, 1 where something does, 2 where a side cannot be read. */
export function registerPolicyDiff(policy: Command): void {
  policy
    .command('diff')
    .argument('<old>', 'policy files as they are; - for none at all')
    .argument('<new>', 'policy files as they would be')
    .option('--json', 'give it as JSON')
    .description('Says in words what a change of the policy files would do: who gains and who loses what, and what changes in contracts. Exit code 0 without a difference, 1 with one, 2 when a side cannot be read.')
    .action((before: string, now: string, options: { json?: boolean }) => onPolicyFiles(() => diff(before, now, options.json === true)));
}

async function diff(before: string, now: string, json: boolean): Promise<void> {
  const sides: PolicyParts[] = [];
  for (const folder of [before, now].filter((each) => each !== '-')) {
    try {
      sides.push(readParts(await readFolder(folder)));
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      process.stderr.write(`${folder}: ${error.message}\n`);
      process.exitCode = 2;
      return;
    }
  }
  const fresh = sides.at(-1);
  if (fresh === undefined || now === '-') throw new PolicyError('the new side is a folder: - may stand for the old one alone');
  const difference = differenceOf(before === '-' ? undefined : sides[0], fresh);
  process.stdout.write(json ? `${JSON.stringify(difference, null, 2)}\n` : `${describe(difference).join('\n')}\n`);
  const { access, contracts, defaults, credentials, models, frameworks, others } = difference;
  if (access.length + contracts.length + defaults.length + credentials.length + models.length + frameworks.length + others.length > 0) process.exitCode = 1;
}

function differenceOf(before: PolicyParts | undefined, now: PolicyParts): PolicyDifference {
  const changes = contractChanges(before?.contracts, now.contracts);
  return {
    before: before?.digest ?? null,
    now: now.digest,
    compatible: changes.contracts.every(({ breaks }) => breaks.length === 0),
    access: accessChanges(before?.roles, now.roles),
    ...changes,
    credentials: textChanges(before?.credentials ?? new Map(), now.credentials),
    frameworks: textChanges(before?.frameworks ?? new Map(), now.frameworks),
    models: textChanges(before?.models ?? new Map(), now.models),
    others: textChanges(before?.others ?? new Map(), now.others),
  };
}

function textChanges(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((name) => {
    const [was, is] = [before.get(name), now.get(name)];
    if (was === is) return [];
    return was === undefined ? [`${name} is new: ${is}`] : is === undefined ? [`${name} is gone: ${was}`] : [`${name}: ${was} → ${is}`];
  });
}

function describe({ before, now, compatible, access, contracts, defaults, credentials, models, frameworks, others }: PolicyDifference): string[] {
  const lines = [`policy ${before ?? 'of nothing'} → ${now}`];
  const section = (title: string, items: readonly string[]): void => {
    if (items.length > 0) lines.push('', title, ...items);
  };
  section('who may do what', access.flatMap(accessLines));
  section(`contracts: ${compatible ? 'compatible' : 'BREAKING'}`, contracts.flatMap(contractLines));
  section('default contracts', defaults.map((line) => `  ${line}`));
  section('credentials', credentials.map((line) => `  ${line}`));
  section('evidence', frameworks.map((line) => `  ${line}`));
  section('predictions of versions that are not approved to run', models.map((line) => `  ${line}`));
  section('replays, requests, backups and bundles', others.map((line) => `  ${line}`));
  if (lines.length === 1) lines.push(before === now ? 'the same files' : 'the files differ, and nothing that they decide does');
  return lines;
}

function accessLines({ role, action, resource, change, before, now, fieldsGained, fieldsLost, example, rulesBefore, rulesNow }: AccessChange): string[] {
  const onlyFields = before === now && fieldsGained.length + fieldsLost.length > 0;
  const verb = { 'gains': 'gains', 'loses': 'loses', 'gains and loses': 'gains and loses', 'names': 'keeps, by another rule or for another reason:', 'unknown': 'may gain or lose (too many cases to go through):' }[change];
  const cases = example === undefined ? '' : Object.entries(example).map(([name, value]) => `${name} ${value === undefined ? 'not known' : value === null ? 'absent' : String(value)}`).join(', ');
  return [
    `  ${role} ${verb} ${onlyFields ? 'fields of ' : ''}${action} ${resource}`,
    ...(before === now ? [] : [`    before: ${before}`, `    now: ${now}`]),
    ...(fieldsGained.length > 0 ? [`    sees in addition: ${fieldsGained.join(', ')}`] : []),
    ...(fieldsLost.length > 0 ? [`    sees no more: ${fieldsLost.join(', ')}`] : []),
    ...(cases === '' ? [] : [`    for instance: ${cases}`]),
    `    rules: ${rulesBefore.join(', ') || 'none'} → ${rulesNow.join(', ') || 'none'}`,
  ];
}

function contractLines({ contract, before, now, changes, breaks }: ContractChange): string[] {
  const title = before === null ? `${now} is new` : now === null ? `${before} is gone` : `${before} → ${now}`;
  return [`  ${contract}: ${title}, ${breaks.length === 0 ? 'compatible' : 'BREAKING'}`, ...changes.map((line) => `    ${line}`), ...breaks.map((line) => `    breaks: ${line}`)];
}
