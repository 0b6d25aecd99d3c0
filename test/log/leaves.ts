/** Leaves for tests: one good one of each kind, and arbitrary ones. */
import { hex } from '@scure/base';
import fc from 'fast-check';
import { REVOCATION_CAUSES } from '../../src/log/act-bodies.ts';
import type { Leaf, LeafOf, ReviewedCertificateLeaf } from '../../src/log/leaf.ts';
import type { LoggedTouch } from '../../src/log/leaf-fields.ts';
import { ALARMS, LOCK_REASONS } from '../../src/log/machine-bodies.ts';
import { CA_KEY_STATES } from '../../src/log/trust-bodies.ts';
import { ACT_KINDS } from '../../src/ssh/act.ts';

const KIND = fc.constantFrom('webauthn' as const, 'ssh-sk' as const);
const PERSON = fc.stringMatching(/^[a-z_][a-z0-9._-]{0,63}$/);
const TIME = fc.integer({ min: 0, max: 253_402_300_799 });
const HASH = fc.uint8Array({ minLength: 32, maxLength: 32 });
const PURPOSE = fc.constantFrom('login', 'sudo', 'builder', 'host');
const ORIGIN = fc.constantFrom('https://ca.example.org', 'http://localhost:8022', 'https://[::1]:8443');
const REQUEST_ID = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/);
const CREDENTIAL_ID = fc.oneof(
  fc.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
  fc.stringMatching(/^[A-Za-z0-9_-]{1,1400}$/),
);
const RP_ID = fc.constantFrom('ca.example.org', 'ssh:', 'ssh:ca.example.org', 'localhost');

function bytes(minLength: number, maxLength: number) {
  return fc.uint8Array({ minLength, maxLength, size: 'max' });
}

const ASSERTION = {
  clientDataJson: bytes(1, 4096),
  authenticatorData: bytes(37, 1024),
  signature: bytes(1, 256),
};

const CREDENTIAL = {
  person: PERSON,
  credentialKind: KIND,
  credentialId: CREDENTIAL_ID,
  publicKey: bytes(1, 2048),
  rpId: RP_ID,
};

const REQUEST = { origin: ORIGIN, requestId: REQUEST_ID, nonce: HASH, expiresAt: TIME };

const TOUCH: fc.Arbitrary<LoggedTouch> = fc.record({ ...CREDENTIAL, ...ASSERTION });

const CERTIFICATE = {
  recordedAt: TIME,
  purpose: PURPOSE,
  person: PERSON,
  rosterDigest: HASH,
  certificate: bytes(1, 8192),
  ...REQUEST,
  index: fc.nat({ max: 63 }),
  draftHashes: fc.array(HASH, { minLength: 1, maxLength: 64 }),
};

const REASON = fc.stringMatching(/^([!-~]([ -~]{0,198}[!-~])?)?$/);

export const anyCertificateLeaf: fc.Arbitrary<LeafOf<'certificate'>> = fc.record({
  kind: fc.constant('certificate' as const),
  ...CERTIFICATE,
  touches: fc.array(TOUCH, { minLength: 1, maxLength: 3 }),
});

export const anyReviewedLeaf: fc.Arbitrary<ReviewedCertificateLeaf> = fc.record({
  kind: fc.constant('reviewed-certificate' as const),
  ...CERTIFICATE,
  touches: fc.array(TOUCH, { maxLength: 2 }),
  reason: REASON,
  approveBy: TIME,
  approvals: fc.array(TOUCH, { maxLength: 2 }),
  signer: fc.oneof(fc.constant(''), PERSON),
});

const anyBreakGlassLeaf: fc.Arbitrary<LeafOf<'break-glass'>> = fc.record({
  kind: fc.constant('break-glass' as const),
  recordedAt: TIME,
  purpose: fc.constantFrom('login' as const, 'sudo' as const),
  person: PERSON,
  certificate: bytes(1, 8192),
  reason: fc.stringMatching(/^[!-~]([ -~]{0,198}[!-~])?$/),
});

const anyEnrollLeaf: fc.Arbitrary<LeafOf<'enroll'>> = fc.record({
  kind: fc.constant('enroll' as const),
  recordedAt: TIME,
  ...CREDENTIAL,
  inviteId: HASH.map((hash) => hex.encode(hash)),
  ...REQUEST,
  ...ASSERTION,
});

const anyRemoval: fc.Arbitrary<LeafOf<'remove-credential'>> = fc.record({
  kind: fc.constant('remove-credential' as const),
  recordedAt: TIME,
  person: PERSON,
  credentialId: CREDENTIAL_ID,
  reason: fc.constantFrom('lost', 'replaced', 'left-the-company'),
});

