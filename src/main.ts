import 'reflect-metadata';
import { keysPath } from './access/bootstrap.ts';
import { createApp } from './app.ts';
import { createSay } from './say.ts';
import { startService } from './service.ts';
import { readSettings } from './settings.ts';
import { welcome } from './welcome.ts';

/** Starts the service by the environment and runs until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const say = createSay(settings.logLevel);
  let stopping: Promise<void> | undefined;
  const service = await startService(settings, say);
  const app = await createApp(service).catch(async (error: unknown) => {
    await service.close();
    throw error;
  });
  const stop = (signal: NodeJS.Signals): void => {
    stopping ??= (async () => {
      say('info', `${signal}: finishing what is under way`);
      await app.close();
      await service.close();
      say('info', 'stopped');
      process.exit(0);
    })().catch((error: unknown) => {
      say('error', `could not stop cleanly: ${String(error)}`);
      process.exit(1);
    });
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  try {
    await app.listen(settings.port, settings.host);
  } catch (error) {
    await service.close();
    throw error;
  }
  say('info', `data in ${service.database.location}, keys in ${keysPath(settings.dataDir)}`);
  process.stdout.write(welcome(await app.getUrl(), keysPath(settings.dataDir)));
}

main().catch((error: unknown) => {
  // One line that says what is wrong and how to mend it; a stack helps only where nobody foresaw the error.
  const foreseen = error instanceof Error && error.name !== 'Error' && error.name !== 'TypeError';
  process.stderr.write(`prediction-ledger does not start: ${foreseen ? error.message : describe(error)}\n`);
  process.exit(1);
});

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') return `${error.message}: set PORT to a free port`;
  return error.stack ?? error.message;
}
