import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { readPosted } from '../http/posted-json.ts';
import { refuseParameters } from '../http/query-faults.ts';
import { certificateOf } from './certificate.ts';
import { ERASURE_FORM, isErasureForm } from './erasure-form.ts';
import { PrivacyDesk } from './privacy-desk.ts';
import { requestErasure } from './request-erasure.ts';
import { knownId, shownRequest } from './shown-request.ts';

/** What a data subject asks for. References travel in bodies, never in URLs. */
@ApiTags('data subjects')
@ApiBearerAuth()
@Controller('v1/subjects/erasures')
export class SubjectsController {
  constructor(private readonly desk: PrivacyDesk) {}

  @Post()
  @HttpCode(202)
  @Access('erase', 'subject')
  @ApiOperation({ summary: 'Ask for the erasure of a data subject; a second person has to agree' })
  @ApiBody({ schema: ERASURE_FORM as object })
  @ApiResponse({ status: 202, description: '{request}: the same whether or not anything is held of the subject' })
  async erase(@Req() request: FastifyRequest): Promise<object> {
    const caller = callerOf(request);
    const form = readPosted(request, isErasureForm);
    return { request: shownRequest(await requestErasure(this.desk.policy, caller, form)) };
  }

  @Get(':id/certificate')
  @Access('read', 'subject')
  @ApiOperation({ summary: 'The certificate of an erasure, by its request: verifies offline, and says from when on it is irrecoverable' })
  @ApiParam({ name: 'id' })
  async certificate(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    refuseParameters(request.query);
    return certificateOf(callerOf(request).log, knownId(id, 'req'));
  }
}
