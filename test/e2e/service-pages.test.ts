import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type Answer, type TestService } from './service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const get = (path: string, by?: string): Promise<Answer> => service.call('GET', path, by);

describe('health', () => {
  test('live and ready need no key', async () => {
    expect((await get('/health/live')).json).toEqual({ status: 'live' });
    expect((await get('/health/ready')).json).toEqual({ status: 'ready', findings: [] });
  });

  test('is not ready while the clock is wrong, and says so', async () => {
    let skew = 0;
    const skewed = await startTestService({}, { clock: { now: () => Date.now() + skew } });
    try {
      expect((await skewed.call('GET', '/health/ready')).status).toBe(200);
      skew = 60_000;
      let answer = await skewed.call('GET', '/health/ready');
      for (let i = 0; i < 100 && answer.status === 200; i++) {
        await new Promise((done) => setTimeout(done, 100));
        answer = await skewed.call('GET', '/health/ready');
      }
      expect([answer.status, answer.json]).toEqual([
        503,
        { status: 'not ready', findings: [{ code: 'clock-skew', detail: expect.stringContaining('ahead of') }] },
      ]);
      expect((await skewed.call('GET', '/health/live')).status).toBe(200);
      const refused = await skewed.call('POST', '/v1/predictions', 'producer', { id: 'a', model: 'm', version: '1', inputs: {}, output: {} });
      expect([refused.status, refused.json['code'], refused.headers.get('retry-after')]).toEqual([503, 'clock-skew', '5']);
      // Reads go on.
      expect((await skewed.call('GET', '/v1/predictions', 'auditor')).status).toBe(200);
    } finally {
      await skewed.close();
    }
  });
});

interface OpenApi {
  paths: Record<string, Record<string, { security?: unknown[]; parameters?: { name: string; in: string; required: boolean }[]; requestBody?: unknown }>>;
}

describe('/openapi.json', () => {
  let document: OpenApi;
  beforeAll(async () => {
    document = (await get('/openapi.json')).json as unknown as OpenApi;
  });

  test('describes every path of the API', () => {
    expect(Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`)).sort()).toEqual([
      'delete /v1/evidence/{id}',
      'get /health/live',
      'get /health/ready',
      'get /logs/{log}/checkpoint',
      'get /logs/{log}/tile/{path}',
      'get /logs/{log}/vkey',
      'get /logs/{log}/vkeys',
      'get /metrics',
      'get /v1/break-glass',
      'get /v1/evidence',
      'get /v1/evidence/{id}',
      'get /v1/evidence/{id}/bundle',
      'get /v1/intake-totals',
      'get /v1/key-epochs',
      'get /v1/keys',
      'get /v1/legal-holds',
      'get /v1/log',
      'get /v1/log/checkpoints/{size}',
      'get /v1/log/consistency',
      'get /v1/log/entries/{index}',
      'get /v1/models',
      'get /v1/models/{model}/deployments',
      'get /v1/models/{model}/versions',
      'get /v1/models/{model}/versions/{version}',
      'get /v1/models/{model}/versions/{version}/deployments',
      'get /v1/models/{model}/versions/{version}/ml-bom',
      'get /v1/people',
      'get /v1/predictions',
      'get /v1/predictions/{id}',
      'get /v1/predictions/{id}/lineage',
      'get /v1/predictions/{id}/proof',
      'get /v1/predictions/{id}/receipt',
      'get /v1/quarantine',
      'get /v1/quarantine/{id}',
      'get /v1/requests',
      'get /v1/requests/{id}',
      'get /v1/retention',
      'get /v1/subjects/erasures/{id}/certificate',
      'post /v1/access/explain',
      'post /v1/activity-reviews',
      'post /v1/break-glass',
      'post /v1/break-glass/{id}/review',
      'post /v1/detokenize',
      'post /v1/evidence',
      'post /v1/key-epochs',
      'post /v1/keys',
      'post /v1/keys/certificates',
      'post /v1/keys/{prefix}/revoke',
      'post /v1/keys/{prefix}/rotate',
      'post /v1/legal-holds',
      'post /v1/legal-holds/{id}/release',
      'post /v1/lineage/affected',
      'post /v1/models/{model}/versions',
      'post /v1/models/{model}/versions/{version}/approvals',
      'post /v1/models/{model}/versions/{version}/deployments',
      'post /v1/people/{principal}/revoke',
      'post /v1/predictions',
      'post /v1/predictions/batch',
      'post /v1/predictions/search',
      'post /v1/predictions/{id}/corrections',
      'post /v1/predictions/{id}/outcomes',
      'post /v1/predictions/{id}/replay',
      'post /v1/predictions/{id}/reviews',
      'post /v1/quarantine/{id}/reject',
      'post /v1/quarantine/{id}/release',
      'post /v1/requests/{id}/approvals',
      'post /v1/retention/runs',
      'post /v1/subjects/erasures',
      'post /v1/subjects/reports',
    ]);
  });

  test('says of each operation who needs a key, and names the parameters that its path has', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        expect([path, operation.security !== undefined]).toEqual([path, path.startsWith('/v1/')]);
        const named = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
        expect(named).toEqual(path.match(/\{\w+\}/g) ?? []);
      }
    }
    expect(document.paths['/v1/predictions']?.['post']?.requestBody).toBeDefined();
    expect(document.paths['/v1/predictions/batch']?.['post']?.requestBody).toBeDefined();
  });
});

describe('/docs', () => {
  test('is a page whose files are all there', async () => {
    const page = await get('/docs');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    const files = [...page.text.matchAll(/(?:src|href)="(\.\/docs\/[^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const file of files) expect((await get(file.slice(1))).status).toBe(200);
    expect(page.text).not.toMatch(/(?:src|href)="https?:/);
  });

  test.each(['/docs/nothing.js', '/docs/..%2f..%2fpackage.json', '/docs/%2e%2e/%2e%2e/package.json', '/docs/..%5c..%5cpackage.json', '/docs/.env'])(
    '%s is 404',
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );
});

describe('headers', () => {
  test.each([
    ['/v1/log', 'auditor', 'no-store'],
    ['/v1/log/entries/0', 'auditor', 'no-store'],
    ['/v1/predictions', 'auditor', 'no-store'],
    ['/v1/predictions/none', 'auditor', 'no-store'],
    ['/v1/predictions', undefined, 'no-store'],
    ['/nothing', undefined, 'no-store'],
    ['/health/live', undefined, 'no-store'],
    ['/openapi.json', undefined, 'no-store'],
    ['/logs/default/checkpoint', undefined, 'public, no-cache'],
    ['/logs/default/checkpoint/%zz', undefined, 'no-store'],
  ])('%s as %s: cache-control %s, nosniff, and nothing of what runs here', async (path, by, caching) => {
    const { headers } = await get(path, by);
    expect(headers.get('cache-control')).toBe(caching);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('server')).toBeNull();
  });

  test('a refusal for want of a key says how to bring one', async () => {
    const { status, headers } = await get('/v1/log');
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });
});
