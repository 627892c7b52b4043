import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, callerOf, type Caller } from '../access/access.ts';
import { HttpSettings } from '../http/http-settings.ts';
import { problemOf } from '../http/problem-of.ts';
import { splitArray, splitLines } from './batch-records.ts';
import { takeIn, type Accepted } from './intake.ts';
import { PREDICTION_SCHEMA } from './prediction.ts';
import { receiptOf } from './receipt.ts';

const JSON_MEDIA_TYPE = 'application/json; charset=utf-8';

/** Takes predictions in. Bodies come as bytes and answers leave as text: this is the hot path. */
@ApiTags('predictions')
@ApiBearerAuth()
@Controller('v1/predictions')
export class AppendController {
  constructor(private readonly http: HttpSettings) {}

  @Post()
  @Access('append', 'prediction')
  @ApiOperation({ summary: 'Hand in one prediction' })
  @ApiQuery({ name: 'receipt', required: false, enum: ['true'], description: 'give the receipt in the answer' })
  @ApiBody({ schema: PREDICTION_SCHEMA as object })
  @ApiResponse({ status: 201, description: 'taken in, committed with fsync' })
  @ApiResponse({ status: 200, description: 'the same content was taken in before under this id' })
  async append(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const caller = callerOf(request);
    const accepted = await takeIn(caller.log, request.body as Buffer, caller, this.http.limits.maxDepth);
    const wantsReceipt = (request.query as { receipt?: string }).receipt === 'true';
    const receipt = wantsReceipt ? await receiptOf(accepted.log, accepted.index) : undefined;
    reply
      .status(accepted.created ? 201 : 200)
      .header('content-type', JSON_MEDIA_TYPE)
      .send(receipt === undefined ? `${acceptedJson(accepted)}}` : `${acceptedJson(accepted)},"receipt":${JSON.stringify(receipt)}}`);
  }

  @Post('batch')
  @Access('append', 'prediction')
  @ApiOperation({ summary: 'Hand in many predictions; each is taken in or refused by itself, in order' })
  @ApiResponse({ status: 200, description: 'one result a record, in order' })
  async appendBatch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const caller = callerOf(request);
    const body = request.body as Buffer;
    const { maxBatchRecords } = this.http.limits;
    const isLines = request.headers['content-type']?.includes('ndjson') === true;
    const records = isLines ? splitLines(body, maxBatchRecords) : splitArray(body, maxBatchRecords);
    const results = await Promise.all(records.map((record) => this.result(caller, record)));
    reply.status(200).header('content-type', JSON_MEDIA_TYPE).send(`{"results":[${results.join(',')}]}`);
  }

  private async result(caller: Caller, record: Buffer): Promise<string> {
    try {
      const accepted = await takeIn(caller.log, record, caller, this.http.limits.maxDepth);
      return `${acceptedJson(accepted)},"status":${accepted.created ? 201 : 200}}`;
    } catch (error) {
      const problem = problemOf(error, this.http.say);
      return JSON.stringify({ status: problem.status, problem: problem.document() });
    }
  }
}

/** The answer without its closing brace. Nothing in it needs escaping: ids are plain ASCII. */
function acceptedJson({ id, index, time, leafHash }: Accepted): string {
  return `{"id":"${id}","index":${index},"time":"${new Date(time).toISOString()}","leafHash":"${leafHash}"`;
}

