import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { AccessTrail } from '../access/access-trail.ts';
import { findPrediction } from '../predictions/find-prediction.ts';
import { accountOf } from './account.ts';
import { accountPage, accountText } from './account-page.ts';
import { gatherLineage } from './gather-lineage.ts';
import type { LineageGraph } from './graph.ts';
import { LineageQuery, type LineageFormat } from './lineage-query.ts';
import { openLineageOf } from './open-lineage.ts';
import { provOf } from './prov-json.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const FORMATS: Record<LineageFormat, { type: string; write(graph: LineageGraph): string }> = {
  json: { type: JSON_TYPE, write: (graph) => JSON.stringify(graph) },
  prov: { type: JSON_TYPE, write: (graph) => JSON.stringify(provOf(graph)) },
  openlineage: { type: JSON_TYPE, write: (graph) => JSON.stringify(openLineageOf(graph)) },
  text: { type: 'text/plain; charset=utf-8', write: (graph) => accountText(accountOf(graph)) },
  html: { type: 'text/html; charset=utf-8', write: (graph) => accountPage(accountOf(graph)) },
};

/** Everything that led to one prediction, and what came of it. */
@ApiTags('lineage')
@ApiBearerAuth()
@Controller('v1/predictions')
export class LineageController {
  constructor(private readonly trail: AccessTrail) {}

  @Get(':id/lineage')
  @Access('read', 'prediction', { each: true })
  @ApiOperation({ summary: 'The graph of one prediction, each entry with its proof; as JSON, W3C PROV-JSON, OpenLineage, or in plain words' })
  @ApiParam({ name: 'id' })
  @ApiResponse({ status: 200, description: '{root, nodes, edges, entries, withheld, more}; what the caller may not see is absent and named in `withheld`' })
  async lineage(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Param('id') id: string, @Query() query: LineageQuery): Promise<void> {
    const caller = callerOf(request);
    const place = await findPrediction(caller, id);
    const { graph, rule } = await gatherLineage(caller, place, { depth: Number(query.depth ?? 5), size: Number(query.size ?? 100), cursor: query.cursor });
    await this.trail.allowed(caller, rule, place);
    const { type, write } = FORMATS[query.format ?? wanted(request.headers.accept)];
    reply.header('content-type', type);
    if (type.startsWith('text/html')) reply.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
    reply.send(write(graph));
  }
}

/** The first of the types that are accepted which there is an account in; else JSON. */
function wanted(accept = ''): LineageFormat {
  for (const type of accept.split(',').map((each) => each.split(';')[0]?.trim())) {
    if (type === 'text/html') return 'html';
    if (type === 'text/plain') return 'text';
    if (type === 'application/json') return 'json';
  }
  return 'json';
}
