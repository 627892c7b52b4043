import { expect, test } from '@jest/globals';
import type { Credential, Refusal } from '../../src/access/find-credential.ts';
import { FRESH_MS, KnownCredentials } from '../../src/access/known-credentials.ts';

const CREDENTIAL: Credential = { principal: { id: 'prn_me', role: 'auditor', tenant: 1, method: 'api-key', prefix: 'pl_00000000', issuedBy: 'system', elevations: [] }, lastsMs: Infinity };
const made = (): KnownCredentials => new KnownCredentials(() => ({}) as never);
const found = (lastsMs = Infinity) => (): Promise<Credential | Refusal> => Promise.resolve({ ...CREDENTIAL, lastsMs });

test('what was found good is believed for five seconds, and no longer than it lasts', async () => {
  const known = made();
  const began = performance.now();
  await known.lookUp('a', found());
  await known.lookUp('b', found(100));
  await known.lookUp('c', found(-1));
  const ended = performance.now();
  expect([known.get('a', began)?.principal.id, known.get('b', began)?.principal.id, known.get('c', began)]).toEqual(['prn_me', 'prn_me', undefined]);
  expect([known.get('a', ended + FRESH_MS), known.get('b', ended + 100), known.get('none', began)]).toEqual([undefined, undefined, undefined]);
});

test('what is refused is believed no more, and what was changed here is not brought back by a look-up from before', async () => {
  const known = made();
  await known.lookUp('a', found());
  await known.lookUp('a', () => Promise.resolve({ prefix: 'pl_00000000', reason: 'revoked' }));
  expect(known.get('a', 0)).toBeUndefined();
  let answer: (credential: Credential) => void = () => undefined;
  const running = known.lookUp('a', () => new Promise((done) => void (answer = done)));
  known.forget('prn_me');
  answer(CREDENTIAL);
  await running;
  expect(known.get('a', performance.now())).toBeUndefined();
  await known.lookUp('a', found());
  expect(known.get('a', performance.now())?.principal.id).toBe('prn_me');
  known.forget('pl_00000000');
  expect(known.get('a', performance.now())).toBeUndefined();
});
