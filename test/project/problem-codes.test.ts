import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AuthorityErrorCode } from '../../src/authority/error.ts';
import { AuthorityError } from '../../src/authority/error.ts';
import { problemOf } from '../../src/http/problem.ts';
import { DENIAL_CODES } from '../../src/policy/decision.ts';

/** The compiler refuses this when a code is missing, and when one is there that nobody throws any more. */
const CODES: Readonly<Record<Exclude<AuthorityErrorCode, (typeof DENIAL_CODES)[number]>, true>> = {
  'no-roster': true,
  'bad-key': true,
  'possession-not-proven': true,
  'clock-skew': true,
  'unknown-request': true,
  'request-expired': true,
  'request-answered': true,
  'request-rejected': true,
  'ask-apart': true,
  'own-request': true,
  'not-an-approver': true,
  'already-approved': true,
  'too-many-waiting': true,
  'signature-refused': true,
  'wrong-code': true,
  'page-not-proven': true,
  'page-already-proven': true,
  'touch-refused': true,
  'user-verification-required': true,
  'attestation-required': true,
  'touched-elsewhere': true,
  'too-many-certificates': true,
  'ca-key-changed': true,
  'too-large-to-log': true,
  'signing-failed': true,
  'invite-unknown': true,
  'invite-used': true,
  'invite-expired': true,
  'credential-exists': true,
  'credential-refused': true,
  'call-not-signed': true,
  'call-refused': true,
  'call-replayed': true,
  'unknown-credential': true,
  'bad-roster': true,
  'unknown-host': true,
  'unknown-machine': true,
  'machine-locked': true,
  'token-unknown': true,
  'token-used': true,
  'token-expired': true,
  'renewal-refused': true,
  'host-call-refused': true,
  'too-many-reports': true,
  'bundle-changed': true,
  'nothing-to-revoke': true,
  'key-revoked': true,
  'no-ca-key': true,
  'unknown-ca-key': true,
  'wrong-ca-state': true,
  'hosts-lack-key': true,
  'clients-lack-key': true,
  'statement-refused': true,
};

const HTTP_STATUSES = [400, 404, 413, 415, 429, 500, 503];

const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const [, ofAuthority = '', ofHttp = ''] = page.split(/### Of the authority|### Of HTTP/);

/** Code and status of each row. */
function documented(section: string): readonly string[] {
  return [...section.matchAll(/^\| `([a-z-]+)` \| (\d+) \|/gm)].map(
    ([, code, status]) => `${code} ${status}`,
  );
}

test('docs/protocol.md explains every code of the authority with its status, and no other', () => {
  // A cast: the keys of the record are exactly these.
  const codes = [...DENIAL_CODES, ...(Object.keys(CODES) as AuthorityErrorCode[])];
  const real = codes.map((code) => `${code} ${problemOf(new AuthorityError(code, '')).status}`);
  expect([...documented(ofAuthority)].sort()).toEqual([...real].sort());
});

test('docs/protocol.md explains every code of HTTP with its status, and no other', () => {
  const real = HTTP_STATUSES.map((statusCode) => problemOf({ statusCode })).map(
    ({ code, status }) => `${code} ${status}`,
  );
  expect([...documented(ofHttp)].sort()).toEqual([...real].sort());
  for (const statusCode of [401, 402, 418, 501, 599])
    expect(problemOf({ statusCode })).toMatchObject({ code: 'internal' });
});
