import { Controller, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { TEXT } from '../contracts/kept-text.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPosted } from '../http/posted-json.ts';
import { findPrediction } from '../predictions/find-prediction.ts';
import { PREDICTION_SCHEMA } from '../predictions/prediction.ts';
import { ReplayDesk, type ReplayForm } from './replay.ts';

const REPLAY_FORM = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'endpoint'],
  properties: {
    id: PREDICTION_SCHEMA.properties.id,
    endpoint: { type: 'string', pattern: '^https?://[!-~]{1,500}$' },
    tolerance: { type: 'number', minimum: 0, maximum: 1 },
    purpose: TEXT,
  },
} as const;
const isReplayForm = new OwnSchemas().compile<ReplayForm>(REPLAY_FORM);

/** What a model would answer today to what it was asked then. */
@ApiTags('lineage')
@ApiBearerAuth()
@Controller('v1/predictions')
export class ReplayController {
  constructor(private readonly desk: ReplayDesk) {}

  @Post(':id/replay')
  @Access('replay', 'prediction', { each: true })
  @ApiOperation({ summary: 'Hand the recorded inputs to a scoring endpoint that the policy allows, and record the verdict' })
  @ApiParam({ name: 'id' })
  @ApiBody({ schema: REPLAY_FORM as object })
  @ApiResponse({ status: 201, description: '{id, prediction, index, verdict, differs}: same, model-changed, policy-changed or data-erased; 200 where the id was replayed before' })
  async replay(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply, @Param('id') id: string): Promise<object> {
    const caller = callerOf(request);
    const place = await findPrediction(caller, id);
    const { created, ...replayed } = await this.desk.replay(caller, place, readPosted(request, isReplayForm));
    reply.status(created ? 201 : 200);
    return replayed;
  }
}
