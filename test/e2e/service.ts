import 'reflect-metadata';
import { jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { keysPath } from '../../src/access/bootstrap.ts';
import { DeclaredRoutes, type DeclaredRoute } from '../../src/access/declared-routes.ts';
import { createApp } from '../../src/app.ts';
import { startService, type Overrides, type Service } from '../../src/service.ts';
import { readSettings } from '../../src/settings.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

// A machine with much to do takes its time; what hangs is still found.
jest.setTimeout(120_000);

/** The whole service, listening, on a database of the test file's own. */
export interface TestService {
  url: string;
  /** As in keys.json: role → key. */
  keys: Readonly<Record<string, string>>;
  service: Service;
  /** Every route of the service, as it is declared. */
  routes: readonly DeclaredRoute[];
  /** Every line that the service said, at any level. */
  said: string[];
  /** A request by the holder of a role's key, or by nobody (`undefined`); the body goes as JSON text unless it is text or bytes already. */
  call(method: string, path: string, by?: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Stops the service, and removes its database if it is its own; fails when it left a connection open. */
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  bytes: Buffer;
  /** The body as JSON. */
  json: JsonObject;
}

/** An answer's JSON, as loose as tests need it. */
export interface JsonObject {
  [name: string]: unknown;
}

/**
 * Starts it, with settings as they would stand in the environment.
 *
 * @param shared a database that the caller made and drops; without one, the service gets its own
 */
export async function startTestService(env: Record<string, string> = {}, overrides: Overrides = {}, shared?: TestDatabase): Promise<TestService> {
  const database = shared ?? (await createTestDatabase());
  const { dataDir, databaseUrl, runtimeDatabaseUrl } = database.settings;
  const said: string[] = [];
  const settings = readSettings({
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    RUNTIME_DATABASE_URL: runtimeDatabaseUrl,
    PUBLISH_INTERVAL_MS: '25',
    ...env,
  });
  const service = await startService(settings, (level, message) => said.push(`${level}: ${message}`), { sealByHand: true, ...overrides });
  const app = await createApp(service);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const keys = JSON.parse(await readFile(keysPath(dataDir), 'utf8')) as Record<string, string>;
  return {
    url,
    keys,
    service,
    routes: app.get(DeclaredRoutes).routes,
    said,
    call: (method, path, by, body, headers = {}) =>
      call(`${url}${path}`, method, { ...(by !== undefined && { authorization: `Bearer ${keys[by] ?? by}` }), ...headers }, body),
    close: async () => {
      await app.close();
      await service.close();
      if (shared === undefined) await database.drop();
    },
  };
}

async function call(url: string, method: string, headers: Record<string, string>, body: unknown): Promise<Answer> {
  const isText = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: { ...(body !== undefined && !isText && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: isText ? Buffer.from(body) : JSON.stringify(body) }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString('utf8');
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    text,
    get json() {
      return JSON.parse(text) as JsonObject;
    },
  };
}
