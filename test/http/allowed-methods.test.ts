import { expect, test } from '@jest/globals';
import { AllowedMethods } from '../../src/http/allowed-methods.ts';

const allowed = new AllowedMethods();
allowed.add('/v1/predictions', 'POST');
allowed.add('/v1/predictions', ['GET', 'HEAD']);
allowed.add('/v1/predictions/:id', 'GET');
allowed.add('/v1/predictions/batch', 'POST');
allowed.add('/logs/:log/tile/*', 'GET');
allowed.add('/openapi.json', 'GET');

test.each([
  ['/v1/predictions', 'GET, HEAD, POST'],
  ['/v1/predictions?model=a/b', 'GET, HEAD, POST'],
  ['/v1/predictions/a', 'GET'],
  ['/v1/predictions/a%2Fb', 'GET'],
  ['/v1/predictions/batch', 'GET, POST'],
  ['/logs/x/tile/0/x001/002', 'GET'],
  ['/logs/x/tile/', 'GET'],
  ['/openapi.json', 'GET'],
])('%s takes %s', (url, methods) => {
  expect(allowed.of(url)).toBe(methods);
});

test.each(['/v1/predictions/', '/v1/predictions/a/b', '/v1', '/', '', '/logs//tile/0', '/openapixjson', 'x/openapi.json', '/openapi.json\n', '/V1/predictions'])('%p is no path of a route', (url) => {
  expect(allowed.of(url)).toBe('');
});
