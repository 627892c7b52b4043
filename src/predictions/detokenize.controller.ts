import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { TEXT } from '../contracts/kept-text.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPosted } from '../http/posted-json.ts';
import { detokenize, type Detokenized, type Wanted } from './detokenize.ts';
import { PredictionIntake } from './intake.ts';

const MANY = { type: 'array', minItems: 1, maxItems: 1000, uniqueItems: true } as const;
const WANTED = {
  type: 'object',
  additionalProperties: false,
  required: ['prediction', 'purpose'],
  oneOf: [{ required: ['fields'] }, { required: ['tokens'] }],
  properties: {
    prediction: { type: 'string', minLength: 1, maxLength: 128, pattern: '^[!-~]+$' },
    fields: { ...MANY, items: { type: 'string', maxLength: 1024, pattern: '^(/([^~/]|~[01])*)+$' } },
    tokens: { ...MANY, items: { type: 'string', pattern: '^tok_[A-Za-z0-9_-]{22}$' } },
    purpose: TEXT,
  },
} as const;
const isWanted = new OwnSchemas({ strictRequired: false }).compile<Wanted>(WANTED);

/** What tokens stand for, for a purpose. */
@ApiTags('predictions')
@ApiBearerAuth()
@Controller('v1/detokenize')
export class DetokenizeController {
  constructor(private readonly intake: PredictionIntake) {}

  @Post()
  @HttpCode(200)
  @Access('detokenize', 'token', { each: true })
  @ApiOperation({ summary: 'What tokens of one prediction stand for, by token or by field, for a purpose that its contract allows' })
  @ApiBody({ schema: WANTED as object })
  @ApiResponse({ status: 200, description: '{prediction, index, purpose, originals, unknown, withheld}; an entry says who saw which places, and why, before the answer leaves' })
  @ApiResponse({ status: 410, description: 'the prediction was erased' })
  async detokenize(@Req() request: FastifyRequest): Promise<Detokenized> {
    const caller = callerOf(request);
    caller.decideLater();
    return detokenize(this.intake.desk.contracts, caller, readPosted(request, isWanted));
  }
}
