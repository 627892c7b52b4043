import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { makeKey } from '../../src/access/api-key.ts';
import { issueKey } from '../../src/access/bootstrap.ts';
import { BUILT_IN_ROLES } from '../../src/access/roles.ts';
import { policiesWith } from '../access/policies-with.ts';
import { startTestService, type Answer, type TestService } from './service.ts';
import { DOUBTFUL } from '../retention/doubtful-contract.ts';

/** A tenant with somebody of every role, and further people who make what others ask for. */
export interface Neighbourhood {
  log: string;
  origin: string;
  /** By name: a role, or a role and a number (`admin-2`). */
  keys: Readonly<Record<string, string>>;
  principals: Readonly<Record<string, string>>;
  /** A request that is taken for granted. @throws Error when it is refused */
  do(by: string, method: string, path: string, body?: unknown): Promise<Answer>;
  /** Somebody new of a role; gives the name that `do` knows them by. */
  newcomer(role: string): Promise<string>;
  /** A person who came by an identity provider. */
  person(): Promise<string>;
  /** The size of a checkpoint that was published. */
  checkpoint(): Promise<string>;
  /** Makes every bundle that was asked for. */
  makeBundles(): Promise<void>;
}

export interface TwoTenants {
  service: TestService;
  ours: Neighbourhood;
  /** Has a closed log, too. */
  theirs: Neighbourhood;
  close(): Promise<void>;
}

/** Two tenants of one service, both with closed logs. */
export async function startNeighbourhood(env: Record<string, string> = {}): Promise<TwoTenants> {
  const policies = await policiesWith('contracts/doubtful.yaml', DOUBTFUL);
  const service = await startTestService({ POLICIES_DIR: policies, ...env });
  return {
    service,
    ours: await settle(service, 'ours'),
    theirs: await settle(service, 'theirs'),
    close: async () => {
      await service.close();
      await rm(policies, { recursive: true });
    },
  };
}

async function settle(service: TestService, name: string): Promise<Neighbourhood> {
  const { ledger, database } = service.service;
  const log = await ledger.createLog(name, `${name}-log`, false);
  const keys: Record<string, string> = {};
  const principals: Record<string, string> = {};
  const settleIn = async (name: string, role: string): Promise<string> => {
    const key = makeKey(role);
    await issueKey(log, database.pool, key);
    keys[name] = key.key;
    principals[name] = key.principal;
    return name;
  };
  for (const role of BUILT_IN_ROLES) for (const each of [role, `${role}-2`, `${role}-3`]) await settleIn(each, role);
  const neighbourhood: Neighbourhood = {
    log: log.row.name,
    origin: log.row.origin,
    keys,
    principals,
    do: async (by, method, path, body) => {
      const answer = await service.call(method, path, keys[by], body);
      if (answer.status >= 300) throw new Error(`${method} ${path} by ${by}: ${answer.status} ${answer.text}`);
      return answer;
    },
    newcomer: (role) => settleIn(`${role} ${Object.keys(keys).length}`, role),
    person: async () => {
      const principal = `prn_${randomBytes(12).toString('hex')}`;
      await log.pool.query('insert into person (tenant, digest, principal, provider) values ($1, $2, $3, $4)', [log.row.tenant, randomBytes(32), principal, 'corporate']);
      return principal;
    },
    checkpoint: async () => {
      await log.publisher.publish();
      return String(log.publisher.latest?.size);
    },
    makeBundles: () => service.service.evidence.drain(),
  };
  await neighbourhood.checkpoint();
  return neighbourhood;
}
