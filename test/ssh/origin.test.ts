import { expect, it } from 'vitest';
import { mayBeAuthority } from '../../src/ssh/origin.ts';

it.each([
  'http://ca.example.org',
  'http://127.0.0.1:8022',
  'http://[::1]:8022',
  'http://localhost.example.org',
  'http://notlocalhost',
  'ftp://localhost',
])('%s can not be the address of an authority', (address) => {
  expect(mayBeAuthority(new URL(address))).toBe(false);
});

it.each(['https://ca.example.org', 'http://localhost:8022', 'http://ca.localhost'])(
  '%s can be the address of an authority',
  (address) => {
    expect(mayBeAuthority(new URL(address))).toBe(true);
  },
);
