import 'reflect-metadata';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { ACCESS, Access, Public, type Declaration, type GuardedRequest } from '../../src/access/access.ts';
import { AccessGuard } from '../../src/access/access.guard.ts';
import { Caller } from '../../src/access/caller.ts';
import { sqlText } from '../../src/access/condition-sql.ts';
import type { Principal } from '../../src/access/principal.ts';
import { Roles } from '../../src/access/roles.ts';
import { StatedPurposes } from '../../src/access/stated-purpose.ts';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';
import { roleOf } from './role-of.ts';

// The guard and the caller by themselves: who is let in by the shipped roles, without a server around them.

class Routes {
  @Access('read', 'prediction', { each: true })
  each(): void {}

  @Access('read', 'prediction')
  whole(): void {}

  @Public()
  open(): void {}

  undeclared(): void {}
}
const { each, whole, open, undeclared } = Routes.prototype;

const AUDITOR: Principal = { id: 'prn_me', role: 'auditor', tenant: 1, method: 'api-key', prefix: 'pl_00000000', issuedBy: 'system', elevations: [] };
const LOG = { row: { tenantName: 'ours', open: false } };

let roles: Roles;
let asks: Principal | undefined;
let recorded: unknown[];
let guard: AccessGuard;
beforeAll(async () => {
  roles = new Roles(await PolicyBundle.read(fileURLToPath(new URL('../../policies', import.meta.url))));
});
beforeEach(() => {
  asks = AUDITOR;
  recorded = [];
  guard = new AccessGuard(
    { authenticate: () => asks } as never,
    roles,
    { ofTenant: () => LOG } as never,
    { denied: (_log: unknown, asking: { rule: string }, traced: { role: string }) => Promise.resolve(void recorded.push([asking.rule, traced.role])) } as never,
    new StatedPurposes(roles, ['audit', 'Not a word']),
  );
});

/** The caller that is let in, or the code of the refusal. */
async function admit(handler: Function, headers: GuardedRequest['headers'] = {}): Promise<Caller | string | undefined> {
  const request: GuardedRequest = { headers, ip: '::1', raw: {} as never };
  try {
    await guard.admit(request, handler);
    return request.caller;
  } catch (error) {
    // One who is known and says something wrong is counted by who they are.
    expect(request.caller?.decided ?? false).toBe(false);
    return (error as { code: string }).code;
  }
}

async function admitted(handler: Function, headers: GuardedRequest['headers'] = {}): Promise<Caller> {
  const caller = await admit(handler, headers);
  if (!(caller instanceof Caller)) throw new Error(`not let in: ${caller}`);
  return caller;
}

describe('the guard', () => {
  test('lets nobody in where nothing is declared, and everybody where it is public', async () => {
    expect(await admit(undeclared)).toBe('forbidden');
    expect(await admit(undeclared)).toBe('forbidden');
    asks = undefined;
    expect(await admit(undeclared)).toBe('forbidden');
    expect(await admit(open)).toBeUndefined();
    expect(await admit(whole)).toBe('unauthenticated');
  });

  test('lets in whom a rule allows, and records whom none does', async () => {
    expect((await admitted(whole)).rule).toBe('auditor-reads-predictions');
    asks = { ...AUDITOR, role: 'operator' };
    expect([await admit(whole), recorded]).toEqual(['forbidden', [['none', 'operator']]]);
  });

  test('lets nobody do what the credential is not scoped to, whatever the role may', async () => {
    for (const actions of [[], ['list'], ['list', 'prove']] as const) {
      asks = { ...AUDITOR, actions };
      expect([await admit(whole), await admit(each)]).toEqual(['forbidden', 'forbidden']);
    }
    expect(new Set(recorded.map((one) => JSON.stringify(one)))).toEqual(new Set(['["scope","auditor"]']));
    asks = { ...AUDITOR, actions: ['read'] };
    expect((await admitted(whole)).decided).toBe(true);
  });

  test('decides on a credential of some models alone where the handler looks at each thing', async () => {
    asks = { ...AUDITOR, models: ['x'] };
    expect(await admit(whole)).toBe('forbidden');
    const caller = await admitted(each);
    expect(caller.decided).toBe(false);
    expect(() => caller.decision).toThrow('not decided');
    expect(caller.decide({ model: 'x' }).allowed).toBe(true);
    for (const attributes of [{ model: 'y' }, { model: null }, {}]) expect(() => caller.decide(attributes)).toThrow('No rule lets');
    expect(sqlText(caller.rows({ model: () => 'model' }))).toEqual({ text: '(TRUE AND ((model) = ANY($1::text[])) IS TRUE)', values: [['x']] });
    expect(sqlText(caller.rows({})).text).toBe('FALSE');
  });

  test('lets who has broken the glass act as that role, for as long as it lasts', async () => {
    const elevations = [{ id: 'bg_1', role: 'auditor', until: Date.now() + 60_000 }];
    asks = { ...AUDITOR, role: 'operator', elevations };
    const caller = await admitted(whole);
    expect([caller.role, caller.rule, caller.asker.elevation]).toEqual(['auditor', 'auditor-reads-predictions', 'bg_1']);
    asks = { ...AUDITOR, role: 'operator', elevations: [{ id: 'bg_1', role: 'auditor', until: Date.now() - 1 }] };
    expect(await admit(whole)).toBe('forbidden');
    asks = { ...AUDITOR, role: 'operator', elevations: [{ id: 'bg_1', role: 'producer', until: Date.now() + 60_000 }] };
    expect(await admit(whole)).toBe('forbidden');
    asks = { ...AUDITOR, role: 'operator', actions: ['list'], elevations };
    expect(await admit(whole)).toBe('forbidden');
  });
});

