import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { readPosted } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';
import { invalidQuery, refuseParameters } from '../http/query-faults.ts';
import { Access, callerOf } from './access.ts';
import { Authenticator } from './authenticator.ts';
import { listPeople, revokePerson } from './revoke-person.ts';
import { isRevocation, REVOCATION_SCHEMA } from './revoke-key.ts';

const PAGE = 100;

/** Those who have come by an identity provider, by their principals: who they are stands nowhere here. */
@ApiTags('access')
@ApiBearerAuth()
@Controller('v1/people')
export class PeopleController {
  constructor(
    private readonly authenticator: Authenticator,
  ) {}

  @Get()
  @Access('list', 'person')
  @ApiOperation({ summary: 'List the principals of people, by provider' })
  @ApiQuery({ name: 'cursor', required: false })
  @ApiResponse({ status: 200, description: '{items, next}: `next` is the cursor of the following page, absent at the end' })
  async list(@Req() request: FastifyRequest, @Query() query: Record<string, unknown>): Promise<object> {
    const { cursor, ...others } = query;
    refuseParameters(others);
    if (cursor !== undefined && (typeof cursor !== 'string' || !/^prn_[0-9a-f]{24}$/.test(cursor))) throw invalidQuery([{ at: 'cursor', code: 'form', detail: 'is the `next` of the page before' }]);
    const { log } = callerOf(request);
    const items = await listPeople(log.pool, log.row.tenant, cursor, PAGE);
    return { items, ...(items.length === PAGE && { next: items.at(-1)?.principal }) };
  }

  @Post(':principal/revoke')
  @HttpCode(200)
  @Access('revoke', 'person')
  @ApiOperation({ summary: 'Lock a person out for good, whatever the identity provider says' })
  @ApiParam({ name: 'principal' })
  @ApiBody({ schema: REVOCATION_SCHEMA as object })
  @ApiResponse({ status: 200, description: 'the principal as it is now' })
  async revoke(@Req() request: FastifyRequest, @Param('principal') principal: string): Promise<object> {
    const { reason } = readPosted(request, isRevocation);
    if (!/^prn_[0-9a-f]{24}$/.test(principal)) throw new Problem('not-found', 'There is no such person.');
    try {
      return await revokePerson(callerOf(request).log.pool, callerOf(request), principal, reason);
    } finally {
      this.authenticator.forget(principal);
    }
  }
}
