import 'reflect-metadata';
import { keysPath } from './access/bootstrap.ts';
import { createApp } from './app.ts';
import { createSay } from './say.ts';
import { startService, type Say } from './service.ts';
import { readSettings, type Settings } from './settings.ts';
import { refusalToStart } from './start-failure.ts';
import { welcome } from './welcome.ts';

/** Starts the service by the environment and runs until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const say = createSay(settings.logLevel);
  const started = start(settings, say);
  let stopping: Promise<void> | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    stopping ??= (async () => {
      say('info', `${signal}: finishing what is under way`);
      // A start that is under way is let finish: half of one would leave PostgreSQL behind.
      const close = await started;
      await close();
      say('info', 'stopped');
      process.exit(0);
    })().catch((error: unknown) => {
      say('error', `could not stop cleanly: ${String(error)}`);
      process.exit(1);
    });
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  await started;
}

/** Listens and says where; gives what ends it in order. */
async function start(settings: Settings, say: Say): Promise<() => Promise<void>> {
  const service = await startService(settings, say);
  try {
    const app = await createApp(service);
    await app.listen(settings.port, settings.host);
    say('info', `data in ${service.database.location}, keys in ${keysPath(settings.dataDir)}`);
    process.stdout.write(welcome(await app.getUrl(), keysPath(settings.dataDir)));
    return async () => {
      await app.close();
      await service.close();
    };
  } catch (error) {
    await service.close();
    throw error;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`prediction-ledger does not start: ${refusalToStart(error)}\n`);
  process.exit(1);
});
