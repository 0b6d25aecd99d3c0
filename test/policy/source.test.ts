import { expect, it } from 'vitest';
import { sourceAllows, sourceWithin } from '../../src/policy/source.ts';

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

it.each([
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['10.0.0.0/8', '10.1.0.0/16,10.2.0.1/32'],
  ['10.0.0.0/8,2001:db8::/32', '2001:db8:1::/48,10.0.0.0/9'],
  ['::/0', '2001:db8::/32'],
])('source-address %j allows all that %j does', (outer, inner) => {
  expect(sourceWithin(outer, inner)).toBe(true);
});

it.each([
  ['10.0.0.0/8', '10.0.0.0/7'],
  ['10.0.0.0/8', '10.1.0.0/16,192.0.2.0/24'],
  ['10.0.0.0/8', ''],
  ['10.0.0.0/8', '10.1.0.0/16,nonsense'],
  ['nonsense', '10.0.0.0/8'],
  ['0.0.0.0/0', '::/0'],
])('source-address %j does not allow all that %j does', (outer, inner) => {
  expect(sourceWithin(outer, inner)).toBe(false);
});
