import { Controller, Get, HttpCode, Post, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { Problem } from '../http/problem.ts';
import { invalidQuery, refuseParameters } from '../http/query-faults.ts';
import { EndsEpochs } from './ends-epochs.ts';
import { EpochEndingError } from './epoch-ending-error.ts';
import { listEpochs } from './list-epochs.ts';

const PAGE = 100;

/** Epochs of the keys under which a log's data keys are wrapped. */
@ApiTags('keys of data')
@ApiBearerAuth()
@Controller('v1/key-epochs')
export class KeyEpochsController {
  constructor(private readonly epochs: EndsEpochs) {}

  @Get()
  @Access('list', 'key-epoch')
  @ApiOperation({ summary: 'List the epochs of the log’s keys, newest first' })
  @ApiQuery({ name: 'cursor', required: false })
  @ApiResponse({
    status: 200,
    description: '{items, next}: what was erased in an epoch whose `state` is `ended` is irrecoverable; `endedIndex` is the entry that says so. `next` is the cursor of the following page, absent at the end',
  })
  async list(@Req() request: FastifyRequest, @Query() query: Record<string, unknown>): Promise<object> {
    const { cursor, ...others } = query;
    refuseParameters(others);
    if (cursor !== undefined && (typeof cursor !== 'string' || !/^[1-9]\d{0,8}$/.test(cursor))) throw invalidQuery([{ at: 'cursor', code: 'form', detail: 'is the `next` of the page before' }]);
    const before = cursor === undefined ? undefined : Number(cursor);
    const items = await listEpochs(callerOf(request).log.pool, callerOf(request).log.row.id, { before, limit: PAGE });
    return { items, ...(items.length === PAGE && { next: String(items.at(-1)?.number) }) };
  }

  @Post()
  @HttpCode(200)
  @Access('end', 'key-epoch')
  @ApiOperation({ summary: 'End the open epoch now: what was erased is irrecoverable when this answers' })
  @ApiResponse({ status: 200, description: '{items}: the epochs of the log’s keys, newest first; the second one is the one that has ended' })
  async end(@Req() request: FastifyRequest): Promise<object> {
    const caller = callerOf(request);
    try {
      await this.epochs.end(caller.log, caller);
    } catch (error) {
      if (error instanceof EpochEndingError) throw new Problem('epoch-ending', error.message, { retryAfterMs: 10_000 });
      throw error;
    }
    return { items: await listEpochs(caller.log.pool, caller.log.row.id, { before: undefined, limit: PAGE }) };
  }
}
