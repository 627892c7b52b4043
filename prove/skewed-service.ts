// The service with a clock that is SKEW_MS off, and nothing else otherwise: what a machine without time synchronization is.
import 'reflect-metadata';
import { createApp } from '../src/app.ts';
import { createSay } from '../src/say.ts';
import { startService } from '../src/service.ts';
import { readSettings } from '../src/settings.ts';

const off = Number(process.env['SKEW_MS']);
const settings = readSettings(process.env);
const service = await startService(settings, createSay(settings.logLevel), { clock: { now: () => Date.now() + off } });
const app = await createApp(service);
await app.listen(settings.port, settings.host);
process.once('SIGTERM', () => void app.close().then(() => service.close()).then(() => process.exit(0)));
