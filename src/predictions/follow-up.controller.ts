import { Controller, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { formFaults } from '../http/form-faults.ts';
import { bodyOf, readJson } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';
import { findPrediction } from './find-prediction.ts';
import { FOLLOW_UP_SCHEMAS, IS_FOLLOW_UP, type FollowUpKind } from './follow-up.ts';
import { wantsReceipt } from './posted.ts';
import { receiptOf } from './receipt.ts';
import { FollowUpDesk } from './record-follow-up.ts';

const CREATED = { status: 201, description: '{id, prediction, index, time, leafHash}: committed with fsync; `?receipt=true` gives the receipt too' };
const AGAIN = { status: 200, description: 'the same content was taken in before under this id' };
const GONE = { status: 410, description: 'the prediction was erased' };

/** What is told of a prediction after it: what turned out to be true, a person's review, a correction. */
@ApiTags('predictions')
@ApiBearerAuth()
@Controller('v1/predictions')
export class FollowUpController {
  constructor(private readonly desk: FollowUpDesk) {}

  @Post(':id/outcomes')
  @Access('record-outcome', 'prediction', { each: true })
  @ApiOperation({ summary: 'Tell what turned out to be true of what was predicted' })
  @ApiParam({ name: 'id' })
  @ApiQuery({ name: 'receipt', required: false, enum: ['true'] })
  @ApiBody({ schema: FOLLOW_UP_SCHEMAS.outcome as object })
  @ApiResponse(CREATED)
  @ApiResponse(AGAIN)
  @ApiResponse(GONE)
  outcome(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply, @Param('id') id: string): Promise<object> {
    return this.record(request, reply, id, 'outcome');
  }

  @Post(':id/reviews')
  @Access('review', 'prediction', { each: true })
  @ApiOperation({ summary: 'A person looked at the decision again, and upholds it, overrides it or refers it to another' })
  @ApiParam({ name: 'id' })
  @ApiQuery({ name: 'receipt', required: false, enum: ['true'] })
  @ApiBody({ schema: FOLLOW_UP_SCHEMAS.review as object })
  @ApiResponse(CREATED)
  @ApiResponse(AGAIN)
  @ApiResponse(GONE)
  review(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply, @Param('id') id: string): Promise<object> {
    return this.record(request, reply, id, 'review');
  }

  @Post(':id/corrections')
  @Access('correct', 'prediction', { each: true })
  @ApiOperation({ summary: 'Say what was handed in wrong: the prediction stays as it is, and the correction supersedes it' })
  @ApiParam({ name: 'id' })
  @ApiQuery({ name: 'receipt', required: false, enum: ['true'] })
  @ApiBody({ schema: FOLLOW_UP_SCHEMAS.correction as object })
  @ApiResponse(CREATED)
  @ApiResponse(AGAIN)
  @ApiResponse(GONE)
  correction(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply, @Param('id') id: string): Promise<object> {
    return this.record(request, reply, id, 'correction');
  }

  private async record(request: FastifyRequest, reply: FastifyReply, predictionId: string, kind: FollowUpKind): Promise<object> {
    const caller = callerOf(request);
    const withReceipt = wantsReceipt(request.query);
    const place = await findPrediction(caller, predictionId);
    const posted = readJson(bodyOf(request), this.desk.maxDepth);
    const isRight = IS_FOLLOW_UP[kind];
    if (!isRight(posted)) throw new Problem('invalid-body', 'The body does not have the form that this takes; see errors for every place.', { errors: formFaults(isRight.errors, 'is not known here: remove it') });
    const { id, prediction, log, index, time, leafHash, created } = await this.desk.record(caller, place, kind, posted);
    reply.status(created ? 201 : 200);
    return { id, prediction, index, time, leafHash, ...(withReceipt && { receipt: await receiptOf(log, index) }) };
  }
}
