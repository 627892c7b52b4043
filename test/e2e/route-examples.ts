import { sign } from 'node:crypto';
import { proofText } from '../../src/access/register-certificate.ts';
import { TestAuthority } from './certificates.ts';
import type { Neighbourhood } from './neighbourhood.ts';
import { versionForm } from '../models/version.ts';
import { prediction } from './prediction.ts';

/**
 * ADD EVERY NEW ROUTE HERE. One example request for each route of the service: from it come the matrix of every role, route
 * and tenant (access-matrix.test.ts) and the hostile requests (hostile-requests.test.ts).
 */
export interface RouteExample {
  /**
   * Makes what the request is about, in the tenant, by other people than the one who will ask; gives its reference. `by` is who
   * will ask, where it matters whose it is. Left out where the request is about nothing that was there before.
   */
  make?(tenant: Neighbourhood, by: string): Promise<string>;
  /** A reference of the same form to what is not there. Required beside `make`. */
  absent?: string;
  /** The request, about what `make` made. */
  request(reference: string, tenant: Neighbourhood): ExampleRequest | Promise<ExampleRequest>;
  /** What it answers to those whom the policy lets: 200 unless said. */
  status?: number;
  /** What the conditions of the shipped rules look at, of what `make` made for a role. */
  attributes?(role: string): Record<string, unknown>;
}

export interface ExampleRequest {
  path: string;
  body?: unknown;
}

const OUTCOME = { outcome: { label: 'repaid' }, observed: '2027-01-01T00:00:00Z', source: 'core banking' };
const ABSENT = '0'.repeat(24);
let made = 0;
const fresh = (what: string): string => `${what}-${(made += 1)}`;

/** A prediction of the caller's own, where its role may hand one in. */
const ownPrediction = async (tenant: Neighbourhood, by: string): Promise<string> => {
  const id = fresh('p');
  await tenant.do(by.startsWith('producer') ? by : 'producer-2', 'POST', '/v1/predictions', prediction(id, { subject: 'somebody' }));
  return id;
};
const onPrediction = (method: 'GET' | 'POST', below: string, more: Omit<RouteExample, 'make' | 'absent' | 'request'> = {}, body?: () => unknown): [string, RouteExample] => [
  `${method} /v1/predictions/:id${below}`,
  {
    make: ownPrediction,
    absent: 'no-such-prediction',
    request: (id) => ({ path: `/v1/predictions/${id}${below}`, ...(body !== undefined && { body: body() }) }),
    attributes: (role) => ({ own: role === 'producer' }),
    ...more,
  },
];

