import { Controller, Get, Header, Param, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { parsePayload } from '../core/payload.ts';
import type { Receipt } from '../core/receipt.ts';
import { HttpSettings } from '../http/http-settings.ts';
import { Problem } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import { ListQuery } from './list-query.ts';
import { openEntry, payloadMissing } from './open-entry.ts';
import { pageLimit } from './page-limit.ts';
import { PredictionTable } from './prediction-table.ts';
import { proofOf, receiptOf } from './receipt.ts';

/** What was taken in: lists, single records, their receipts and proofs. */
@ApiTags('predictions')
@ApiBearerAuth()
@Controller('v1/predictions')
export class ReadController {
  constructor(
    private readonly table: PredictionTable,
    private readonly http: HttpSettings,
  ) {}

  @Get()
  @Access('list', 'prediction')
  @ApiOperation({ summary: 'List predictions by filter, in keyset pages' })
  @ApiResponse({ status: 200, description: '{items, next}: `next` is the cursor of the following page, absent at the end' })
  async list(@Req() request: FastifyRequest, @Query() query: ListQuery): Promise<object> {
    const { log } = callerOf(request);
    const limit = pageLimit(query.limit, this.http.limits.maxPageSize);
    const filter = {
      model: query.model,
      version: query.version,
      outcome: query.decision,
      deployment: query.deployment,
      from: query.from === undefined ? undefined : Date.parse(query.from),
      to: query.to === undefined ? undefined : Date.parse(query.to),
    };
    const cursor = query.cursor === undefined ? undefined : Number(query.cursor);
    const { rows, next } = await this.table.page(log.row.id, filter, query.order ?? 'desc', cursor, limit);
    const items = rows.map(({ deployment, time, ...row }) => ({
      ...row,
      time: new Date(time).toISOString(),
      ...(deployment !== null && { deployment }),
    }));
    return { items, ...(next !== undefined && { next: String(next) }) };
  }

  @Get(':id')
  @Access('read', 'prediction')
  @ApiOperation({ summary: 'One prediction with its place in the log' })
  async read(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    const { log, index } = await this.find(request, id);
    const { entry, leafHash, opening } = await openEntry(log, index);
    if (opening === undefined) throw payloadMissing(index);
    const { body, principal, rule, contract } = parsePayload(Buffer.from(opening.payload).toString('utf8'));
    return { id, index, time: entry.time, leafHash, principal, rule, contract, prediction: body };
  }

  @Get(':id/receipt')
  @Access('receive', 'prediction')
  @ApiOperation({ summary: 'The receipt: entry, salt, payload and proof; verifies offline' })
  async receipt(@Req() request: FastifyRequest, @Param('id') id: string): Promise<Receipt> {
    const { log, index } = await this.find(request, id);
    return receiptOf(log, index);
  }

  @Get(':id/proof')
  @Access('prove', 'prediction')
  @Header('content-type', 'text/plain; charset=utf-8')
  @ApiOperation({ summary: 'The tlog-proof of its entry; opens no payload' })
  async proof(@Req() request: FastifyRequest, @Param('id') id: string): Promise<string> {
    const { log, index } = await this.find(request, id);
    return proofOf(log, index);
  }

  /** Where a prediction stands: in the caller's log, or in one that it succeeds. */
  private async find(request: FastifyRequest, id: string): Promise<{ log: Log; index: number }> {
    if (id.length <= 128 && !id.includes('\0')) {
      for (const log of callerOf(request).log.succession) {
        const index = await this.table.indexOf(log.row.id, id);
        if (index !== undefined) return { log, index };
      }
    }
    throw new Problem('not-found', 'The log holds no prediction of that id.');
  }
}
