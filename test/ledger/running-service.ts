import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { keysPath } from '../../src/access/bootstrap.ts';
import { createApp } from '../../src/app.ts';
import { startService, type Overrides, type Service } from '../../src/service.ts';
import { readSettings } from '../../src/settings.ts';
import type { TestDatabase } from '../test-database.ts';

/** A service with its HTTP side, on a database that outlives it. */
export interface RunningService {
  url: string;
  service: Service;
  /** Every line that it said. */
  said: string[];
  post(id: string, key?: string): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** A request by the holder of a role's key. */
  call(method: string, path: string, role: string, body?: object): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  text: string;
  json: Record<string, unknown>;
}

/** Starts it on the database and its data folder, with settings as they would stand in the environment. */
export async function startServiceOn(database: TestDatabase, env: Record<string, string> = {}, overrides: Overrides = {}): Promise<RunningService> {
  const { dataDir, databaseUrl, runtimeDatabaseUrl } = database.settings;
  const said: string[] = [];
  const settings = readSettings({
    DATA_DIR: dataDir, DATABASE_URL: databaseUrl, RUNTIME_DATABASE_URL: runtimeDatabaseUrl, LOG_ORIGIN: 'ledger.example', PUBLISH_INTERVAL_MS: '20', ...env,
  });
  const service = await startService(settings, (level, message) => said.push(`${level}: ${message}`), { sealByHand: true, ...overrides });
  const app = await createApp(service);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const keys = JSON.parse(await readFile(keysPath(settings.dataDir), 'utf8')) as Record<string, string>;
  const call = async (method: string, path: string, key: string | undefined, body?: object): Promise<Answer> => {
    const headers = { authorization: `Bearer ${key ?? ''}`, ...(body !== undefined && { 'content-type': 'application/json' }) };
    const response = await fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await response.text();
    return {
      status: response.status,
      text,
      get json() {
        return JSON.parse(text) as Record<string, unknown>;
      },
    };
  };
  return {
    url,
    service,
    said,
    post: (id, key = keys['producer']) =>
      call('POST', '/v1/predictions', key, { id, model: 'churn', version: '3.2.0', inputs: { age: 41 }, output: { score: 0.81 } }),
    call: (method, path, role, body) => call(method, path, keys[role], body),
    get: (path) => call('GET', path, keys['auditor']),
    close: async () => {
      await app.close();
      await service.close();
    },
  };
}