const inQuarantine = async (tenant: Neighbourhood): Promise<string> => {
  const { json } = await tenant.do('producer-2', 'POST', '/v1/predictions', { id: fresh('q'), model: 'doubtful', version: '1', inputs: { age: 41, name: 'Wolfeschlegelstein' }, output: { score: 0.5 } });
  return String((json as { quarantine?: unknown }).quarantine);
};
const onVersion = (method: 'GET' | 'POST', below: string, more: Omit<RouteExample, 'make' | 'absent' | 'request'> = {}, body?: object): [string, RouteExample] => [
  `${method} /v1/models/:model/versions/:version${below}`,
  {
    make: async (tenant) => String((await tenant.do('model-approver-2', 'POST', '/v1/models/known/versions', versionForm(fresh('v')))).json['version']),
    absent: 'no-such-version',
    request: (version) => ({ path: `/v1/models/known/versions/${version}${below}`, ...(body !== undefined && { body }) }),
    attributes: () => ({ model: 'known', requester: 'prn_other' }),
    ...more,
  },
];
const BUNDLE = { framework: 'eu-ai-act', from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' };
const bundle = async (tenant: Neighbourhood): Promise<string> => String((await tenant.do('compliance-officer-2', 'POST', '/v1/evidence', BUNDLE)).json['id']);
const madeBundle = async (tenant: Neighbourhood): Promise<string> => {
  const id = await bundle(tenant);
  await tenant.makeBundles();
  return id;
};
const keyOf = async (tenant: Neighbourhood): Promise<string> => String((await tenant.do('admin-2', 'POST', '/v1/keys', { role: 'auditor', days: 1 })).json['prefix']);
const erasure = async (tenant: Neighbourhood): Promise<string> => {
  const subject = fresh('subject');
  await tenant.do('producer-2', 'POST', '/v1/predictions', prediction(fresh('e'), { subject }));
  const { json } = await tenant.do('privacy-officer-2', 'POST', '/v1/subjects/erasures', { subject, reason: 'subject-request' });
  return (json['request'] as { id: string }).id;
};
const hold = async (tenant: Neighbourhood): Promise<string> => String((await tenant.do('privacy-officer-2', 'POST', '/v1/legal-holds', { models: ['held-model'], reason: 'litigation' })).json['id']);
const get = (path: string): [string, RouteExample] => [`GET ${path}`, { request: () => ({ path }) }];
const open = (below: string, path = below): [string, RouteExample] => [
  `GET /logs/:log/${below}`,
  { make: async ({ log }) => log, absent: 'no-such-log', request: (log) => ({ path: `/logs/${log}/${path}` }) },
];

export const ROUTE_EXAMPLES: Readonly<Record<string, RouteExample>> = Object.fromEntries([
  get('/health/live'),
  get('/health/ready'),
  get('/metrics'),
  open('checkpoint'),
  open('vkey'),
  open('vkeys'),
  open('tile/*', 'tile/0/000.p/1'),

  ['POST /v1/predictions', { request: () => ({ path: '/v1/predictions', body: prediction(fresh('a')) }), status: 201 }],
  ['POST /v1/predictions/batch', { request: () => ({ path: '/v1/predictions/batch', body: [prediction(fresh('b'))] }) }],
  get('/v1/predictions'),
  ['POST /v1/predictions/search', { request: () => ({ path: '/v1/predictions/search', body: {} }) }],
  onPrediction('GET', ''),
  onPrediction('GET', '/lineage'),
  ['POST /v1/lineage/affected', { request: () => ({ path: '/v1/lineage/affected', body: { modelVersion: { model: 'm', version: '1' } } }) }],
  // No endpoint is allowed as shipped: who may replay is told so.
  onPrediction('POST', '/replay', { status: 422 }, () => ({ id: fresh('y'), endpoint: 'https://scoring.example/' })),
  onPrediction('GET', '/receipt'),
  onPrediction('GET', '/proof'),
  onPrediction('POST', '/outcomes', { status: 201 }, () => ({ id: fresh('o'), ...OUTCOME })),
  onPrediction('POST', '/reviews', { status: 201 }, () => ({ id: fresh('r'), verdict: 'upheld', occasion: 'contest', reason: 'looked at again' })),
  onPrediction('POST', '/corrections', { status: 201 }, () => ({ id: fresh('c'), changes: { output: { score: 0.4 } }, reason: 'a digit was lost' })),
  get('/v1/intake-totals'),
  [
    'POST /v1/detokenize',
    {
      make: ownPrediction,
      absent: 'no-such-prediction',
      request: (id) => ({ path: '/v1/detokenize', body: { prediction: id, fields: ['/inputs/city'], purpose: 'answering-a-request' } }),
      attributes: () => ({ 'stated-purpose': 'answering-a-request' }),
    },
  ],

  get('/v1/models'),
  ['POST /v1/models/:model/versions', { request: () => ({ path: '/v1/models/known/versions', body: versionForm(fresh('v')) }), status: 201 }],
  ['GET /v1/models/:model/versions', { request: () => ({ path: '/v1/models/known/versions' }) }],
  ['GET /v1/models/:model/deployments', { request: () => ({ path: '/v1/models/known/deployments' }) }],
  onVersion('GET', ''),
  onVersion('GET', '/deployments'),
  onVersion('GET', '/ml-bom'),
  onVersion('POST', '/approvals', { status: 201 }, { decision: 'approve', reason: 'it does what it is for' }),
  onVersion('POST', '/deployments', { status: 201 }, { deployment: 'shadow', reason: 'to see how it does' }),

  get('/v1/quarantine'),
  ['GET /v1/quarantine/:id', { make: inQuarantine, absent: `qua_${ABSENT}`, request: (id) => ({ path: `/v1/quarantine/${id}` }) }],
  ['POST /v1/quarantine/:id/release', { make: inQuarantine, absent: `qua_${ABSENT}`, request: (id) => ({ path: `/v1/quarantine/${id}/release`, body: { reason: 'it is in order' } }) }],
  ['POST /v1/quarantine/:id/reject', { make: inQuarantine, absent: `qua_${ABSENT}`, request: (id) => ({ path: `/v1/quarantine/${id}/reject`, body: { reason: 'it is not in order' } }) }],

  get('/v1/evidence'),
  ['POST /v1/evidence', { request: () => ({ path: '/v1/evidence', body: BUNDLE }), status: 202 }],
  ['GET /v1/evidence/:id', { make: bundle, absent: `evd_${ABSENT}`, request: (id) => ({ path: `/v1/evidence/${id}` }) }],
  ['DELETE /v1/evidence/:id', { make: bundle, absent: `evd_${ABSENT}`, request: (id) => ({ path: `/v1/evidence/${id}` }) }],
  ['GET /v1/evidence/:id/bundle', { make: madeBundle, absent: `evd_${ABSENT}`, request: (id) => ({ path: `/v1/evidence/${id}/bundle` }) }],
  ['POST /v1/activity-reviews', { request: () => ({ path: '/v1/activity-reviews', body: { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z', examined: { what: 'access decisions', digest: '0'.repeat(64) } } }), status: 201 }],

  get('/v1/keys'),
  ['POST /v1/keys', { request: () => ({ path: '/v1/keys', body: { role: 'auditor', days: 1 } }), status: 201 }],
  [
    'POST /v1/keys/certificates',
    {
      request: async (_, { origin }) => {
        const { cert, key } = await (await TestAuthority.make()).issue('client');
        return { path: '/v1/keys/certificates', body: { role: 'auditor', days: 1, certificate: cert, proof: sign('sha256', Buffer.from(proofText(origin)), key).toString('base64') } };
      },
      status: 201,
    },
  ],
  ['POST /v1/keys/:prefix/rotate', { make: keyOf, absent: 'pl_00000000', request: (prefix) => ({ path: `/v1/keys/${prefix}/rotate`, body: {} }), status: 201 }],
  ['POST /v1/keys/:prefix/revoke', { make: keyOf, absent: 'pl_00000000', request: (prefix) => ({ path: `/v1/keys/${prefix}/revoke`, body: { reason: 'unused' } }) }],
  get('/v1/people'),
  ['POST /v1/people/:principal/revoke', { make: ({ person }) => person(), absent: `prn_${ABSENT}`, request: (principal) => ({ path: `/v1/people/${principal}/revoke`, body: { reason: 'left' } }) }],
  ['POST /v1/access/explain', { make: async ({ principals }) => String(principals['auditor']), absent: `prn_${ABSENT}`, request: (principal) => ({ path: '/v1/access/explain', body: { principal, action: 'read', resource: 'log' } }) }],

  get('/v1/break-glass'),
  ['POST /v1/break-glass', { request: () => ({ path: '/v1/break-glass', body: { role: 'auditor', minutes: 60, reason: 'something broke tonight' } }), status: 201 }],
  [
    'POST /v1/break-glass/:id/review',
    {
      make: async (tenant) => String((await tenant.do(await tenant.newcomer('operator'), 'POST', '/v1/break-glass', { role: 'auditor', minutes: 60, reason: 'something broke tonight' })).json['id']),
      absent: `bg_${ABSENT}`,
      request: (id) => ({ path: `/v1/break-glass/${id}/review`, body: { verdict: 'justified' } }),
    },
  ],

  ['POST /v1/subjects/erasures', { make: async () => 'somebody', absent: 'nobody-at-all', request: (subject) => ({ path: '/v1/subjects/erasures', body: { subject, reason: 'subject-request' } }), status: 202 }],
  [
    'GET /v1/subjects/erasures/:id/certificate',
    {
      make: async (tenant) => {
        const id = await erasure(tenant);
        await tenant.do('privacy-officer-3', 'POST', `/v1/requests/${id}/approvals`, { decision: 'approve' });
        return id;
      },
      absent: `req_${ABSENT}`,
      request: (id) => ({ path: `/v1/subjects/erasures/${id}/certificate` }),
    },
  ],
  ['POST /v1/subjects/reports', { make: async () => 'somebody', absent: 'nobody-at-all', request: (subject) => ({ path: '/v1/subjects/reports', body: { subject } }) }],
  get('/v1/requests'),
  ['GET /v1/requests/:id', { make: erasure, absent: `req_${ABSENT}`, request: (id) => ({ path: `/v1/requests/${id}` }), attributes: () => ({ kind: 'erasure' }) }],
  ['POST /v1/requests/:id/approvals', { make: erasure, absent: `req_${ABSENT}`, request: (id) => ({ path: `/v1/requests/${id}/approvals`, body: { decision: 'reject' } }), attributes: () => ({ kind: 'erasure' }) }],
  get('/v1/legal-holds'),
  ['POST /v1/legal-holds', { request: () => ({ path: '/v1/legal-holds', body: { models: ['held-model'], reason: 'litigation' } }), status: 201 }],
  ['POST /v1/legal-holds/:id/release', { make: hold, absent: `hold_${ABSENT}`, request: (id) => ({ path: `/v1/legal-holds/${id}/release`, body: { reason: 'ended' } }), status: 202 }],
  get('/v1/retention'),
  ['POST /v1/retention/runs', { request: () => ({ path: '/v1/retention/runs', body: {} }) }],
  get('/v1/key-epochs'),
  ['POST /v1/key-epochs', { request: () => ({ path: '/v1/key-epochs' }) }],

  get('/v1/log'),
  ['GET /v1/log/entries/:index', { request: () => ({ path: '/v1/log/entries/0' }) }],
  ['GET /v1/log/consistency', { request: () => ({ path: '/v1/log/consistency?from=1&to=2' }) }],
  ['GET /v1/log/checkpoints/:size', { make: ({ checkpoint }) => checkpoint(), absent: '999999999', request: (size) => ({ path: `/v1/log/checkpoints/${size}` }) }],
] as [string, RouteExample][]);
