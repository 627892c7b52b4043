import { describe, expect, test } from '@jest/globals';
import { isAddressRange, TrustedProxies } from '../../src/http/trusted-proxies.ts';

describe('trusted proxies', () => {
  const proxies = new TrustedProxies(['127.0.0.1', '10.0.0.0/8', '2001:db8::/32']);

  test.each([
    ['127.0.0.1', true], ['::ffff:127.0.0.1', true], ['10.1.2.3', true], ['2001:db8::1', true], ['::ffff:10.9.9.9', true],
    ['11.0.0.1', false], ['127.0.0.2', false], ['::1', false], ['2001:db9::1', false], ['', false], ['10.0.0.1, 10.0.0.2', false], ['localhost', false], [undefined, false],
  ])('%s: %s', (address, isTrusted) => {
    expect(proxies.has(address)).toBe(isTrusted);
  });

  test.each([
    ['192.0.2.1', '10.0.0.1', '192.0.2.1'],
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['127.0.0.1', '192.0.2.7', '192.0.2.7'],
    ['127.0.0.1', '1.2.3.4, 192.0.2.7', '192.0.2.7'],
    ['127.0.0.1', '1.2.3.4, 192.0.2.7, 10.0.0.9', '192.0.2.7'],
    ['127.0.0.1', '10.0.0.8, 10.0.0.9', '10.0.0.8'],
    ['127.0.0.1', ['1.2.3.4', '192.0.2.7'], '192.0.2.7'],
  ])('from %s with %j a request comes from %s', (remote, forwarded, source) => {
    expect(proxies.sourceOf(remote, forwarded)).toBe(source);
  });

  test('are addresses and ranges that do not hold everybody', () => {
    for (const right of ['127.0.0.1', '::1', '10.0.0.0/8', '2001:db8::/32', '192.0.2.1/32']) expect(isAddressRange(right)).toBe(true);
    for (const wrong of ['', '*', '0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', 'loopback', '10.0.0.0/8/8', ' 127.0.0.1']) expect(isAddressRange(wrong)).toBe(false);
  });
});
