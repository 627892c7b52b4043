import { describe, expect, test } from '@jest/globals';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { withClient } from '../../src/database/connect.ts';
import { databaseUrlOf, type Connection } from '../../src/database/connection.ts';
import { openDatabase } from '../../src/database/database.ts';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { readSettings } from '../../src/settings.ts';
import { fastFolder } from '../test-cluster.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Compose {
  services: Record<string, { environment: Record<string, string>; volumes: string[]; networks: string[]; ports?: string[]; image: string; read_only?: boolean; cap_drop: string[]; healthcheck?: { test: string[] } }>;
  volumes: Record<string, unknown>;
  networks: Record<string, unknown>;
}

describe('docker-compose.yml', () => {
  const text = readFile(join(ROOT, 'docker-compose.yml'), 'utf8');
  const compose = text.then((yaml) => parse(yaml) as Compose);

  test('gives no secret a default', async () => {
    const secrets = [...(await text).matchAll(/\$\{(\w*(?:PASSWORD|SECRET|KEY|TOKEN)\w*)([^}]*)\}/g)];
    expect(new Set(secrets.map(([, name]) => name))).toEqual(new Set(['POSTGRES_PASSWORD', 'LEDGER_OWNER_PASSWORD', 'LEDGER_SERVICE_PASSWORD']));
    for (const [, , rest] of secrets) expect(rest).toMatch(/^:\?./);
    for (const { environment } of Object.values((await compose).services)) {
      for (const [name, value] of Object.entries(environment)) if (/PASSWORD|DATABASE_URL/.test(name)) expect(value).toMatch(/\$\{\w+:\?/);
    }
  });

  test('names volumes, networks and files that exist, and settings that the service reads', async () => {
    const { services, volumes, networks } = await compose;
    for (const service of Object.values(services)) {
      for (const network of service.networks) expect(Object.keys(networks)).toContain(network);
      for (const [source = ''] of service.volumes.map((volume) => volume.split(':'))) {
        if (source.startsWith('.')) await access(join(ROOT, source));
        else expect(Object.keys(volumes)).toContain(source);
      }
    }
    const read = new Set<string | symbol>();
    readSettings(new Proxy<Record<string, string | undefined>>({}, { get: (_, name) => void read.add(name) }));
    for (const name of Object.keys(services['ledger']?.environment ?? {})) expect(read).toContain(name);
  });

  test('runs the service with nothing that it does not need', async () => {
    const { ledger, postgres } = (await compose).services;
    expect(ledger).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(ledger?.ports?.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
    expect(postgres).toMatchObject({ image: 'postgres:18', cap_drop: ['ALL'], networks: ['back'] });
    expect(postgres?.ports).toBeUndefined();
  });

  test('its two logins suffice for the service, and it is refused none of its checks', async () => {
    const dataDir = await mkdtemp(join(await fastFolder(), 'pl-compose-'));
    const server = await startEmbeddedPostgres({ dataDir, log: () => undefined });
    try {
      await runScript(await readFile(join(ROOT, 'docker/create-roles.sh'), 'utf8'), server.owner);
      const login = (user: string, password: string): string => databaseUrlOf({ ...server.owner, user, password, database: 'ledger' });
      const database = await openDatabase({
        dataDir,
        databaseUrl: login('ledger_owner', "owner's"),
        runtimeDatabaseUrl: login('ledger_service', 'service'),
        log: () => undefined,
      });
      const { rows } = await database.pool.query<{ user: string; super: boolean }>(`select current_user as user, rolsuper as super from pg_roles where rolname = current_user`);
      const refused = await database.pool.query('delete from log').then(() => 'allowed', (error: Error) => error.message);
      const owner = await database.owner.query<{ super: boolean }>(`select rolsuper as super from pg_roles where rolname = current_user`);
      await database.close();
      expect(rows).toEqual([{ user: 'ledger_service', super: false }]);
      expect(owner.rows).toEqual([{ super: false }]);
      expect(refused).toMatch(/permission denied/);
    } finally {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  }, 60_000);
});

describe('Dockerfile', () => {
  const lines = readFile(join(ROOT, 'Dockerfile'), 'utf8').then((text) => text.replaceAll('\\\n', ' ').split('\n').filter((line) => /^[A-Z]+ /.test(line)));

  test('copies what exists and what .dockerignore lets through', async () => {
    const ignore = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).trim().split('\n');
    expect(ignore[0]).toBe('*');
    const sources = (await lines).filter((line) => line.startsWith('COPY ') && !line.includes('--from=')).flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) {
      await access(join(ROOT, source));
      expect(ignore).toContain(`!${source}`);
    }
  });

  test('pins its base, runs as an ordinary user, without dev packages, and tells its health', async () => {
    const text = (await lines).join('\n');
    expect(text).toMatch(/^ARG NODE_VERSION=\d+\.\d+\.\d+$/m);
    expect([...text.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)).toEqual(Array(3).fill('node:${NODE_VERSION}-bookworm-slim'));
    const final = text.slice(text.lastIndexOf('FROM '));
    expect(final).toMatch(/^USER node$/m);
    expect(final).toMatch(/^HEALTHCHECK .*\/health\/live/m);
    expect(final.indexOf('USER node')).toBeLessThan(final.indexOf('\nCMD '));
    expect(text).toContain('npm ci --omit=dev --omit=optional --ignore-scripts');
    expect(text).not.toMatch(/^(ARG|ENV) .*(PASSWORD|SECRET|TOKEN)/m);
  });
});

/** Does what psql would do with the here-document: `:'name'` is a quoted variable, `\connect` changes the database. */
async function runScript(script: string, admin: Connection): Promise<void> {
  const variables: Record<string, string> = { owner_password: "owner's", service_password: 'service' };
  const sql = script.slice(script.indexOf("<<'SQL'\n") + "<<'SQL'\n".length, script.lastIndexOf('\nSQL\n'));
  const filled = sql.replaceAll(/:'(\w+)'/g, (_, name: string) => `'${String(variables[name]).replaceAll("'", "''")}'`);
  let database = admin.database ?? 'postgres';
  for (const line of filled.split('\n')) {
    const connect = /^\\connect (\w+)$/.exec(line);
    if (connect !== null) database = String(connect[1]);
    else await withClient({ ...admin, database }, () => undefined, (client) => client.query(line));
  }
}
