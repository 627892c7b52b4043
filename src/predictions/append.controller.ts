import { Controller, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiBody, ApiConsumes, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import { BATCH_BODY } from '../http/fastify.ts';
import { HttpSettings } from '../http/http-settings.ts';
import { bodyOf } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';
import { problemOf } from '../http/problem-of.ts';
import { refuseParameters } from '../http/query-faults.ts';
import type { Answer } from '../http/short-way.ts';
import type { Log } from '../ledger/log.ts';
import { appenderOf, type Appender } from './appender.ts';
import { splitArray, splitLines } from './batch-records.ts';
import { PredictionIntake, type Taken } from './intake.ts';
import { IntakeCounter } from './intake-counter.ts';
import { isLines, wantsReceipt } from './posted.ts';
import { PREDICTION_SCHEMA } from './prediction.ts';
import { receiptOf } from './receipt.ts';

const JSON_MEDIA_TYPE = 'application/json; charset=utf-8';

/** Takes predictions in. Bodies come as bytes and answers leave as text: this is the hot path. */
@ApiTags('predictions')
@ApiBearerAuth()
@Controller('v1/predictions')
export class AppendController {
  constructor(
    private readonly http: HttpSettings,
    private readonly counter: IntakeCounter,
    private readonly intake: PredictionIntake,
  ) {}

  @Post()
  @Access('append', 'prediction', { each: true })
  @ApiOperation({ summary: 'Hand in one prediction' })
  @ApiQuery({ name: 'receipt', required: false, enum: ['true'], description: 'give the receipt in the answer' })
  @ApiBody({ schema: PREDICTION_SCHEMA as object })
  @ApiResponse({ status: 201, description: 'taken in, committed with fsync' })
  @ApiResponse({ status: 200, description: 'the same content was taken in before under this id' })
  @ApiResponse({ status: 202, description: '{id, quarantine, status, expires, reasons}: its contract doubts it; it is kept apart, sealed, until somebody decides or it expires' })
  async append(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const caller = callerOf(request);
    const taken = await this.counter.settle(caller, () => this.takeOne(caller, request));
    const receipt = 'index' in taken && wantsReceipt(request.query) ? await receiptOf(taken.log, taken.index) : undefined;
    const { status, text } = answerOf(taken);
    reply
      .status(status)
      .header('content-type', JSON_MEDIA_TYPE)
      .send(receipt === undefined ? text : `${text.slice(0, -1)},"receipt":${JSON.stringify(receipt)}}`);
  }

  /** What the short way answers: the same as `append` of a request without a query. */
  async appendOne(caller: Caller, body: Buffer): Promise<Answer> {
    return answerOf(await this.counter.settle(caller, () => this.intake.take(caller.log, body, appenderOf(caller))));
  }

  @Post('batch')
  @RouteConfig(BATCH_BODY)
  @Access('append', 'prediction', { each: true })
  @ApiOperation({ summary: 'Hand in many predictions; each is taken in or refused by itself, in order' })
  @ApiConsumes('application/x-ndjson', 'application/json')
  @ApiBody({ schema: { type: 'array', items: PREDICTION_SCHEMA as object } })
  @ApiResponse({ status: 200, description: '{results}: for each record, in order, its place in the log or its problem' })
  async appendBatch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const caller = callerOf(request);
    const records = await this.recordsOf(caller, request);
    const by = appenderOf(caller);
    const results = await Promise.all(records.map((record) => this.result(caller.log, by, record)));
    reply.status(200).header('content-type', JSON_MEDIA_TYPE).send(`{"results":[${results.join(',')}]}`);
  }

  /** Counts what was refused before its handler was asked; gives the problem to answer with. */
  refuse(request: FastifyRequest, problem: Problem): Promise<Problem> {
    return this.counter.refuse(callerOf(request), problem);
  }

  private async takeOne(caller: Caller, request: FastifyRequest): Promise<Taken> {
    wantsReceipt(request.query);
    if (isLines(request)) throw new Problem('unsupported-media-type', 'Send one record as application/json, and lines to /v1/predictions/batch.');
    return this.intake.take(caller.log, bodyOf(request), appenderOf(caller));
  }

  /** A batch that cannot be taken apart counts as one record that is refused. */
  private async recordsOf(caller: Caller, request: FastifyRequest): Promise<Buffer[]> {
    const { maxBatchRecords } = this.http.limits;
    try {
      refuseParameters(request.query);
      const body = bodyOf(request);
      return isLines(request) ? splitLines(body, maxBatchRecords) : splitArray(body, maxBatchRecords);
    } catch (error) {
      throw await this.counter.refuse(caller, error);
    }
  }

  private async result(log: Log, by: Appender, record: Buffer): Promise<string> {
    const { maxBodyBytes } = this.http.limits;
    try {
      const taken = await this.counter.settle({ principal: by.principal, log }, () => {
        if (record.length > maxBodyBytes) throw new Problem('body-too-large', `A record is at most ${maxBodyBytes} bytes.`);
        return this.intake.take(log, record, by);
      });
      return `${takenJson(taken)},"status":${statusOf(taken)}}`;
    } catch (error) {
      const problem = problemOf(error, this.http.say);
      return JSON.stringify({ status: problem.status, problem: problem.document() });
    }
  }
}

/** Plain ASCII: places of doubts may hold the sender's keys. */
function answerOf(taken: Taken): Answer {
  if (!('quarantine' in taken)) return { status: statusOf(taken), text: `${takenJson(taken)}}` };
  return { status: 202, text: `${takenJson(taken)},"status":"quarantined"}` };
}

function statusOf(taken: Taken): number {
  if ('quarantine' in taken) return 202;
  return taken.created ? 201 : 200;
}

/** The answer without its closing brace. */
function takenJson(taken: Taken): string {
  if ('quarantine' in taken) {
    const { id, quarantine, expires, reasons } = taken;
    return JSON.stringify({ id, quarantine, expires, reasons }).slice(0, -1).replace(/[\u0080-\uffff]/g, escapeUnit);
  }
  const { id, index, time, leafHash } = taken;
  // Nothing in it needs escaping: ids are plain ASCII.
  return `{"id":"${id}","index":${index},"time":"${time}","leafHash":"${leafHash}"`;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
