import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { idPage, PAGE, readIdCursor } from '../http/id-page.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPosted } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';
import { Access, callerOf } from './access.ts';
import { hasPrefixForm, type IssuedKey, type NewCredential } from './api-key.ts';
import { Authenticator } from './authenticator.ts';
import { ACTIONS } from './catalogue.ts';
import { CredentialAdministration } from './credential-administration.ts';
import { issueKey, type KeyRequest } from './issue-key.ts';
import { listKeys, scopeOf, type KeyRow } from './key-table.ts';
import { registerCertificate, type CertificateRequest } from './register-certificate.ts';
import { isRevocation, revokeKey, REVOCATION_SCHEMA } from './revoke-key.ts';
import { rotateKey } from './rotate-key.ts';

const MAX_OVERLAP_MINUTES = 30 * 24 * 60;
const DEFAULT_OVERLAP_MINUTES = 24 * 60;

// A label is read by people and kept in the log for good: a word for a machine or a purpose, with no room for a name,
// an address or a number that stands for somebody.
const LABEL = { type: 'string', maxLength: 63, pattern: '^[a-z0-9][a-z0-9._-]*$', not: { pattern: '([0-9][^0-9]*){9}' } } as const;
const SCOPE = {
  type: 'object',
  additionalProperties: false,
  properties: {
    actions: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: ACTIONS } },
    models: { type: 'array', minItems: 1, maxItems: 100, uniqueItems: true, items: { type: 'string', minLength: 1, maxLength: 128 } },
  },
} as const;
const TERMS = { role: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' }, label: LABEL, days: { type: 'integer', minimum: 1, maximum: 3660 }, scope: SCOPE } as const;
const ISSUE = { type: 'object', additionalProperties: false, required: ['role'], properties: TERMS } as const;
const ROTATE = { type: 'object', additionalProperties: false, properties: { overlapMinutes: { type: 'integer', minimum: 0, maximum: MAX_OVERLAP_MINUTES } } } as const;

const REGISTER = {
  type: 'object',
  additionalProperties: false,
  required: ['role', 'certificate', 'proof'],
  properties: { ...TERMS, certificate: { type: 'string', maxLength: 10_000 }, proof: { type: 'string', maxLength: 2000, pattern: '^[A-Za-z0-9+/]+={0,2}$' } },
} as const;

const ajv = new OwnSchemas();
const isIssue = ajv.compile<KeyRequest>(ISSUE);
const isRegister = ajv.compile<CertificateRequest>(REGISTER);
const isRotate = ajv.compile<{ overlapMinutes?: number }>(ROTATE);

/** The life of the tenant's own keys. A key is shown once, when it is made. */
@ApiTags('access')
@ApiBearerAuth()
@Controller('v1/keys')
export class KeysController {
  constructor(
    private readonly administration: CredentialAdministration,
    private readonly authenticator: Authenticator,
  ) {}

  @Post()
  @Access('issue', 'key', { each: true })
  @ApiOperation({ summary: 'Issue a key of a role, narrowed by a scope; shown this once' })
  @ApiBody({ schema: ISSUE as object })
  @ApiResponse({ status: 201, description: 'the key' })
  async issue(@Req() request: FastifyRequest): Promise<object> {
    const caller = callerOf(request);
    return issued(await issueKey(caller.log.pool, this.administration.policy, caller, readPosted(request, isIssue)));
  }

  @Post('certificates')
  @Access('issue', 'key', { each: true })
  @ApiOperation({ summary: 'Let a client certificate stand for a new principal; its key signs that it agrees' })
  @ApiBody({ schema: REGISTER as object })
  @ApiResponse({ status: 201, description: 'the credential' })
  async register(@Req() request: FastifyRequest): Promise<object> {
    return described(await registerCertificate(this.administration, callerOf(request), readPosted(request, isRegister)));
  }

  @Get()
  @Access('list', 'key')
  @ApiOperation({ summary: 'List keys, newest first: prefix, principal, role, scope, and when each was made, used and ended' })
  @ApiQuery({ name: 'cursor', required: false })
  @ApiResponse({ status: 200, description: '{items, next}: `next` is the cursor of the following page, absent at the end' })
  async list(@Req() request: FastifyRequest, @Query() query: Record<string, unknown>): Promise<object> {
    const cursor = readIdCursor(query, /^(pl|crt)_[0-9a-f]{8}$/);
    const { log } = callerOf(request);
    return idPage(await listKeys(log.pool, log.row.tenant, cursor, PAGE), PAGE, ({ prefix }) => prefix, listed);
  }

  @Post(':prefix/rotate')
  @Access('rotate', 'key', { each: true })
  @ApiOperation({ summary: 'Put a new key beside an old one, for the same principal; the old one ends after the overlap' })
  @ApiParam({ name: 'prefix' })
  @ApiBody({ schema: ROTATE as object, required: false })
  @ApiResponse({ status: 201, description: 'the new key' })
  async rotate(@Req() request: FastifyRequest, @Param('prefix') prefix: string): Promise<object> {
    const { overlapMinutes = DEFAULT_OVERLAP_MINUTES } = readPosted(request, isRotate);
    const caller = callerOf(request);
    const { key, overlapUntil } = await rotateKey(caller.log.pool, this.administration.policy, caller, known(prefix), overlapMinutes);
    this.authenticator.forget(key.principal);
    return { ...issued(key), from: prefix, overlapUntil: overlapUntil.toISOString() };
  }

  @Post(':prefix/revoke')
  @HttpCode(200)
  @Access('revoke', 'key', { each: true })
  @ApiOperation({ summary: 'End a key: here at once, on every replica within 5 s' })
  @ApiParam({ name: 'prefix' })
  @ApiBody({ schema: REVOCATION_SCHEMA as object })
  @ApiResponse({ status: 200, description: 'the key as it is now' })
  async revoke(@Req() request: FastifyRequest, @Param('prefix') prefix: string): Promise<object> {
    const { reason } = readPosted(request, isRevocation);
    const caller = callerOf(request);
    try {
      return listed(await revokeKey(caller.log.pool, caller, known(prefix), reason));
    } finally {
      // Whether or not the log took the entry, the key is to be good no longer.
      this.authenticator.forget(prefix);
    }
  }
}

/** A malformed prefix is one that nobody has: it is told nothing else. @throws Problem `not-found` */
function known(prefix: string): string {
  if (!hasPrefixForm(prefix)) throw new Problem('not-found', 'There is no such key.');
  return prefix;
}

function issued({ key, ...credential }: IssuedKey): object {
  return { key, ...described(credential) };
}

function described({ prefix, principal, role, terms }: NewCredential): object {
  return { prefix, principal, role, label: terms.label ?? null, scope: terms.scope ?? {}, expires: terms.expires ?? null };
}

function listed({ prefix, principal, role, label, issuedBy, created, expires, lastUsed, revoked, successor, ...row }: KeyRow): object {
  const at = (time: Date | null): string | null => time?.toISOString() ?? null;
  return { prefix, principal, role, label, scope: scopeOf(row), issuedBy, created: at(created), expires: at(expires), lastUsed: at(lastUsed), revoked: at(revoked), successor };
}