const anyRosterLeaf: fc.Arbitrary<LeafOf<'roster'>> = fc.record({
  kind: fc.constant('roster' as const),
  recordedAt: TIME,
  digest: HASH,
});

const anyAuthorityLeaf: fc.Arbitrary<LeafOf<'authority'>> = fc.record({
  kind: fc.constant('authority' as const),
  recordedAt: TIME,
  origin: ORIGIN,
  caKeys: fc.array(fc.record({ purpose: PURPOSE, publicKey: bytes(1, 2048) }), {
    minLength: 1,
    maxLength: 24,
  }),
  logKey: fc.constant('ca.example.org+00000000+AQ=='),
  bundleKey: bytes(1, 2048),
});

const anyActLeaf: fc.Arbitrary<LeafOf<'act'>> = fc.record({
  kind: fc.constant('act' as const),
  recordedAt: TIME,
  rosterDigest: HASH,
  ...REQUEST,
  action: fc.constantFrom(...ACT_KINDS),
  parameters: bytes(1, 4096),
  touch: TOUCH,
});

const SERIAL = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });

const anyRevokeLeaf: fc.Arbitrary<LeafOf<'revoke'>> = fc.record({
  kind: fc.constant('revoke' as const),
  recordedAt: TIME,
  cause: fc.constantFrom(...REVOCATION_CAUSES),
  subject: fc.stringMatching(/^[!-~]{1,1400}$/),
  reason: REASON,
  serials: fc.array(SERIAL, { maxLength: 20 }),
  key: fc.oneof(fc.constant(''), fc.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/)),
});

const anyCaKeyLeaf: fc.Arbitrary<LeafOf<'ca-key'>> = fc.record({
  kind: fc.constant('ca-key' as const),
  recordedAt: TIME,
  purpose: PURPOSE,
  publicKey: bytes(1, 2048),
  state: fc.constantFrom(...CA_KEY_STATES),
  reason: REASON,
});

const HOST = fc.constantFrom('web1', 'web1.example.org', '10.0.0.7');
const GENERATION = fc.nat({ max: 0xffff_ffff });

const anyHostCertificateLeaf: fc.Arbitrary<LeafOf<'host-certificate'>> = fc.record({
  kind: fc.constant('host-certificate' as const),
  recordedAt: TIME,
  host: HOST,
  generation: GENERATION,
  rosterDigest: HASH,
  certificate: bytes(1, 8192),
  index: fc.nat({ max: 7 }),
  request: bytes(1, 24_000),
});

const anyLockLeaf: fc.Arbitrary<LeafOf<'lock-machine'>> = fc.record({
  kind: fc.constant('lock-machine' as const),
  recordedAt: TIME,
  host: HOST,
  generation: GENERATION,
  reason: fc.constantFrom(...LOCK_REASONS),
  request: bytes(0, 24_000),
});

const anyAlarmLeaf: fc.Arbitrary<LeafOf<'alarm'>> = fc.record({
  kind: fc.constant('alarm' as const),
  recordedAt: TIME,
  what: fc.constantFrom(...ALARMS),
  host: HOST,
  detail: fc.stringMatching(/^[ -~]{1,200}$/),
});

const anySudoStatementLeaf: fc.Arbitrary<LeafOf<'sudo-statement'>> = fc.record({
  kind: fc.constant('sudo-statement' as const),
  recordedAt: TIME,
  statement: bytes(1, 4096),
});

/** One arbitrary a kind, by name: a kind without one does not compile. */
export const anyLeaf: { readonly [K in Leaf['kind']]: fc.Arbitrary<LeafOf<K>> } = {
  certificate: anyCertificateLeaf,
  'reviewed-certificate': anyReviewedLeaf,
  'break-glass': anyBreakGlassLeaf,
  enroll: anyEnrollLeaf,
  'remove-credential': anyRemoval,
  roster: anyRosterLeaf,
  authority: anyAuthorityLeaf,
  act: anyActLeaf,
  revoke: anyRevokeLeaf,
  'ca-key': anyCaKeyLeaf,
  'host-certificate': anyHostCertificateLeaf,
  'lock-machine': anyLockLeaf,
  alarm: anyAlarmLeaf,
  'sudo-statement': anySudoStatementLeaf,
};

function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

export const touch: LoggedTouch = {
  person: 'alice',
  credentialKind: 'webauthn',
  credentialId: 'Y3JlZGVudGlhbA',
  publicKey: filled(77, 1),
  rpId: 'ca.example.org',
  clientDataJson: new TextEncoder().encode('{"type":"webauthn.get"}'),
  authenticatorData: filled(37, 2),
  signature: filled(70, 3),
};

