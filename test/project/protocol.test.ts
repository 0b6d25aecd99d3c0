/** Each message of docs/protocol.md, built from the fields as they stand there, is the one that the code makes. */
import { readFileSync } from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { issueAction, touchCode, touchDigest } from '../../src/fido/touch-digest.ts';
import { Bundle } from '../../src/http/contract/bundle.ts';
import type { Act } from '../../src/ssh/act.ts';
import { ACT_KINDS } from '../../src/ssh/act.ts';
import { possessionMessage } from '../../src/ssh/possession.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import { callMessage } from '../../src/ssh/signed-call.ts';
import { WireWriter } from '../../src/ssh/wire.ts';

const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

type Values = Readonly<Record<string, string | bigint | Uint8Array>>;

/** The fields of the named blocks, in order. A field in quotation marks is its own value. */
function build(names: readonly string[], values: Values): Uint8Array {
  const writer = new WireWriter();
  for (const name of names) for (const line of linesOf(name)) writeField(writer, line, values);
  return writer.bytes();
}

function linesOf(name: string): readonly string[] {
  const [, block] = new RegExp(`\`\`\`${name}\n(.*?)\`\`\``, 's').exec(page) ?? [];
  if (block === undefined) throw new Error(`docs/protocol.md has no block "${name}"`);
  return block.trimEnd().split('\n');
}

function writeField(writer: WireWriter, line: string, values: Values): void {
  const [, type = '', field = ''] = /^(string|uint64) +("[^"]*"|[a-z-]+)/.exec(line) ?? [];
  const value = field.startsWith('"') ? field.slice(1, -1) : values[field];
  if (type === 'uint64' && typeof value === 'bigint') writer.uint64(value);
  else if (type === 'string' && value !== undefined && typeof value !== 'bigint') writer.string(value);
  else throw new Error(`the line "${line}" names no field that is known here`);
}

const origin = 'https://ca.example.org';
const nonce = new Uint8Array(32).fill(7);
const key: PublicKey = { type: 'ssh-ed25519', point: new Uint8Array(32).fill(9) };

test('possession message', () => {
  const values = {
    origin,
    person: 'alice',
    purpose: 'login',
    key: encodePublicKey(key),
    time: 1_800_000_000n,
  };
  const message = possessionMessage({ ...values, key, time: 1_800_000_000 });
  expect(message).toEqual(build(['possession message'], values));
});

test('touch digest of certificates', () => {
  const draftHashes = [sha256(nonce), sha256(new Uint8Array())];
  const list = new WireWriter();
  for (const hash of draftHashes) list.string(hash);
  const frame = { origin, requestId: 'r'.repeat(22), nonce };
  const digest = touchDigest({ ...frame, expiresAt: 5, action: { kind: 'issue', draftHashes } });
  const values = { origin, action: 'issue', 'request-id': frame.requestId, nonce, 'expires-at': 5n };
  const names = ['touch digest', 'touch digest issue'];
  expect(digest).toEqual(sha256(build(names, { ...values, 'draft-hashes': list.bytes() })));
});

test('touch digest of certificates with a reason', () => {
  const draftHashes = [sha256(nonce)];
  const frame = { origin, requestId: 'r'.repeat(22), nonce };
  const digest = touchDigest({ ...frame, expiresAt: 5, action: issueAction(draftHashes, 'deploy') });
  const values = {
    ...{ origin, action: 'issue-with-reason', 'request-id': frame.requestId, nonce, 'expires-at': 5n },
    'draft-hashes': new WireWriter().string(sha256(nonce)).bytes(),
    reason: 'deploy',
  };
  expect(digest).toEqual(sha256(build(['touch digest', 'touch digest issue-with-reason'], values)));
});

test.each(['approve', 'reject'] as const)('touch digest of the answer %s', (action) => {
  const frame = { origin, requestId: 'r'.repeat(22), nonce };
  const requestDigest = sha256(nonce);
  const digest = touchDigest({ ...frame, expiresAt: 5, action: { kind: action, requestDigest } });
  const values = {
    ...{ origin, action, 'request-id': frame.requestId, nonce, 'expires-at': 5n },
    'request-digest': requestDigest,
  };
  expect(digest).toEqual(sha256(build(['touch digest', 'touch digest answer'], values)));
});