describe('a stated purpose', () => {
  test('is one of the words of contracts and rules, and nothing that somebody makes up', async () => {
    expect((await admitted(whole, { 'stated-purpose': 'audit' })).purpose).toBe('audit');
    expect((await admitted(whole)).purpose).toBeNull();
    for (const word of ['', 'Audit', 'audit, audit', 'Not a word', 'call mr smith', 'audit ', '*']) expect([word, await admit(whole, { 'stated-purpose': word })]).toEqual([word, 'bad-request']);
    const ofRules = new StatedPurposes({ all: [roleOf('effect: allow, actions: [read], resources: [prediction], when: { any: [{ stated-purpose: { in: [fraud, dispute] } }, { model: { eq: x }, stated-purpose: { eq: care } }] }').role] }, []);
    expect(['fraud', 'dispute', 'care'].map((word) => ofRules.check(word))).toEqual(['fraud', 'dispute', 'care']);
    expect(() => ofRules.check('x')).toThrow('no purpose');
  });

  test('is what rules look at, in memory and in the query; what a body says goes before it', () => {
    const saying = (purpose: string | null): Caller => {
      const rules = roleOf('effect: allow, actions: [read], resources: [prediction], when: { stated-purpose: { eq: audit } }');
      const some = { settled: () => undefined, decide: rules.decide.bind(rules), about: (_role: string, action: 'read', resource: 'prediction') => rules.about(action, resource) };
      return new Caller(AUDITOR, LOG as never, { action: 'read', resource: 'prediction', each: true, trace: 'entry' }, some as never, undefined, purpose);
    };
    expect([saying('audit').judge({}).allowed, saying('other').judge({}).allowed, saying(null).judge({}).allowed]).toEqual([true, false, false]);
    expect([saying('other').judge({ 'stated-purpose': 'audit' }).allowed, saying('audit').judge({ 'stated-purpose': 'other' }).allowed]).toEqual([true, false]);
    expect(['audit', 'other', null].map((purpose) => sqlText(saying(purpose).rows({})).text)).toEqual(['((((TRUE) IS TRUE)))', '((((FALSE) IS TRUE)))', '((((NULL::boolean) IS TRUE)))']);
  });
});

describe('a caller', () => {
  const READS: Declaration = { action: 'read', resource: 'prediction', each: true, trace: 'none' };
  const callerAs = (asker: Partial<Principal>, declared = READS): Caller => new Caller({ ...AUDITOR, ...asker }, LOG as never, declared, roles, undefined);

  test('has decided when it was asked to, and not before', () => {
    for (const ask of [(caller: Caller) => void caller.decide({}), (caller: Caller) => void caller.judge({}), (caller: Caller) => void caller.rows({}), (caller: Caller) => void caller.decideLater()]) {
      const caller = callerAs({});
      expect(caller.decided).toBe(false);
      ask(caller);
      expect(caller.decided).toBe(true);
    }
  });

  test('is refused where no rule allows it, and says by which', () => {
    const caller = callerAs({ role: 'operator' });
    expect(() => caller.decide({})).toThrow('No rule lets the role operator read a prediction.');
    expect(caller.denial?.rule).toBe('none');
    expect(caller.judge({}).allowed).toBe(false);
    expect(sqlText(caller.rows({})).text).toBe('FALSE');
  });

  test('may do something else only where role and scope have that too', () => {
    expect(callerAs({}).judgeTo('prove', {}).allowed).toBe(true);
    expect(callerAs({}).judgeTo('append', {}).allowed).toBe(false);
    expect(callerAs({ actions: ['read'] }).judgeTo('prove', {})).toMatchObject({ allowed: false, rule: 'scope' });
    expect(callerAs({ models: ['x'] }).judgeAbout('prove', 'prediction', { model: 'y' })).toMatchObject({ allowed: false, rule: 'scope' });
    expect(callerAs({ models: ['x'] }).judgeAbout('read', 'log', {}).allowed).toBe(true);
  });

  test('is of its own tenant, whatever else is said to be known', () => {
    const ofTenant = (tenant: string): Caller => {
      const rules = roleOf(`effect: allow, actions: [read], resources: [prediction], when: { tenant: { eq: ${tenant} } }`);
      const some = { settled: () => undefined, decide: rules.decide.bind(rules) };
      return new Caller(AUDITOR, LOG as never, READS, some as never, undefined);
    };
    expect(ofTenant('ours').judge({ tenant: 'theirs' }).allowed).toBe(true);
    expect(ofTenant('theirs').judge({ tenant: 'theirs' }).allowed).toBe(false);
  });

  test('who asked for something does not agree to it', () => {
    const approves = callerAs({ role: 'privacy-officer' }, { action: 'approve', resource: 'request', each: true, trace: 'none' });
    expect(approves.judge({ requester: 'prn_other', kind: 'erasure' }).allowed).toBe(true);
    for (const requester of ['prn_me', null, undefined]) expect(approves.judge({ requester, kind: 'erasure' })).toMatchObject({ allowed: false, rule: 'two-people' });
  });
});

test('what opens a payload or takes data out leaves an entry; lists are counted', () => {
  const traceOf = (declare: MethodDecorator): string => {
    const handler = (): void => undefined;
    declare({}, 'handler', { value: handler });
    return (Reflect.getMetadata(ACCESS, handler) as Declaration).trace;
  };
  const opening = [
    Access('read', 'prediction'), Access('receive', 'prediction'), Access('replay', 'prediction'), Access('report', 'subject'), Access('detokenize', 'token'), Access('read', 'quarantine'), Access('download', 'evidence'),
  ];
  expect(opening.map(traceOf)).toEqual(opening.map(() => 'entry'));
  expect([traceOf(Access('list', 'prediction')), traceOf(Access('prove', 'prediction'))]).toEqual(['count', 'none']);
});
