import { expect, it } from 'vitest';
import { isAuthorityOrigin, mayBeAuthority } from '../../src/ssh/origin.ts';

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

it.each([
  '',
  'ca.example.org',
  'http://ca.example.org',
  'https://ca.example.org/',
  'https://ca.example.org/x',
  'https://CA.example.org',
  'https://ca.example.org:443',
  'https://alice@ca.example.org',
  'https://ca.example.org ',
  'https://ca.example.org#x',
])('%j is no origin of an authority, as browsers write it', (text) => {
  expect(isAuthorityOrigin(text)).toBe(false);
});

it.each(['https://ca.example.org', 'https://ca.example.org:8443', 'http://localhost:8022'])(
  '%j is one',
  (text) => {
    expect(isAuthorityOrigin(text)).toBe(true);
  },
);
