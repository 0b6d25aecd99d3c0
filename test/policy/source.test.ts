import { expect, it } from 'vitest';
import { sourceAllows } from '../../src/policy/source.ts';

it.each([
  ['10.0.0.0/8', '11.0.0.1'],
  ['10.0.0.0/8', '::1'],
  ['10.0.0.0/8', ''],
  ['10.0.0.0/8', '10.0.0.0/9'],
  ['', '10.0.0.1'],
  ['10.0.0.0/8,nonsense', '10.0.0.1'],
  ['2001:db8::/32', '2001:db9::1'],
])('source-address %j does not allow %j', (list, address) => {
  expect(sourceAllows(list, address)).toBe(false);
});

it.each([
  ['10.0.0.0/8', '10.255.255.255'],
  ['192.0.2.1/32,10.0.0.0/8', '10.0.0.1'],
  ['10.0.0.0/8', '::ffff:10.0.0.1'],
  ['2001:db8::/32', '2001:DB8:0::1'],
  ['::/0', '::1'],
])('source-address %j allows %j', (list, address) => {
  expect(sourceAllows(list, address)).toBe(true);
});
