/** Which bundle a host takes over. */
import { describe, expect, it } from 'vitest';
import type { BundleStatement } from '../../../src/fleet/host/bundle-statement.ts';
import {
  acceptBundle,
  formatBundleStatement,
  HOST_BUNDLE_NAMESPACE,
  openBundleStatement,
} from '../../../src/fleet/host/bundle-statement.ts';
import { MAX_ARCHIVE_BYTES } from '../../../src/fleet/host/file-limits.ts';
import { HOST_NAMESPACE } from '../../../src/fleet/host/signed-document.ts';
import { BUNDLE_NAMESPACE } from '../../../src/ssh/bundle-namespace.ts';
import { codeOf } from '../../support/code-of.ts';
import { EC, ED, signedBy } from './documents.ts';

const NOW = 1_800_000_000;
const STATEMENT: BundleStatement = {
  authority: 'https://ca.example.org',
  host: 'web1',
  number: NOW,
  madeAt: NOW,
  freshUntil: NOW + 7 * 86_400,
  filesHash: 'ab'.repeat(32),
  filesSize: 20_480,
};
const EXPECTED = { authority: STATEMENT.authority, host: 'web1', number: NOW - 1, now: NOW + 60 };

const signed = (namespace = HOST_BUNDLE_NAMESPACE, keys = [ED]) =>
  signedBy(formatBundleStatement(STATEMENT), keys, namespace);

describe('a bundle statement', () => {
  it('is read with the key that the host pinned', () => {
    expect(openBundleStatement(signed(), ED.publicKey)).toEqual(STATEMENT);
  });

  it.each<[string, string, string]>([
    ['signed by another key', signed(HOST_BUNDLE_NAMESPACE, [EC]), 'not-trusted'],
    ['signed by another key beside it', signed(HOST_BUNDLE_NAMESPACE, [ED, EC]), 'bad-document'],
    ['signed as a document of a host', signed(HOST_NAMESPACE), 'bad-signature'],
    ['signed as the bundle for people', signed(BUNDLE_NAMESPACE), 'bad-signature'],
    ['changed', signed().replace('host web1', 'host web2'), 'bad-signature'],
    ['without signature', formatBundleStatement(STATEMENT), 'bad-signature'],
    ['endless', signed() + 'x'.repeat(8192), 'bad-document'],
  ])('%s: refused', (_fault, text, code) => {
    expect(codeOf(() => openBundleStatement(text, ED.publicKey))).toBe(code);
  });

  it('promises no more bytes than a host takes', () => {
    const filesSize = MAX_ARCHIVE_BYTES + 1;
    expect(codeOf(() => formatBundleStatement({ ...STATEMENT, filesSize }))).toBe('bad-document');
  });
});

describe('a host', () => {
  it.each<[string, Partial<typeof EXPECTED>]>([
    ['a newer one', {}],
    ['the first one', { number: 0 }],
    ['the same once more', { number: NOW }],
    ['one whose authority is ahead by five minutes', { now: NOW - 300 }],
    ['one in its last second', { now: STATEMENT.freshUntil - 1 }],
  ])('takes %s', (_name, changes) => {
    expect(() => acceptBundle(STATEMENT, { ...EXPECTED, ...changes })).not.toThrow();
  });

  it.each<[string, Partial<typeof EXPECTED>, string]>([
    ['of another authority', { authority: 'https://evil.example' }, 'other-authority'],
    ['for another host', { host: 'web2' }, 'other-host'],
    ['that is older than its own', { number: NOW + 1 }, 'old-statement'],
    ['of the future', { now: NOW - 3601 }, 'made-in-the-future'],
    ['that is no longer fresh', { now: STATEMENT.freshUntil }, 'stale-bundle'],
  ])('takes none %s', (_name, changes, code) => {
    expect(codeOf(() => acceptBundle(STATEMENT, { ...EXPECTED, ...changes }))).toBe(code);
  });

  it('takes none whose number is far ahead, after which no other one would count', () => {
    const take = (number: number) => () => acceptBundle({ ...STATEMENT, number }, EXPECTED);
    expect(codeOf(take(EXPECTED.now + 3601))).toBe('made-in-the-future');
    expect(take(EXPECTED.now + 3600)).not.toThrow();
  });
});
