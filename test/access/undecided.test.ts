import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import { Caller } from '../../src/access/caller.ts';
import { Roles } from '../../src/access/roles.ts';
import { refuseUndecided } from '../../src/access/undecided.ts';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';
import { fileURLToPath } from 'node:url';

let server: FastifyInstance;
let url: string;
const said: string[] = [];
beforeAll(async () => {
  const roles = new Roles(await PolicyBundle.read(fileURLToPath(new URL('../../policies', import.meta.url))));
  server = fastify();
  refuseUndecided(server, (message) => said.push(message));
  server.addHook('onRequest', (request, _reply, done) => {
    const log = { row: { tenantName: 't' } } as never;
    request.caller = new Caller({ id: 'prn_x', role: 'privacy-officer' } as never, log, { action: 'detokenize', resource: 'token', each: true, trace: 'none' }, roles, undefined);
    done();
  });
  server.get('/forgets', () => ({ secret: 1 }));
  server.get('/decides', (request) => ({ allowed: request.caller?.decide({ 'stated-purpose': 'dispute' }).rule }));
  server.get('/later', (request) => ({ later: typeof request.caller?.decideLater() }));
  server.get('/fails', (_request, reply) => reply.status(404).send({ code: 'not-found' }));
  url = await server.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => server.close());

test('an answer without a decision is held back, and said aloud', async () => {
  const response = await fetch(`${url}/forgets`);
  expect(response.status).toBe(500);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect(await response.text()).not.toContain('secret');
  expect(said).toEqual(['a route that declares detokenize token answered without a decision; the answer was held back']);
});

test('an answer with a decision leaves, and so does a refusal', async () => {
  expect(await (await fetch(`${url}/decides`)).json()).toEqual({ allowed: 'privacy-officer-detokenizes' });
  expect((await fetch(`${url}/later`)).status).toBe(200);
  expect((await fetch(`${url}/fails`)).status).toBe(404);
});
