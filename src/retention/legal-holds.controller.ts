import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { idPage, PAGE, readIdCursor } from '../http/id-page.ts';
import { readPosted } from '../http/posted-json.ts';
import { HOLD_FORM, isHoldForm, isReleaseForm, placeHold, RELEASE_FORM, requestRelease } from './legal-holds.ts';
import { listHolds } from './legal-hold-table.ts';
import { PrivacyDesk } from './privacy-desk.ts';
import { knownId, shownHold, shownRequest } from './shown-request.ts';


/** What must be kept, whoever asks for its erasure. */
@ApiTags('data subjects')
@ApiBearerAuth()
@Controller('v1/legal-holds')
export class LegalHoldsController {
  constructor(private readonly desk: PrivacyDesk) {}

  @Post()
  @Access('place', 'legal-hold')
  @ApiOperation({ summary: 'Place a legal hold on a data subject, on models, or on a window of time' })
  @ApiBody({ schema: HOLD_FORM as object })
  @ApiResponse({ status: 201, description: 'in force from its entry on' })
  async place(@Req() request: FastifyRequest): Promise<object> {
    return shownHold(await placeHold(callerOf(request), readPosted(request, isHoldForm)));
  }

  @Get()
  @Access('list', 'legal-hold')
  @ApiOperation({ summary: 'List legal holds, newest first' })
  @ApiQuery({ name: 'cursor', required: false })
  @ApiResponse({ status: 200, description: '{items, next}: `next` is the cursor of the following page, absent at the end' })
  async list(@Req() request: FastifyRequest, @Query() query: Record<string, unknown>): Promise<object> {
    const cursor = readIdCursor(query, /^hold_[0-9a-f]{24}$/);
    const { log } = callerOf(request);
    return idPage(await listHolds(log.pool, log.succession.map(({ row }) => row.id), cursor, PAGE), PAGE, ({ id }) => id, shownHold);
  }

  @Post(':id/release')
  @HttpCode(202)
  @Access('release', 'legal-hold', { each: true })
  @ApiOperation({ summary: 'Ask for a legal hold’s release; a second person has to agree' })
  @ApiParam({ name: 'id' })
  @ApiBody({ schema: RELEASE_FORM as object })
  @ApiResponse({ status: 202, description: '{request}' })
  async release(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    const { reason } = readPosted(request, isReleaseForm);
    return { request: shownRequest(await requestRelease(this.desk, callerOf(request), knownId(id, 'hold'), reason)) };
  }
}
