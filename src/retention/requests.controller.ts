import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { idPage, PAGE } from '../http/id-page.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPosted } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';
import { decideRequest } from './decide-request.ts';
import { PageQuery } from './page-query.ts';
import { PrivacyDesk } from './privacy-desk.ts';
import { listRequests, readRequest, type RequestState } from './request-table.ts';
import { knownId, shownRequest } from './shown-request.ts';

const DECISION = { type: 'object', additionalProperties: false, required: ['decision'], properties: { decision: { enum: ['approve', 'reject'] } } } as const;
const isDecision = new OwnSchemas().compile<{ decision: 'approve' | 'reject' }>(DECISION);

/** What waits for a second person, and what became of it. */
@ApiTags('data subjects')
@ApiBearerAuth()
@Controller('v1/requests')
export class RequestsController {
  constructor(private readonly desk: PrivacyDesk) {}

  @Get()
  @Access('list', 'request')
  @ApiOperation({ summary: 'List requests, newest first' })
  @ApiQuery({ name: 'state', required: false, enum: ['pending', 'rejected', 'expired', 'executed'] })
  @ApiResponse({ status: 200, description: '{items, next}: `next` is the cursor of the following page, absent at the end' })
  async list(@Req() request: FastifyRequest, @Query() query: PageQuery): Promise<object> {
    const rows = await listRequests(callerOf(request).log.pool, callerOf(request).log.row.id, {
      state: query.state as RequestState | undefined, behind: query.cursor, limit: PAGE,
    });
    return idPage(rows, PAGE, ({ id }) => id, shownRequest);
  }

  @Get(':id')
  @Access('read', 'request', { each: true })
  @ApiOperation({ summary: 'One request' })
  @ApiParam({ name: 'id' })
  async read(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    const caller = callerOf(request);
    const row = await readRequest(caller.log.pool, caller.log.row.id, knownId(id, 'req'));
    if (row === undefined) throw new Problem('not-found', 'There is no such request.');
    caller.decide({ kind: row.kind, requester: row.requester, time: row.requested.getTime() });
    return shownRequest(row);
  }

  @Post(':id/approvals')
  @HttpCode(200)
  @Access('approve', 'request', { each: true })
  @ApiOperation({ summary: 'The second person’s word: approve, and it is done; or reject' })
  @ApiParam({ name: 'id' })
  @ApiBody({ schema: DECISION as object })
  @ApiResponse({ status: 200, description: '{request}: as it is now; `decision` is the index of the entry that says so' })
  async decide(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    const { decision } = readPosted(request, isDecision);
    return { request: shownRequest(await decideRequest(this.desk, callerOf(request), knownId(id, 'req'), decision)) };
  }
}
