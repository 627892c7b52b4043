import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPosted } from '../http/posted-json.ts';
import { Problem, type Fault } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import { Access, callerOf } from './access.ts';
import { circumstances } from './caller.ts';
import { ACTIONS, ATTRIBUTE_NAMES, attributeType, CATALOGUE, isActionOn, RESOURCES, type Action, type Resource } from './catalogue.ts';
import { hasType, type Attributes } from './condition.ts';
import { explain, type Explanation } from './explain.ts';
import { readScopedPrincipal } from './key-table.ts';
import { Roles } from './roles.ts';
import { hasAction, hasModel, SCOPE_RULE } from './scope.ts';
import { nameOfRoles } from './several-roles.ts';
import type { Principal } from './principal.ts';

const ATTRIBUTE = { type: ['string', 'number', 'boolean', 'null'], maxLength: 256 } as const;
const ROLE = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' } as const;
const QUESTION = {
  type: 'object',
  additionalProperties: false,
  required: ['action', 'resource'],
  oneOf: [{ required: ['role'] }, { required: ['roles'] }, { required: ['principal'] }],
  properties: {
    role: ROLE,
    roles: { type: 'array', minItems: 1, maxItems: 20, uniqueItems: true, items: ROLE },
    principal: { type: 'string', pattern: '^prn_[0-9a-f]{24}$' },
    action: { enum: ACTIONS },
    resource: { enum: RESOURCES },
    attributes: { type: 'object', additionalProperties: false, properties: Object.fromEntries(ATTRIBUTE_NAMES.map((name) => [name, ATTRIBUTE])) },
  },
} as const;

interface Question {
  role?: string;
  /** Of somebody who has all of them at once. */
  roles?: string[];
  principal?: string;
  action: Action;
  resource: Resource;
  attributes?: Attributes;
}
const isQuestion = new OwnSchemas({ allowUnionTypes: true }).compile<Question>(QUESTION);

/** Why something is allowed or not. */
@ApiTags('access')
@ApiBearerAuth()
@Controller('v1/access')
export class ExplainController {
  constructor(private readonly roles: Roles) {}

  @Post('explain')
  @HttpCode(200)
  @Access('explain', 'access')
  @ApiOperation({ summary: 'Why a role, or a principal of the tenant, may do something or not: rule, file and line, what failed and what was missing' })
  @ApiBody({ schema: QUESTION as object })
  @ApiResponse({ status: 200, description: 'the decision, the rule that decided with its place, every rule that was considered, and the digest of the policy' })
  async explain(@Req() request: FastifyRequest): Promise<Explanation> {
    const { role, roles = role === undefined ? undefined : [role], principal, action, resource, attributes = {} } = readPosted(request, isQuestion);
    const faults = faultsIn(action, resource, attributes);
    if (faults.length > 0) throw new Problem('invalid-body', 'The body does not have the form that this takes; see errors for every place.', { errors: faults });
    const { log } = callerOf(request);
    const asker = roles === undefined ? await this.principal(log, principal ?? '') : { id: 'prn_somebody', role: nameOfRoles(roles) };
    const known: Attributes = { ...circumstances(log), open: log.row.open, ...attributes };
    const explanation = explain(this.roles, asker, action, resource, known);
    if (hasAction(asker, action) && hasModel(asker, resource, known)) return explanation;
    return { ...withoutPlace(explanation), decision: 'deny', rule: SCOPE_RULE, reason: 'The credential is scoped to other actions or models.', withheld: [] };
  }

  private async principal({ pool, row: { tenant } }: Log, id: string): Promise<Pick<Principal, 'id' | 'role' | 'actions' | 'models'>> {
    const found = await readScopedPrincipal(pool, tenant, id);
    if (found === undefined) throw new Problem('not-found', 'The tenant has no valid credential of that principal: ask by its role.');
    return found;
  }
}

function withoutPlace({ at: _at, shown: _shown, ...rest }: Explanation): Explanation {
  return rest;
}

/** Where an attribute is another resource's or of another type: an explanation of something else would mislead. */
function faultsIn(action: Action, resource: Resource, attributes: Attributes): Fault[] {
  if (!isActionOn(action, resource)) return [{ at: '/action', code: 'range', detail: `is nothing that is done to a ${resource}, which knows ${CATALOGUE[resource].actions.join(', ')}` }];
  return Object.entries(attributes).flatMap(([name, value]): Fault[] => {
    const type = attributeType(resource, name);
    if (type === undefined) return [{ at: `/attributes/${name}`, code: 'unknown-field', detail: `is no attribute of a ${resource}` }];
    return value === null || hasType(value, type) ? [] : [{ at: `/attributes/${name}`, code: 'type', detail: `is ${type === 'time' ? 'a time in ms since 1970' : `a ${type}`}, or null where there is none` }];
  });
}
