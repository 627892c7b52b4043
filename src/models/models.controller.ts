import { Controller, Get, Header, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { HttpSettings } from '../http/http-settings.ts';
import { readPosted } from '../http/posted-json.ts';
import { refuseParameters } from '../http/query-faults.ts';
import { pageLimit } from '../predictions/page-limit.ts';
import { DECISION_FORM, decideVersion, isDecisionForm, knownVersion } from './decide-version.ts';
import { DEPLOYMENT_FORM, deployVersion, isDeploymentForm } from './deploy-version.ts';
import { AtQuery, DeploymentsQuery, ModelsQuery, VersionsQuery } from './model-query.ts';
import { momentOf, pageModels, pageVersions, readDeployments, readMlBomOf, readRunning, readVersion, shownVersion } from './read-models.ts';
import { registerVersion } from './register-version.ts';
import { isVersionForm, knownName, VERSION_FORM } from './version-form.ts';

/** What model versions are made of, who let them run, and where and when they ran. */
@ApiTags('models')
@ApiBearerAuth()
@Controller('v1/models')
export class ModelsController {
  constructor(private readonly http: HttpSettings) {}

  @Get()
  @Access('read', 'model-version', { each: true })
  @ApiOperation({ summary: 'List the models that have a registered version, by name' })
  @ApiResponse({ status: 200, description: '{items, next}: `next` is the cursor of the following page, absent at the end' })
  async models(@Req() request: FastifyRequest, @Query() query: ModelsQuery): Promise<object> {
    const limit = this.limit(query);
    const items = await pageModels(callerOf(request), query.cursor, limit);
    return { items, ...(items.length === limit && { next: items.at(-1)?.model }) };
  }

  @Post(':model/versions')
  @Access('register', 'model-version', { each: true })
  @ApiOperation({ summary: 'Lay down what a model version is made of; somebody else has to approve it' })
  @ApiParam({ name: 'model' })
  @ApiBody({ schema: VERSION_FORM as object })
  @ApiResponse({ status: 201, description: '{model, version, index, time, leafHash}' })
  @ApiResponse({ status: 200, description: 'the same content was registered before' })
  async register(@Req() request: FastifyRequest, @Param('model') model: string, @Res() reply: FastifyReply): Promise<void> {
    const form = readPosted(request, isVersionForm);
    const { created, ...registered } = await registerVersion(callerOf(request), knownName(model), form);
    reply.status(created ? 201 : 200).send(registered);
  }

  @Get(':model/versions')
  @Access('read', 'model-version', { each: true })
  @ApiOperation({ summary: 'List a model’s versions, newest first, as they stood at a time' })
  @ApiParam({ name: 'model' })
  @ApiResponse({ status: 200, description: '{items, next}: each with `standing`, what was `decided` and how it is `deployed`' })
  async versions(@Req() request: FastifyRequest, @Param('model') model: string, @Query() query: VersionsQuery): Promise<object> {
    const caller = callerOf(request);
    const limit = this.limit(query);
    const { rows, standings } = await pageVersions(caller, knownName(model), query.cursor, limit, await momentOf(caller.log, query.at));
    const items = rows.flatMap((row, i) => standings[i] === undefined ? [] : [shownVersion(caller.log, row, standings[i])]);
    return { items, ...(rows.length === limit && { next: rows.at(-1)?.version }) };
  }

  @Get(':model/versions/:version')
  @Access('read', 'model-version', { each: true })
  @ApiOperation({ summary: 'What a version is made of, what was decided on it, and how it stood at a time' })
  @ApiParam({ name: 'model' })
  @ApiParam({ name: 'version' })
  @ApiResponse({ status: 200, description: '`standing`: unknown (before it was registered), registered, approved, rejected, withdrawn or retired; each fact with its entry’s index' })
  async version(@Req() request: FastifyRequest, @Param('model') model: string, @Param('version') version: string, @Query() query: AtQuery): Promise<object> {
    const caller = callerOf(request);
    const row = await knownVersion(caller, knownName(model), knownName(version));
    caller.decide({ model: row.model, version: row.version, requester: row.principal, deployment: null });
    return readVersion(caller.log, row, await momentOf(caller.log, query.at));
  }

  @Get(':model/versions/:version/ml-bom')
  @Access('read', 'model-version', { each: true })
  @Header('content-type', 'application/vnd.cyclonedx+json; version=1.7')
  @ApiOperation({ summary: 'A version as CycloneDX 1.7 ML-BOM' })
  @ApiParam({ name: 'model' })
  @ApiParam({ name: 'version' })
  @ApiResponse({ status: 200, description: 'the same version, the same document' })
  async mlBom(@Req() request: FastifyRequest, @Param('model') model: string, @Param('version') version: string): Promise<string> {
    refuseParameters(request.query);
    const caller = callerOf(request);
    const row = await knownVersion(caller, knownName(model), knownName(version));
    caller.decide({ model: row.model, version: row.version, requester: row.principal, deployment: null });
    return JSON.stringify(await readMlBomOf(caller.log, row));
  }

  @Post(':model/versions/:version/approvals')
  @Access('approve', 'model-version', { each: true })
  @ApiOperation({ summary: 'Approve a version, reject it or withdraw its approval; another person than who registered it' })
  @ApiParam({ name: 'model' })
  @ApiParam({ name: 'version' })
  @ApiBody({ schema: DECISION_FORM as object })
  @ApiResponse({ status: 201, description: '{model, version, standing, index, time, leafHash}' })
  async decide(@Req() request: FastifyRequest, @Param('model') model: string, @Param('version') version: string): Promise<object> {
    const form = readPosted(request, isDecisionForm);
    return decideVersion(callerOf(request), knownName(model), knownName(version), form);
  }

  @Post(':model/versions/:version/deployments')
  @Access('deploy', 'model-version', { each: true })
  @ApiOperation({ summary: 'Say where a version runs from a time on, or that it is retired; to roll back is to deploy an earlier version' })
  @ApiParam({ name: 'model' })
  @ApiParam({ name: 'version' })
  @ApiBody({ schema: DEPLOYMENT_FORM as object })
  @ApiResponse({ status: 201, description: '{model, version, deployment, share, from, to, index, time, leafHash}; `retroactive` where `from` lies before the entry' })
  async deploy(@Req() request: FastifyRequest, @Param('model') model: string, @Param('version') version: string): Promise<object> {
    const form = readPosted(request, isDeploymentForm);
    return deployVersion(callerOf(request), knownName(model), knownName(version), form, Date.now());
  }

  @Get(':model/versions/:version/deployments')
  @Access('read', 'model-version', { each: true })
  @ApiOperation({ summary: 'List where a version ran, newest entry first' })
  @ApiParam({ name: 'model' })
  @ApiParam({ name: 'version' })
  @ApiResponse({ status: 200, description: '{items, next}' })
  async deployments(@Req() request: FastifyRequest, @Param('model') model: string, @Param('version') version: string, @Query() query: DeploymentsQuery): Promise<object> {
    const caller = callerOf(request);
    const row = await knownVersion(caller, knownName(model), knownName(version));
    caller.decide({ model: row.model, version: row.version, requester: row.principal, deployment: null });
    return readDeployments(caller.log, row.model, row.version, query.cursor, this.limit(query));
  }

  @Get(':model/deployments')
  @Access('read', 'model-version', { each: true })
  @ApiOperation({ summary: 'What of a model ran at a time, with its share of the traffic; retired versions too' })
  @ApiParam({ name: 'model' })
  @ApiResponse({ status: 200, description: '{at, items}' })
  async running(@Req() request: FastifyRequest, @Param('model') model: string, @Query() query: AtQuery): Promise<object> {
    const caller = callerOf(request);
    caller.decide({ model: knownName(model), version: null, requester: null, deployment: null });
    const moment = await momentOf(caller.log, query.at);
    return { at: new Date(moment.time).toISOString(), items: await readRunning(caller.log, model, moment) };
  }

  private limit({ limit }: { limit?: string }): number {
    return pageLimit(limit, this.http.limits.maxPageSize);
  }
}
