import { expect, it } from 'vitest';
import { networkOf } from '../../src/http/network.ts';

it.each([
  ['2001:db8::1', '2001:db8:0:0:ffff::2'],
  ['2001:db8:0:0:1::', '2001:db8::'],
])('%s and %s are one caller', (a, b) => expect(networkOf(a)).toBe(networkOf(b)));

it.each([
  ['2001:db8::1', '2001:db8:0:1::1'],
  ['192.0.2.1', '192.0.2.2'],
  ['192.0.2.1', '2001:db8::1'],
])('%s and %s are two', (a, b) => expect(networkOf(a)).not.toBe(networkOf(b)));