test('touch digest of an enrolment', () => {
  const frame = { origin, requestId: 'r'.repeat(22), nonce };
  const made = { person: 'alice', credentialId: 'id', publicKey: Uint8Array.of(1, 2), inviteId: 'ab' };
  const digest = touchDigest({ ...frame, expiresAt: 5, action: { kind: 'enroll', ...made } });
  const values = {
    ...{ origin, action: 'enroll', 'request-id': frame.requestId, nonce, 'expires-at': 5n },
    ...{ person: 'alice', 'credential-id': 'id', 'public-key': made.publicKey, 'invite-id': 'ab' },
  };
  expect(digest).toEqual(sha256(build(['touch digest', 'touch digest enroll'], values)));
});

const KEY = `SHA256:${'k'.repeat(43)}`;

/** Each kind of act with what its block in the document calls the fields. */
const ACTS: readonly (readonly [Act, Values])[] = [
  [
    { kind: 'invite-host', host: 'web1', tokenHash: sha256(nonce) },
    { host: 'web1', 'token-hash': sha256(nonce) },
  ],
  [
    { kind: 'revoke', target: { kind: 'person', name: 'alice' }, reason: 'lost' },
    { 'target-kind': 'person', target: 'alice', reason: 'lost' },
  ],
  [
    { kind: 'stage-ca', purpose: 'login', key: '' },
    { purpose: 'login', key: '' },
  ],
  [
    { kind: 'activate-ca', purpose: 'host', key: KEY, evenWithout: ['db1', 'web1'] },
    {
      ...{ purpose: 'host', key: KEY },
      'even-without': new WireWriter().string('db1').string('web1').bytes(),
    },
  ],
  [
    { kind: 'retire-ca', purpose: 'sudo', key: KEY },
    { purpose: 'sudo', key: KEY },
  ],
  [
    { kind: 'revoke-ca', purpose: 'login', key: KEY, reason: 'stolen' },
    { purpose: 'login', key: KEY, reason: 'stolen' },
  ],
];

test.each(ACTS)('touch digest of the act %j', (act, parameters) => {
  const frame = { origin, requestId: 'r'.repeat(22), nonce };
  const digest = touchDigest({ ...frame, expiresAt: 5, action: act });
  const values = {
    ...{ origin, action: act.kind, 'request-id': frame.requestId, nonce, 'expires-at': 5n },
    parameters: build([`act ${act.kind}`], parameters),
  };
  expect(digest).toEqual(sha256(build(['touch digest', 'touch digest act'], values)));
});

test('every kind of act is explained', () => {
  expect(ACTS.map(([{ kind }]) => kind)).toEqual(ACT_KINDS);
});

test('code', () => {
  const digest = sha256(nonce);
  const hash = sha256(build(['touch code'], { digest }));
  const bits = hash.subarray(0, 5).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  // JavaScript's digits of base 32 are 0-9 and a-v; Crockford leaves out I, L, O and U.
  const digits = [...bits.toString(32).padStart(8, '0')].map(
    (digit) => CROCKFORD[Number.parseInt(digit, 32)],
  );
  const expected = digits.join('');
  expect(touchCode(digest)).toBe(`${expected.slice(0, 4)}-${expected.slice(4)}`);
});

test('signed call', () => {
  const call = { origin, method: 'GET', target: '/v1/me?a=b', nonce: 'n'.repeat(22) };
  const [body, certificate] = [Uint8Array.of(1), Uint8Array.of(2)];
  const values = {
    ...call,
    ...{ 'body-hash': sha256(body), 'certificate-hash': sha256(certificate), time: 5n },
  };
  expect(callMessage({ ...call, body, certificate, time: 5 })).toEqual(build(['signed call'], values));
});

test('every route stands in its table, and no other', () => {
  const openApi = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
  const real = Object.entries<object>(openApi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  );
  const documented = [...page.matchAll(/^\| `([A-Z]+ \/[^`?]*)/gm)].map(([, route]) => route ?? '');
  const hidden = ['GET /openapi.json', 'GET /touch'];
  expect(documented.filter((route) => !hidden.includes(route)).sort()).toEqual(real.sort());
});

test('every field of the bundle is explained', () => {
  const [, section = ''] = page.split(/^## (?:The bundle|Signed calls)$/m);
  const rows = [...section.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = '']) =>
    names.split(', '),
  );
  const fields = rows.map((name) => name.replaceAll('`', ''));
  expect(fields.sort()).toEqual(Object.keys(Bundle.properties).sort());
});