const request = {
  origin: 'https://ca.example.org',
  requestId: 'AAAAAAAAAAAAAAAAAAAAAA',
  nonce: filled(32, 4),
  expiresAt: 1_800_000_120,
};

export const certificateLeaf: LeafOf<'certificate'> = {
  kind: 'certificate',
  recordedAt: 1_800_000_000,
  purpose: 'login',
  person: 'alice',
  rosterDigest: filled(32, 5),
  certificate: filled(300, 6),
  ...request,
  index: 1,
  draftHashes: [filled(32, 7), filled(32, 8)],
  touches: [touch],
};

export const reviewedLeaf: ReviewedCertificateLeaf = {
  ...certificateLeaf,
  kind: 'reviewed-certificate',
  purpose: 'sudo',
  reason: 'deploy of 4711',
  approveBy: 1_800_001_800,
  approvals: [{ ...touch, person: 'bob' }],
  signer: 'carol',
};

export const breakGlassLeaf: LeafOf<'break-glass'> = {
  kind: 'break-glass',
  recordedAt: 1_800_000_000,
  purpose: 'sudo',
  person: 'alice',
  certificate: filled(300, 13),
  reason: 'the authority burnt down',
};

export const enrollLeaf: LeafOf<'enroll'> = {
  kind: 'enroll',
  recordedAt: 1_800_000_000,
  inviteId: 'ab'.repeat(32),
  ...request,
  ...touch,
};

export const removalLeaf: LeafOf<'remove-credential'> = {
  kind: 'remove-credential',
  recordedAt: 1_800_000_000,
  person: 'alice',
  credentialId: `SHA256:${'a'.repeat(43)}`,
  reason: 'lost',
};

export const rosterLeaf: LeafOf<'roster'> = {
  kind: 'roster',
  recordedAt: 1_800_000_000,
  digest: filled(32, 9),
};

export const authorityLeaf: LeafOf<'authority'> = {
  kind: 'authority',
  recordedAt: 1_800_000_000,
  origin: 'https://ca.example.org',
  caKeys: [
    { purpose: 'login', publicKey: filled(51, 10) },
    { purpose: 'sudo', publicKey: filled(51, 11) },
  ],
  logKey: 'ca.example.org+00000000+AQ==',
  bundleKey: filled(51, 12),
};

export const actLeaf: LeafOf<'act'> = {
  kind: 'act',
  recordedAt: 1_800_000_000,
  rosterDigest: filled(32, 5),
  ...request,
  action: 'retire-ca',
  parameters: filled(20, 14),
  touch,
};

export const revokeLeaf: LeafOf<'revoke'> = {
  kind: 'revoke',
  recordedAt: 1_800_000_000,
  cause: 'key',
  subject: `SHA256:${'b'.repeat(43)}`,
  reason: 'the laptop is gone',
  serials: [7n, 2n ** 63n],
  key: `SHA256:${'b'.repeat(43)}`,
};

export const caKeyLeaf: LeafOf<'ca-key'> = {
  kind: 'ca-key',
  recordedAt: 1_800_000_000,
  purpose: 'login',
  publicKey: filled(51, 15),
  state: 'revoked',
  reason: 'the server was stolen',
};

export const hostCertificateLeaf: LeafOf<'host-certificate'> = {
  kind: 'host-certificate',
  recordedAt: 1_800_000_000,
  host: 'web1',
  generation: 7,
  rosterDigest: filled(32, 5),
  certificate: filled(300, 16),
  index: 1,
  request: new TextEncoder().encode('usher host certificates v1\n'),
};

export const lockLeaf: LeafOf<'lock-machine'> = {
  kind: 'lock-machine',
  recordedAt: 1_800_000_000,
  host: 'web1',
  generation: 7,
  reason: 'two-holders',
  request: new TextEncoder().encode('usher host certificates v1\n'),
};

export const alarmLeaf: LeafOf<'alarm'> = {
  kind: 'alarm',
  recordedAt: 1_800_000_000,
  what: 'unknown-serial',
  host: 'web1',
  detail: 'login 4711',
};

export const sudoStatementLeaf: LeafOf<'sudo-statement'> = {
  kind: 'sudo-statement',
  recordedAt: 1_800_000_000,
  statement: new TextEncoder().encode('usher sudo CA statement v1\n'),
};

export const goodLeaves: readonly Leaf[] = [
  certificateLeaf,
  reviewedLeaf,
  breakGlassLeaf,
  enrollLeaf,
  removalLeaf,
  rosterLeaf,
  authorityLeaf,
  actLeaf,
  revokeLeaf,
  caKeyLeaf,
  hostCertificateLeaf,
  lockLeaf,
  alarmLeaf,
  sudoStatementLeaf,
];
