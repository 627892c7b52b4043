import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { packageFolder } from '../database/package-folder.ts';
import { registerVerify } from './verify.ts';

/**
 * Runs one command of `prediction-ledger` and sets the exit code; 2 for bad usage and for what no command expects. What
 * works on a service or a database is loaded only when it is asked for, so that the verifier starts at once and needs
 * nothing of the server.
 */
export async function run(args: readonly string[]): Promise<void> {
  try {
    const program = new Command('prediction-ledger')
      .description('An immutable, provable account of every prediction a model makes.')
      .version(version())
      // Set before the commands, which take it over.
      .exitOverride();
    registerVerify(program);
    if (args[0] !== 'verify') await registerOthers(program);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // The message is printed already. Help and version, when asked for, are no failures.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.exitCode = 2;
    process.stderr.write(`prediction-ledger: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

async function registerOthers(program: Command): Promise<void> {
  await import('reflect-metadata');
  const [fsck, backup, restore, recover, tenant, retention, policy, keys, rebuild, models, evidence] = await Promise.all([
    import('./fsck.ts'),
    import('./backup.ts'),
    import('./restore.ts'),
    import('./recover.ts'),
    import('./tenant.ts'),
    import('./retention.ts'),
    import('./policy.ts'),
    import('./keys.ts'),
    import('./rebuild.ts'),
    import('./models.ts'),
    import('./export.ts'),
  ]);
  fsck.registerFsck(program);
  backup.registerBackup(program);
  restore.registerRestore(program);
  recover.registerRecover(program);
  tenant.registerTenant(program);
  retention.registerRetention(program);
  policy.registerPolicy(program);
  keys.registerKeys(program);
  rebuild.registerRebuild(program);
  models.registerModels(program);
  evidence.registerExport(program);
}

function version(): string {
  return (JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string }).version;
}
