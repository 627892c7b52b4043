import type { Command } from 'commander';
import { makeKey } from '../access/api-key.ts';
import { issueKey } from '../access/bootstrap.ts';
import { BUILT_IN_ROLES } from '../access/roles.ts';
import { exitOnRefusal } from './database-command.ts';
import { withService } from './with-service.ts';

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** `prediction-ledger tenant create <name>`: a tenant with its log, and a key for each built-in role on standard output. */
export function registerTenant(program: Command): void {
  program
    .command('tenant')
    .summary('administer tenants')
    .command('create')
    .argument('<name>', 'lower-case letters, digits and hyphens; also the name of its log')
    .option('--open', 'let everybody read its tiles and checkpoints (never its payloads)')
    .description('Makes a tenant with a log of its own and prints a key for each built-in role, once. Stop an embedded service before.')
    .action((name: string, options: { open?: boolean }) => exitOnRefusal(() => createTenant(name, options.open === true)));
}

async function createTenant(name: string, open: boolean): Promise<void> {
  if (!NAME.test(name)) {
    process.stderr.write('a tenant’s name has 1 to 63 lower-case letters, digits and hyphens, and begins with a letter or digit\n');
    process.exitCode = 2;
    return;
  }
  await withService(async ({ ledger, database }) => {
    if (ledger.byLogName(name) !== undefined) {
      process.stderr.write(`there is a log ${name} already\n`);
      process.exitCode = 2;
      return;
    }
    const log = await ledger.createLog(name, name, open);
    const keys: Record<string, string> = {};
    for (const role of BUILT_IN_ROLES) {
      const key = makeKey(role);
      await issueKey(log, database.pool, key);
      keys[role] = key.key;
    }
    process.stdout.write(`${JSON.stringify(keys, null, 2)}\n`);
  });
}
