import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { HttpSettings } from '../http/http-settings.ts';
import { pageLimit } from './page-limit.ts';
import { IntakeTotalsTable } from './intake-totals-table.ts';
import { TotalsQuery } from './totals-query.ts';

/** What became of all that was received. */
@ApiTags('predictions')
@ApiBearerAuth()
@Controller('v1/intake-totals')
export class IntakeTotalsController {
  constructor(private readonly http: HttpSettings) {}

  @Get()
  @Access('read', 'totals')
  @ApiOperation({ summary: 'received = accepted + refused + quarantined + duplicate, by producer and minute' })
  @ApiResponse({
    status: 200,
    description:
      '{sums, items, next, unsealed}: `sums` of the whole window; `items`, its sealed periods, oldest first, each with the `index` of the entry that proves it; `next`, the cursor of the following page; `unsealed`, what came in since',
  })
  async totals(@Req() request: FastifyRequest, @Query() query: TotalsQuery): Promise<object> {
    const { log } = callerOf(request);
    const filter = {
      from: query.from === undefined ? undefined : Date.parse(query.from),
      to: query.to === undefined ? undefined : Date.parse(query.to),
      producer: query.producer,
    };
    const table = new IntakeTotalsTable(log.pool);
    const limit = pageLimit(query.limit, this.http.limits.maxPageSize);
    const [sums, { items, next }, unsealed] = await Promise.all([
      table.sums(log.row.id, filter),
      table.page(log.row.id, filter, Number(query.cursor ?? 0), limit),
      table.unsealed(log, query.producer),
    ]);
    return { sums, items, ...(next !== undefined && { next: String(next) }), unsealed };
  }
}
