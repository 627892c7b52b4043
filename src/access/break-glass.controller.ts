import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { HttpSettings } from '../http/http-settings.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPosted } from '../http/posted-json.ts';
import { invalidQuery, refuseParameters } from '../http/query-faults.ts';
import { Access, callerOf } from './access.ts';
import { Authenticator } from './authenticator.ts';
import { breakGlass, countUnreviewed, listBreakGlass, type BreakGlassRequest } from './break-glass.ts';
import { CredentialAdministration } from './credential-administration.ts';
import { reviewBreakGlass, type Review } from './review-break-glass.ts';

const PAGE = 100;
const OPEN = {
  type: 'object',
  additionalProperties: false,
  required: ['reason', 'role', 'minutes'],
  properties: { reason: { type: 'string', minLength: 10, maxLength: 1000 }, role: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' }, minutes: { type: 'integer', minimum: 1, maximum: 1440 } },
} as const;
const REVIEW = {
  type: 'object',
  additionalProperties: false,
  required: ['verdict'],
  properties: { verdict: { enum: ['justified', 'not-justified'] }, comment: { type: 'string', minLength: 1, maxLength: 1000 } },
} as const;

const ajv = new OwnSchemas();
const isOpen = ajv.compile<BreakGlassRequest>(OPEN);
const isReview = ajv.compile<Review>(REVIEW);

/** Emergency access: for a time, with a reason, loud, and reviewed by another. */
@ApiTags('access')
@ApiBearerAuth()
@Controller('v1/break-glass')
export class BreakGlassController {
  constructor(
    private readonly administration: CredentialAdministration,
    private readonly authenticator: Authenticator,
    private readonly http: HttpSettings,
  ) {}

  @Post()
  @Access('open', 'break-glass')
  @ApiOperation({ summary: 'Take on a further role for some minutes; it is recorded, said loudly, and has to be reviewed' })
  @ApiBody({ schema: OPEN as object })
  @ApiResponse({ status: 201, description: 'the elevation' })
  async open(@Req() request: FastifyRequest): Promise<object> {
    const caller = callerOf(request);
    const { policy } = this.administration;
    const row = await breakGlass(caller.log.pool, policy, caller, readPosted(request, isOpen));
    this.authenticator.forget(caller.principal);
    this.http.say(`BREAK-GLASS ${row.id}: ${row.principal} acts as ${row.role} until ${row.expires.toISOString()}, by the rule ${row.rule}; entry ${row.opening}`);
    return row;
  }

  @Get()
  @Access('list', 'break-glass')
  @ApiOperation({ summary: 'List elevations, newest first, and how many ended without a review' })
  @ApiQuery({ name: 'cursor', required: false })
  @ApiResponse({ status: 200, description: '{items, unreviewed, next}: `next` is the cursor of the following page, absent at the end' })
  async list(@Req() request: FastifyRequest, @Query() query: Record<string, unknown>): Promise<object> {
    const { cursor, ...others } = query;
    refuseParameters(others);
    if (cursor !== undefined && (typeof cursor !== 'string' || !/^\d{1,15}$/.test(cursor))) throw invalidQuery([{ at: 'cursor', code: 'form', detail: 'is the `next` of the page before' }]);
    const { log } = callerOf(request);
    const items = await listBreakGlass(log.pool, log.row.tenant, cursor === undefined ? undefined : Number(cursor), PAGE);
    const unreviewed = await countUnreviewed(log.pool, log.row.tenant);
    return { items, unreviewed, ...(items.length === PAGE && { next: String(items.at(-1)?.opening) }) };
  }

  @Post(':id/review')
  @HttpCode(200)
  @Access('review', 'break-glass', { each: true })
  @ApiOperation({ summary: 'Another person’s word on an elevation' })
  @ApiParam({ name: 'id' })
  @ApiBody({ schema: REVIEW as object })
  @ApiResponse({ status: 200, description: 'the review' })
  async review(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    return reviewBreakGlass(callerOf(request).log.pool, callerOf(request), id, readPosted(request, isReview));
  }
}
