import { Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPosted } from '../http/posted-json.ts';
import { refuseParameters } from '../http/query-faults.ts';
import { schedulesOf } from './due.ts';
import { PrivacyDesk } from './privacy-desk.ts';
import { runRetention } from './retention-run.ts';

const RUN = { type: 'object', additionalProperties: false, properties: { dryRun: { type: 'boolean' } } } as const;
const isRun = new OwnSchemas().compile<{ dryRun?: boolean }>(RUN);

/** How long payloads are kept, and what is done when that is over. */
@ApiTags('data subjects')
@ApiBearerAuth()
@Controller('v1/retention')
export class RetentionController {
  constructor(private readonly desk: PrivacyDesk) {}

  @Get()
  @Access('list', 'retention')
  @ApiOperation({ summary: 'The schedules, from the contracts: how long, from when, by which citation' })
  @ApiResponse({ status: 200, description: '{items}: `before` is the entry time at or before which payloads are due now' })
  list(@Req() request: FastifyRequest): object {
    refuseParameters(request.query);
    const { log } = callerOf(request);
    const items = schedulesOf(this.desk.contracts, log.row.tenantName, Date.now()).map(({ contract, before, models, others }) => ({
      contract: contract.id, models, everyOther: others !== undefined, ...contract.file.retention, erasure: contract.file.erasure.mode, before: new Date(before).toISOString(),
    }));
    return { items };
  }

  @Post('runs')
  @HttpCode(200)
  @Access('run', 'retention')
  @ApiOperation({ summary: 'Dispose of what is due, or say what would be' })
  @ApiBody({ schema: RUN as object, required: false })
  @ApiResponse({ status: 200, description: '{run, dryRun, schedules}: for each contract what was due, held, disposed of and sealed anew, and the entries that say so' })
  async run(@Req() request: FastifyRequest): Promise<object> {
    const { dryRun = false } = readPosted(request, isRun);
    const caller = callerOf(request);
    return runRetention(this.desk.contracts, caller.log, caller, { dryRun });
  }
}
