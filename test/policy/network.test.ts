import { expect, it } from 'vitest';
import { networkOf } from '../../src/policy/network.ts';

it.each([
  ['2001:db8::1', '2001:db8:0:0:ffff::2'],
  ['2001:db8:0:0:1::', '2001:db8::'],
  ['192.0.2.1', '::ffff:192.0.2.1'],
  ['192.0.2.1', '::FFFF:192.0.2.1'],
  ['127.0.0.1', '::1'],
  ['127.0.0.1', '127.8.9.10'],
  ['::ffff:127.0.0.1', '::1'],
])('%s and %s are one caller', (a, b) => expect(networkOf(a)).toBe(networkOf(b)));

it.each([
  ['2001:db8::1', '2001:db8:0:1::1'],
  ['192.0.2.1', '192.0.2.2'],
  ['192.0.2.1', '2001:db8::1'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.2'],
  ['128.0.0.1', '127.0.0.1'],
  ['::1', '::2'],
  ['::1', '192.0.2.1'],
])('%s and %s are two', (a, b) => expect(networkOf(a)).not.toBe(networkOf(b)));
