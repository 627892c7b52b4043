import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { AccessTrail } from '../access/access-trail.ts';
import type { Caller } from '../access/caller.ts';
import { refusePersonal, TEXT } from '../contracts/kept-text.ts';
import { HttpSettings } from '../http/http-settings.ts';
import { idPage } from '../http/id-page.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPosted } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';
import { refuseParameters } from '../http/query-faults.ts';
import type { SequencedEntry } from '../ledger/entry-draft.ts';
import { closed, reject, release, type Held, type QuarantineDesk } from './decide-quarantine.ts';
import { pageLimit } from './page-limit.ts';
import { openHeld } from './quarantine.ts';
import { PredictionIntake } from './intake.ts';
import { QuarantineQuery } from './quarantine-query.ts';
import { QUARANTINE_COLUMNS, QuarantineTable, type QuarantineRow, type SealedRecord } from './quarantine-table.ts';

const WHY = { type: 'object', additionalProperties: false, required: ['reason'], properties: { reason: TEXT } } as const;
const isWhy = new OwnSchemas().compile<{ reason: string }>(WHY);

/** Records that their contract doubts, and what is decided on them. */
@ApiTags('quarantine')
@ApiBearerAuth()
@Controller('v1/quarantine')
export class QuarantineController {
  private readonly desk: QuarantineDesk;

  constructor(
    intake: PredictionIntake,
    private readonly http: HttpSettings,
    private readonly trail: AccessTrail,
  ) {
    this.desk = intake.desk;
  }

  @Get()
  @Access('list', 'quarantine', { each: true })
  @ApiOperation({ summary: 'List records in quarantine, newest first; no field of theirs' })
  @ApiResponse({ status: 200, description: '{items, next}: `next` is the cursor of the following page, absent at the end' })
  async list(@Req() request: FastifyRequest, @Query() query: QuarantineQuery): Promise<object> {
    const caller = callerOf(request);
    const limit = pageLimit(query.limit, this.http.limits.maxPageSize);
    const filter = { state: query.state, behind: query.cursor, limit };
    const rows = await new QuarantineTable(caller.log.pool).page(logsOf(caller), filter, caller.rows(QUARANTINE_COLUMNS));
    return idPage(rows, limit, ({ id }) => id, shown);
  }

  @Get(':id')
  @Access('read', 'quarantine', { each: true })
  @ApiOperation({ summary: 'One record in quarantine with what was posted, as the caller may see it, and why it is there' })
  @ApiParam({ name: 'id' })
  @ApiResponse({ status: 200, description: 'fields that the caller may not see are absent from `record` and named in `withheld`; without `record` where it has left' })
  async read(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    refuseParameters(request.query);
    const caller = callerOf(request);
    const row = await this.find(caller, id);
    const { rule, fields } = this.decide(caller, row);
    const holder = caller.log.holderOf(row.log) ?? caller.log;
    const held = isHeld(row) ? await openHeld(holder, row) : undefined;
    await this.trail.allowed(caller, rule, { log: holder, quarantine: row.id });
    // Where it left while it was opened, the row says more now.
    if (held === undefined) return shown((isHeld(row) ? await new QuarantineTable(caller.log.pool).read(logsOf(caller), id) : undefined) ?? row);
    const { value, withheld } = fields.of(held.record);
    return { ...shown(row), faults: held.faults, record: value, ...(withheld.length > 0 && { withheld }) };
  }

  @Post(':id/release')
  @HttpCode(200)
  @Access('release', 'quarantine', { each: true })
  @ApiOperation({ summary: 'Let a record into the log, its doubtful values as tokens and its unknown fields left out; by another than its producer' })
  @ApiParam({ name: 'id' })
  @ApiBody({ schema: WHY as object })
  @ApiResponse({ status: 200, description: '{quarantine, id, index, time, leafHash}: where the prediction stands; the next entry says who released it and why' })
  async release(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    const caller = callerOf(request);
    const { held, reason } = await this.toDecide(request, id);
    const { index, time, leafHash } = await release(this.desk, caller, held, reason);
    return { quarantine: held.id, id: held.prediction, index, time, leafHash };
  }

  @Post(':id/reject')
  @HttpCode(200)
  @Access('reject', 'quarantine', { each: true })
  @ApiOperation({ summary: 'Delete a record that is in quarantine, with its key' })
  @ApiParam({ name: 'id' })
  @ApiBody({ schema: WHY as object })
  @ApiResponse({ status: 200, description: '{quarantine, id, rejection}: the index of the entry that says so' })
  async reject(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    const { held, reason } = await this.toDecide(request, id);
    const { index }: SequencedEntry = await reject(callerOf(request), held, reason);
    return { quarantine: held.id, id: held.prediction, rejection: index };
  }

  private async toDecide(request: FastifyRequest, id: string): Promise<{ held: Held; reason: string }> {
    const caller = callerOf(request);
    const row = await this.find(caller, id);
    this.decide(caller, row);
    const { reason } = readPosted(request, isWhy);
    refusePersonal({ reason }, undefined);
    if (!isHeld(row)) throw closed();
    return { held: row, reason };
  }

  /** @throws Problem `not-found` where no rule lets the caller do it: it looks as if it were not there */
  private decide(caller: Caller, { model, version, principal, received }: QuarantineRow): ReturnType<Caller['judge']> {
    const decision = caller.judge({ model, version, own: principal === caller.principal, time: received.getTime() });
    if (decision.allowed) return decision;
    caller.denial = decision;
    throw notThere();
  }

  private async find(caller: Caller, id: string): Promise<QuarantineRow & Partial<SealedRecord>> {
    // One who asks for nothing is told of nothing.
    caller.decideLater();
    const row = /^qua_[0-9a-f]{24}$/.test(id) ? await new QuarantineTable(caller.log.pool).read(logsOf(caller), id) : undefined;
    if (row === undefined) throw notThere();
    return row;
  }
}

function notThere(): Problem {
  return new Problem('not-found', 'There is nothing of that id in quarantine.');
}

function isHeld(row: QuarantineRow & Partial<SealedRecord>): row is Held {
  return row.key !== undefined && row.sealed !== undefined;
}

function logsOf({ log }: Caller): number[] {
  return log.succession.map(({ row }) => row.id);
}

/** What a list shows: no field of the record, and no place in it. */
function shown({ id, prediction, state, model, version, principal, contract, reasons, received, expires, decider, byIndex }: QuarantineRow): object {
  return {
    quarantine: id, id: prediction, status: state, model, version, principal, contract, reasons, received: received.toISOString(), expires: expires.toISOString(),
    ...(decider !== null && { decider }), ...(byIndex !== null && { decision: byIndex }),
  };
}
