import type { Command } from 'commander';
import type { Role, Rule } from '../access/rule.ts';
import { ruleText } from '../access/rule-text.ts';
import { conditionText } from '../access/condition-text.ts';
import type { Contract } from '../contracts/contract.ts';
import { everyField } from '../contracts/field.ts';
import { fieldText, tokenizationOf, tokenizationText } from '../contracts/field-text.ts';
import { onPolicyFiles, readFolder } from './policy-folder.ts';
import { readParts, type PolicyParts } from './policy-parts.ts';

/** `prediction-ledger policy show [folder]`: what policy files say, in words. */
export function registerPolicyShow(policy: Command): void {
  policy
    .command('show')
    .argument('[folder]', 'policy files; POLICIES_DIR unless said')
    .option('--json', 'give it as JSON')
    .description('Says in words what the policy files allow, and what becomes of each field of each contract.')
    .action((folder: string | undefined, options: { json?: boolean }) => onPolicyFiles(() => show(folder, options.json === true)));
}

async function show(folder: string | undefined, json: boolean): Promise<void> {
  const parts = readParts(await readFolder(folder));
  process.stdout.write(json ? `${JSON.stringify(shown(parts), null, 2)}\n` : `${lines(parts).join('\n')}\n`);
}

function shown({ digest, roles, contracts, credentials, frameworks, models, others }: PolicyParts): object {
  return {
    digest,
    contracts: [...contracts.governing.values()].map(shownContract),
    defaultContracts: Object.fromEntries(contracts.defaults),
    roles: roles.all.map(({ name, description, rules }) => ({ role: name, description, rules: rules.map(shownRule) })),
    credentials: Object.fromEntries(credentials),
    frameworks: Object.fromEntries(frameworks),
    models: Object.fromEntries(models),
    others: Object.fromEntries(others),
  };
}

function shownRule(rule: Rule): object {
  const { id, effect, actions, resources, fields, condition, reason, place } = rule;
  return { rule: id, effect, actions, resources, ...(fields && { fields }), ...(condition && { where: conditionText(condition) }), reason, says: ruleText(rule), file: place?.path, line: place?.line };
}

function shownContract(contract: Contract): object {
  const { contract: _name, version: _version, definitions: _definitions, inputs: _inputs, output: _output, decision: _decision, outcome: _outcome, rules = [], ...words } = contract.file;
  const fields = fieldsOf(contract).map(({ at, field }) => ({
    at,
    type: field.type,
    ...(field.required === true && { required: true }),
    ...(field.class !== undefined && { class: field.class, safeHarbor: field.safeHarbor, tokenization: tokenizationOf(field), becomes: tokenizationText(tokenizationOf(field)) }),
    meaning: field.meaning,
  }));
  return { id: contract.id, file: contract.policyFile.path, ...words, fields, rules };
}

function fieldsOf({ sections: { inputs, output, decision, outcome } }: Contract): ReturnType<typeof everyField> {
  return [...everyField(inputs, '/inputs'), ...everyField(output, '/output'), ...everyField(decision ?? new Map(), '/decision'), ...everyField(outcome ?? new Map(), '/outcome')];
}

function lines({ digest, roles, contracts, credentials, frameworks, models, others }: PolicyParts): string[] {
  return [
    `policy ${digest}`,
    ...[...contracts.governing.values()].flatMap(contractLines),
    '',
    'models without a contract',
    ...[...contracts.defaults].map(([tenant, name]) => `  ${tenant === '*' ? 'every other tenant' : `tenant ${tenant}`}: ${name === null ? 'are refused' : `are governed by ${name}`}`),
    ...roles.all.flatMap(roleLines),
    '',
    'credentials',
    ...[...credentials].map(([name, says]) => `  ${name}: ${says}`),
    '',
    'evidence',
    ...[...frameworks].map(([name, says]) => `  ${name}: ${says}`),
    '',
    'versions that are not approved to run',
    ...[...models].map(([name, says]) => `  ${name}: ${says}`),
    '',
    'replays, requests, backups and bundles',
    ...[...others].map(([name, says]) => `  ${name}: ${says}`),
  ];
}

function contractLines(contract: Contract): string[] {
  const { description, owner, models, purposes, legalBases, subject, require, retention, erasure, unknownFields, onHit, rules = [] } = contract.file;
  return [
    '',
    `contract ${contract.id}: ${description}`,
    `  models ${models.join(', ') || 'those that have no contract of their own'}; owned by ${owner}`,
    `  purposes ${purposes.join(', ')}; legal bases ${legalBases.join(', ')}; a data subject is ${subject === 'none' ? 'never named' : subject}${require.length === 0 ? '' : `; ${require.join(', ')} required`}`,
    `  kept for ${retention.period} from the ${retention.from} (${retention.citation})`,
    `  an erasure is ${erasure.mode === 'erase' ? 'obeyed' : `refused while it is kept (${erasure.citation ?? 'no citation'})`}`,
    `  unknown fields: ${unknownFields}; a hit of a detector: ${onHit}`,
    ...fieldsOf(contract).map(({ at, field }) => `    ${at}: ${fieldText(field)}`),
    ...rules.map(({ id, expression }) => `    rule ${id}: ${expression}`),
  ];
}

function roleLines({ name, description, rules }: Role): string[] {
  return ['', `role ${name}: ${description}`, ...rules.map((rule) => `  ${ruleText(rule)}\n      because: ${rule.reason} [${rule.id}, ${rule.place?.path}:${rule.place?.line}]`)];
}
