import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import formats from 'ajv-formats';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { record } from '../access/act.ts';
import { refusePersonal } from '../contracts/kept-text.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPosted } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';

interface ReviewForm {
  from: string;
  to: string;
  examined: { what: string; digest: string };
  entries?: { first: number; last: number };
  findings?: { index?: number; what: string }[];
  comment?: string;
}

const TEXT = { type: 'string', minLength: 1, maxLength: 300 } as const;
const INDEX = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const INSTANT = { type: 'string', format: 'date-time', maxLength: 40 } as const;
const FORM = {
  type: 'object',
  additionalProperties: false,
  required: ['from', 'to', 'examined'],
  properties: {
    from: INSTANT,
    to: INSTANT,
    examined: { type: 'object', additionalProperties: false, required: ['what', 'digest'], properties: { what: TEXT, digest: { type: 'string', pattern: '^[0-9a-f]{64}$' } } },
    entries: { type: 'object', additionalProperties: false, required: ['first', 'last'], properties: { first: INDEX, last: INDEX } },
    findings: { type: 'array', maxItems: 100, items: { type: 'object', additionalProperties: false, required: ['what'], properties: { index: INDEX, what: TEXT } } },
    comment: { ...TEXT, maxLength: 1000 },
  },
} as const;
const ajv = new OwnSchemas();
formats.default(ajv);
const isForm = ajv.compile<ReviewForm>(FORM);

/** The sign-off of a review of the log's activity (45 CFR 164.308(a)(1)(ii)(D)). */
@ApiTags('evidence')
@ApiBearerAuth()
@Controller('v1/activity-reviews')
export class ActivityReviewsController {
  @Post()
  @HttpCode(201)
  @Access('review', 'evidence', { each: true })
  @ApiOperation({ summary: 'Sign off a review of activity: the period, what was examined, and what was found' })
  @ApiBody({ schema: FORM as object })
  @ApiResponse({ status: 201, description: '{index}: of the entry that says so' })
  async sign(@Req() request: FastifyRequest): Promise<object> {
    const caller = callerOf(request);
    const { log, principal, role } = caller;
    caller.decide({ framework: null, requester: principal, time: Date.now() });
    const { from, to, examined, entries = null, findings = [], comment = null } = readPosted(request, isForm);
    refusePersonal({ comment: comment ?? undefined, what: examined.what, ...Object.fromEntries(findings.map(({ what }, i) => [`findings/${i}/what`, what])) }, undefined);
    if (!(Date.parse(from) < Date.parse(to))) throw new Problem('invalid-body', 'The review is of no time.', { errors: [{ at: '/to', code: 'order', detail: 'has to be later than from' }] });
    const body = {
      period: { from: new Date(from).toISOString(), to: new Date(to).toISOString() }, examined: { ...examined }, entries: entries === null ? null : { ...entries },
      findings: findings.map(({ index = null, what }) => ({ index, what })), comment, role,
    };
    const { index } = await record(log, caller, { type: 'activity-reviewed', v: 1, body });
    return { index };
  }
}
