import { Readable } from 'node:stream';
import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { readPosted } from '../http/posted-json.ts';
import { Affected } from './affected.ts';
import { AFFECTED_FORM, isAffectedForm } from './cause.ts';

const EXPORT_PAGE = 1000;

/** The other way: which predictions, and which people, one cause touched. */
@ApiTags('lineage')
@ApiBearerAuth()
@Controller('v1/lineage')
export class AffectedController {
  @Post('affected')
  @HttpCode(200)
  @Access('list', 'prediction', { each: true })
  @ApiOperation({ summary: 'Predictions that one cause touched: a data set, a model version, a feature view, a commit, a policy, or a prediction that they were made from' })
  @ApiBody({ schema: AFFECTED_FORM as object })
  @ApiResponse({ status: 200, description: '{count, items, next}; with `Accept: application/x-ndjson` all of it, a prediction a line. `count` stands on the first page' })
  async affected(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const caller = callerOf(request);
    caller.decideLater();
    const form = readPosted(request, isAffectedForm);
    if (request.headers.accept?.includes('application/x-ndjson') === true) {
      const affected = new Affected(caller, { ...form, limit: EXPORT_PAGE });
      reply.header('content-type', 'application/x-ndjson; charset=utf-8').send(Readable.from(lines(affected)));
      return;
    }
    const affected = new Affected(caller, form);
    const [page, count] = [await affected.page(), form.cursor === undefined ? await affected.count() : undefined];
    reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify({ ...(count !== undefined && { count }), ...page }));
  }
}

/** Asked for a page at a time, as fast as it is taken. */
async function* lines(affected: Affected): AsyncGenerator<string> {
  for (let cursor: string | undefined; ; ) {
    const { items, next } = await affected.page(cursor);
    if (items.length > 0) yield items.map((item) => `${JSON.stringify(item)}\n`).join('');
    if (next === undefined) return;
    cursor = next;
  }
}
