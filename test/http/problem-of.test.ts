import { describe, expect, test } from '@jest/globals';
import { BadRequestException, HttpException, InternalServerErrorException, NotFoundException } from '@nestjs/common';
import pg from 'pg';
import { CoreError } from '../../src/core/core-error.ts';
import { Problem, PROBLEMS, type ProblemCode } from '../../src/http/problem.ts';
import { problemOf } from '../../src/http/problem-of.ts';
import { AppendError } from '../../src/ledger/append-error.ts';
import { VaultError } from '../../src/vault/vault-error.ts';

const SECRET = 'value-of-a-record';

function mapped(error: unknown): { problem: Problem; said: string[] } {
  const said: string[] = [];
  return { problem: problemOf(error, (message) => said.push(message)), said };
}

const coded = (name: string, code: string, more: object = {}): Error => Object.assign(new Error(SECRET), { name, code, ...more });
const databaseError = (code: string): Error => Object.assign(new pg.DatabaseError(SECRET, 1, 'error'), { code });

describe('what somebody foresaw becomes its problem, and is not said to the operator', () => {
  test.each<[string, unknown, ProblemCode]>([
    ['a problem', new Problem('id-taken', 'x'), 'id-taken'],
    ['a full queue', new AppendError('queue-full', 'x', 250), 'queue-full'],
    ['a stopped log', new AppendError('log-stopped', 'x'), 'log-stopped'],
    ['a body that is too large', coded('FastifyError', 'FST_ERR_CTP_BODY_TOO_LARGE', { statusCode: 413 }), 'body-too-large'],
    ['the same, wrapped by Nest', new HttpException(SECRET, 413, { cause: coded('FastifyError', 'FST_ERR_CTP_BODY_TOO_LARGE', { statusCode: 413 }) }), 'body-too-large'],
    ['another content type', coded('FastifyError', 'FST_ERR_CTP_INVALID_MEDIA_TYPE', { statusCode: 415 }), 'unsupported-media-type'],
    ['a bad path', coded('FastifyError', 'FST_ERR_BAD_URL', { statusCode: 400 }), 'bad-request'],
    ['no route', new NotFoundException(SECRET), 'not-found'],
    ['a forbidden file', new HttpException(SECRET, 403), 'not-found'],
    ['another refusal of the framework', new HttpException(SECRET, 418), 'bad-request'],
    ['a bad request', new BadRequestException(SECRET), 'bad-request'],
    ['a body that was cut off', coded('Error', 'ECONNRESET', { statusCode: 400 }), 'bad-request'],
    ['a full disk', databaseError('53100'), 'storage-full'],
    ['a read-only standby', databaseError('25006'), 'database-unavailable'],
    ['a database that is starting', databaseError('57P03'), 'database-unavailable'],
    ['a database that is away', coded('Error', 'ECONNREFUSED'), 'database-unavailable'],
  ])('%s', (_what, error, code) => {
    const { problem, said } = mapped(error);
    expect(problem.code).toBe(code);
    expect(said).toEqual([]);
    if (!(error instanceof Problem || error instanceof AppendError)) expect(JSON.stringify(problem.document())).not.toContain(SECRET);
  });

  test('the time to come back is kept', () => {
    expect(mapped(new AppendError('queue-full', 'x', 250)).problem.retryAfterMs).toBe(250);
    expect(mapped(databaseError('57P03')).problem.retryAfterMs).toBe(1000);
  });
});

describe('what nobody foresaw is an incident', () => {
  test.each<[string, unknown, ProblemCode]>([
    ['an error', new Error(SECRET), 'internal'],
    ['a type error', new TypeError(SECRET), 'internal'],
    ['a failure of the framework', new InternalServerErrorException(SECRET), 'internal'],
    ['a fault of ours in SQL', databaseError('42601'), 'internal'],
    ['a constraint', databaseError('23505'), 'internal'],
    ['no error at all', SECRET, 'internal'],
    ['nothing', undefined, 'internal'],
    ['entries that do not verify', new CoreError('bundle-malformed', SECRET), 'not-verifiable'],
    ['a payload that does not open', new VaultError('payload-unreadable', SECRET), 'not-verifiable'],
  ])('%s: a number for the caller, the cause for the operator under the same number', (_what, error, code) => {
    const { problem, said } = mapped(error);
    expect([problem.code, problem.status]).toEqual([code, 500]);
    const [incident] = /[0-9a-f-]{36}/.exec(problem.message) ?? [];
    expect(incident).toBeDefined();
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`incident ${incident}`);
    expect(JSON.stringify(problem.document())).not.toContain(SECRET);
  });
});

describe('a problem document', () => {
  test.each(Object.keys(PROBLEMS) as ProblemCode[])('%s is RFC 9457, with a stable code', (code) => {
    const document = new Problem(code, 'detail', { errors: [{ at: '/id', code: 'x', detail: 'y' }] }).document();
    expect(document).toEqual({
      type: `urn:prediction-ledger:problem:${code}`, title: PROBLEMS[code][1], status: PROBLEMS[code][0], code, detail: 'detail', errors: [{ at: '/id', code: 'x', detail: 'y' }],
    });
    expect(new Problem(code, 'detail').document()).not.toHaveProperty('errors');
  });
});
