import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiHeader, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import formats from 'ajv-formats';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { draftAct } from '../access/act.ts';
import type { Caller } from '../access/caller.ts';
import { disclosing } from '../access/disclosures.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPosted } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';
import { byteRange } from './byte-range.ts';
import { endEvidence } from './end-evidence.ts';
import { EvidenceOffice } from './evidence-office.ts';
import { EvidencePage } from './evidence-page.ts';
import { listJobs, NoLongerOursError, readJob, type EvidenceRow } from './evidence-table.ts';
import { zipPath } from './make-bundle.ts';
import { requestEvidence, type EvidenceForm } from './request-evidence.ts';
import { shownEvidence } from './shown-evidence.ts';

const PAGE = 100;
const INSTANT = { type: 'string', format: 'date-time', maxLength: 40 } as const;
const FORM = {
  type: 'object',
  additionalProperties: false,
  required: ['framework', 'from', 'to'],
  properties: {
    framework: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' },
    from: INSTANT,
    to: INSTANT,
    nonce: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    size: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    receipts: { type: 'boolean' },
  },
} as const;
const ajv = new OwnSchemas();
formats.default(ajv);
const isForm = ajv.compile<EvidenceForm>(FORM);

/** Evidence bundles: asked for, watched, downloaded. */
@ApiTags('evidence')
@ApiBearerAuth()
@Controller('v1/evidence')
export class EvidenceController {
  constructor(private readonly office: EvidenceOffice) {}

  @Post()
  @HttpCode(202)
  @Access('request', 'evidence', { each: true })
  @ApiOperation({ summary: 'Ask for the bundle of a framework and a period; it is made in the background' })
  @ApiBody({ schema: FORM as object })
  @ApiResponse({ status: 202, description: 'the job, and where it is: `location`' })
  async request(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const caller = callerOf(request);
    const row = await requestEvidence(this.office.desk, this.office.queue, caller, readPosted(request, isForm));
    void reply.header('location', `/v1/evidence/${row.id}`);
    return shownEvidence(row);
  }

  @Get()
  @Access('read', 'evidence', { each: true })
  @ApiOperation({ summary: 'Bundles that were asked for, newest first' })
  @ApiQuery({ name: 'cursor', required: false })
  @ApiResponse({ status: 200, description: '{items, next}: `next` is the cursor of the following page, absent at the end' })
  async list(@Req() request: FastifyRequest, @Query() query: EvidencePage): Promise<object> {
    const caller = callerOf(request);
    caller.decideLater();
    const rows = await listJobs(caller.log.pool, caller.log.row.id, { before: query.cursor === undefined ? undefined : Number(query.cursor), limit: PAGE });
    return { items: rows.filter((row) => caller.judge(attributesOf(row)).allowed).map(shownEvidence), ...(rows.length === PAGE && { next: String(rows.at(-1)?.number) }) };
  }

  @Get(':id')
  @Access('read', 'evidence', { each: true })
  @ApiOperation({ summary: 'How far a bundle is: stage, entries read of how many, rows, bytes' })
  @ApiParam({ name: 'id' })
  async read(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    return shownEvidence(await this.found(callerOf(request), id));
  }

  @Delete(':id')
  @HttpCode(200)
  @Access('request', 'evidence', { each: true })
  @ApiOperation({ summary: 'Cancel a bundle that is not made yet' })
  @ApiParam({ name: 'id' })
  async cancel(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    const caller = callerOf(request);
    const row = await this.found(caller, id);
    try {
      await endEvidence(caller.log, row, { outcome: 'cancelled' }, caller);
    } catch (error) {
      if (error instanceof NoLongerOursError) throw new Problem('bundle-not-ready', 'It has ended already.');
      throw error;
    }
    if (row.job !== null) await this.office.queue.forget(row.job);
    return shownEvidence(await this.found(caller, id));
  }

  @Get(':id/bundle')
  @Access('download', 'evidence', { each: true })
  @ApiOperation({ summary: 'The bundle, as a zip; Range is honoured. An entry says who took it, before its first byte leaves' })
  @ApiParam({ name: 'id' })
  @ApiHeader({ name: 'range', required: false })
  @ApiResponse({ status: 200, description: 'application/zip; `etag` is the bundle’s digest' })
  @ApiResponse({ status: 206, description: 'the part that was asked for' })
  async download(@Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const caller = callerOf(request);
    const row = await this.found(caller, id);
    if (row.state === 'expired') throw new Problem('bundle-gone', 'The bundle was deleted when its time was over: ask for it again with the same size and nonce.');
    if (row.state !== 'made' || row.digest === null || row.length === null) throw new Problem('bundle-not-ready', `The bundle is ${row.state}: look at /v1/evidence/${id} until it is made.`);
    const path = zipPath(this.office.desk.placeOf(row));
    if (!(await isThere(path, row.length))) throw new Problem('bundle-elsewhere', 'The bundle lies with another replica: share EVIDENCE_DIR among them, or ask that one.', { retryAfterMs: 1000 });
    const etag = `"${row.digest}"`;
    const condition = request.headers['if-range'];
    const range = condition === undefined || condition === etag ? byteRange(request.headers.range, row.length) : undefined;
    if (range === 'unsatisfiable') throw new Problem('range-not-satisfiable', `The bundle has ${row.length} bytes.`);
    const { role } = caller;
    const body = { id, digest: row.digest, range: range === undefined ? null : { from: range.from, to: range.to }, role };
    await caller.log.append({ ...draftAct(caller.log, caller, { type: 'evidence-downloaded', v: 1, body }), ...disclosing(row.opened.map((index) => ({ log: row.log, index }))) });
    caller.traced = true;
    void reply.header('content-type', 'application/zip').header('content-disposition', `attachment; filename="evidence-${row.framework}-${row.id}.zip"`).header('accept-ranges', 'bytes').header('etag', etag)
      .header('cache-control', 'private, no-store').header('content-length', range === undefined ? row.length : range.to - range.from + 1);
    if (range !== undefined) void reply.code(206).header('content-range', `bytes ${range.from}-${range.to}/${row.length}`);
    await reply.send(createReadStream(path, range === undefined ? {} : { start: range.from, end: range.to }));
  }

  /** Decides too. @throws Problem `not-found`, `forbidden` */
  private async found(caller: Caller, id: string): Promise<EvidenceRow> {
    const row = /^evd_[0-9a-f]{24}$/.test(id) ? await readJob(caller.log.pool, caller.log.row.id, id) : undefined;
    if (row === undefined) {
      caller.decide({ framework: null, requester: null, time: null });
      throw new Problem('not-found', 'There is no such bundle.');
    }
    caller.decide(attributesOf(row));
    return row;
  }
}

function attributesOf({ framework, principal, requested }: EvidenceRow): { framework: string; requester: string; time: number } {
  return { framework, requester: principal, time: requested.getTime() };
}

async function isThere(path: string, length: number): Promise<boolean> {
  try {
    return (await stat(path)).size === length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
