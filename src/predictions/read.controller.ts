import { Controller, Get, Header, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import type { ErasedReceipt, Receipt } from '../core/receipt.ts';
import { AccessTrail } from '../access/access-trail.ts';
import { HttpSettings } from '../http/http-settings.ts';
import { readPosted } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';
import { ListQuery } from './list-query.ts';
import { findPrediction } from './find-prediction.ts';
import { openFor } from './open-for.ts';
import { pageLimit } from './page-limit.ts';
import { isSearch, SEARCH_FORM } from './search-form.ts';
import { searchPredictions } from './search-predictions.ts';
import { erasedReceiptOf, proofOf, receiptOf } from './receipt.ts';

/** What was taken in: lists, single records, their receipts and proofs. */
@ApiTags('predictions')
@ApiBearerAuth()
@ApiHeader({ name: 'Stated-Purpose', required: false, description: 'why it is asked, one of the policy’s words: rules may look at it, and it stands in the entry of a read' })
@Controller('v1/predictions')
export class ReadController {
  constructor(
    private readonly http: HttpSettings,
    private readonly trail: AccessTrail,
  ) {}

  @Get()
  @Access('list', 'prediction', { each: true })
  @ApiOperation({ summary: 'List predictions by filter, in keyset pages' })
  @ApiResponse({ status: 200, description: '{items, next}: `next` is the cursor of the following page, absent at the end' })
  async list(@Req() request: FastifyRequest, @Query() query: ListQuery): Promise<object> {
    const caller = callerOf(request);
    const limit = pageLimit(query.limit, this.http.limits.maxPageSize);
    return searchPredictions(caller, query, limit);
  }

  @Post('search')
  @HttpCode(200)
  @Access('list', 'prediction', { each: true })
  @ApiOperation({ summary: 'List predictions by filters that must not stand in a URL: the data subject, for who may know data subjects' })
  @ApiBody({ schema: SEARCH_FORM as object })
  @ApiResponse({ status: 200, description: 'as GET gives it' })
  async search(@Req() request: FastifyRequest): Promise<object> {
    const { limit, ...asked } = readPosted(request, isSearch);
    return searchPredictions(callerOf(request), asked, pageLimit(limit === undefined ? undefined : String(limit), this.http.limits.maxPageSize));
  }

  @Get(':id')
  @Access('read', 'prediction', { each: true })
  @ApiOperation({ summary: 'One prediction with its place in the log, as the caller may see it' })
  @ApiResponse({ status: 200, description: 'fields that the caller may not see are absent from `prediction` and named in `withheld`' })
  async read(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    const found = await findPrediction(callerOf(request), id);
    const { entry, leafHash, payload, fields, rule: reader } = await openFor(callerOf(request), found);
    await this.trail.allowed(callerOf(request), reader, found);
    const { body, principal, rule, contract } = payload;
    const { value, withheld } = fields.of(body);
    const place = { id, index: found.index, time: entry.time, leafHash, principal, rule, contract };
    return { ...place, prediction: value, ...(withheld.length > 0 && { withheld }) };
  }

  @Get(':id/receipt')
  @Access('receive', 'prediction', { each: true })
  @ApiOperation({ summary: 'The receipt: entry, salt, payload and proof; verifies offline. For those who may read every field. Of an erased one: entry, proof, and what erased it' })
  async receipt(@Req() request: FastifyRequest, @Param('id') id: string): Promise<Receipt | ErasedReceipt> {
    const found = await findPrediction(callerOf(request), id);
    const erased = await erasedReceiptOf(found.log, found.index);
    if (erased !== undefined) {
      callerOf(request).traced = true; // it opens no payload: nothing is there to see
      return erased;
    }
    const { readsAll, rule } = await openFor(callerOf(request), found);
    if (!readsAll) throw new Problem('forbidden', 'A receipt opens every field, and a rule withholds some from you: take the proof, which opens none.');
    const receipt = await receiptOf(found.log, found.index);
    await this.trail.allowed(callerOf(request), rule, found);
    return receipt;
  }

  @Get(':id/proof')
  @Access('prove', 'prediction', { each: true })
  @Header('content-type', 'text/plain; charset=utf-8')
  @ApiOperation({ summary: 'The tlog-proof of its entry; opens no payload' })
  async proof(@Req() request: FastifyRequest, @Param('id') id: string): Promise<string> {
    const { log, index } = await findPrediction(callerOf(request), id);
    return proofOf(log, index);
  }
}
