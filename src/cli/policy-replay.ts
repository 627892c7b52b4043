import type { Command } from 'commander';
import { Roles } from '../access/roles.ts';
import { PolicyBundle } from '../ledger/policy-bundle.ts';
import { readLogs } from '../ledger/log-row.ts';
import { installNativeSha256 } from '../ledger/native-sha256.ts';
import { PolicyError } from '../ledger/policy-error.ts';
import { replay, type ChangedDecision, type ReplayTotals } from '../predictions/replay.ts';
import { readSettings } from '../settings.ts';
import { openVault } from '../vault/open-vault.ts';
import { connectDatabase } from './connect-database.ts';
import { exitOnRefusal } from './database-command.ts';
import { onPolicyFiles, readFolder } from './policy-folder.ts';
import { readParts } from './policy-parts.ts';

interface ReplayCommandOptions {
  log?: string;
  json?: boolean;
}

/** `prediction-ledger policy replay <candidate>`: exits 0 where nothing would be decided otherwise, 1 where something would, 2 when it could not look. */
export function registerPolicyReplay(policy: Command): void {
  policy
    .command('replay')
    .argument('<candidate>', 'policy files as they would be')
    .option('--log <name>', 'only this log')
    .option('--json', 'give a line of JSON for each decision that changes, and one for each log')
    .description('Decides anew, by other policy files, what logs have recorded, and lists each decision that would change. Writes nothing; the service may go on running. Reads DATA_DIR and DATABASE_URL. Exit code 1 where a decision would change.')
    .action((candidate: string, options: ReplayCommandOptions) => exitOnRefusal(() => onPolicyFiles(() => run(candidate, options))));
}

async function run(folder: string, { log, json }: ReplayCommandOptions): Promise<void> {
  installNativeSha256();
  const settings = readSettings(process.env);
  const candidate = readParts(await readFolder(folder));
  const current = await inForce(settings.policiesDir);
  const database = await connectDatabase(settings);
  try {
    const vault = await openVault(settings, database);
    const all = await readLogs(database.pool);
    const openers = new Map(all.map((row) => [row.origin, { id: row.id, opener: vault.openerOf(row) }]));
    const rows = all.filter(({ name }) => log === undefined || name === log);
    if (rows.length === 0) throw new Error(log === undefined ? 'the database holds no log' : `there is no log ${log}`);
    for (const row of rows) {
      const onChange = (change: ChangedDecision): void => {
        process.stdout.write(json === true ? `${JSON.stringify({ log: row.name, ...change })}\n` : `${describe(row.name, change)}\n`);
      };
      const totals = await replay({ pool: database.pool, row, openerOf: (origin) => openers.get(origin), candidate, current, onChange });
      process.stdout.write(json === true ? `${JSON.stringify({ log: row.name, policy: candidate.digest, totals })}\n` : `${sum(row.name, candidate.digest, totals)}\n`);
      if (totals.changed > 0) process.exitCode = 1;
    }
  } finally {
    await database.close();
  }
}

/** The files of POLICIES_DIR; undefined where they are not right, or not there: then roles are told by keys. */
async function inForce(folder: string): Promise<Roles | undefined> {
  try {
    return new Roles(await PolicyBundle.read(folder));
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return undefined;
  }
}

function describe(log: string, { index, time, principal, role, action, resource, before, now }: ChangedDecision): string {
  return `${log} ${index} ${time} ${principal} as ${role}: ${action} ${resource}: ${before.outcome} by ${before.rule} → ${now.outcome} by ${now.rule}`;
}

function sum(log: string, digest: string, { decisions, changed, otherRule, unknown, outside }: ReplayTotals): string {
  return (
    `log ${log} under policy ${digest}: ${decisions} recorded decisions, ${changed} would change, ${otherRule} stay the same by another rule; ` +
    `${unknown} cannot be decided again (erased, or what was asked about was not recorded), ${outside} were decided by a credential’s scope`
  );
}
