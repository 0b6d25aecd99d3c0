/** Records to store, each with everything set and whatever a test wants to be otherwise. */
import { randomBytes } from 'node:crypto';
import type {
  Credential,
  Invite,
  IssuedCertificate,
  PendingEnrolment,
  PendingIssue,
} from '../../src/authority/records.ts';
import { assembleCertificate, encodeDraft } from '../../src/ssh/certificate.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';

/** The time of all samples, Unix seconds. */
export const NOW = 1_800_000_000;

/** Bytes that are nobody's Buffer, so that they compare equal to what comes out of the store. */
export function bytes(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}

export function token(length = 16): string {
  return randomBytes(length).toString('base64url');
}

export function sampleIssue(changes: Partial<PendingIssue> = {}): PendingIssue {
  return {
    action: 'issue',
    certificates: [
      {
        request: {
          purpose: 'login',
          subject: { type: 'ssh-ed25519', point: bytes(32) },
          logins: ['alice', 'deploy'],
          hosts: ['web1'],
          lifetime: 3600,
        },
        drafts: [bytes(300)],
      },
    ],
    state: { kind: 'pending' },
    ...sampleBase(),
    ...changes,
  };
}

export function sampleEnrolment(changes: Partial<PendingEnrolment> = {}): PendingEnrolment {
  return { action: 'enroll', inviteId: token(32), state: { kind: 'pending' }, ...sampleBase(), ...changes };
}

function sampleBase() {
  return {
    id: token(),
    person: 'alice',
    nonce: bytes(32),
    createdAt: NOW,
    expiresAt: NOW + 120,
    keepUntil: NOW + 120,
    askedFrom: '192.0.2.1',
    askedNetwork: '192.0.2.1',
    pollSecretHash: bytes(32),
    version: 0,
  };
}

export function sampleCredential(changes: Partial<Credential> = {}): Credential {
  return {
    id: token(),
    person: 'alice',
    kind: 'webauthn',
    publicKey: bytes(77),
    rpId: 'ca.example.org',
    counter: 0,
    attestedBy: [],
    source: 'enrolled',
    label: 'the blue one',
    createdAt: NOW,
    ...changes,
  };
}

export function sampleInvite(changes: Partial<Invite> = {}): Invite {
  return { id: token(32), person: 'alice', createdAt: NOW, expiresAt: NOW + 3600, ...changes };
}

export function sampleCertificate(changes: Partial<IssuedCertificate> = {}): IssuedCertificate {
  return {
    serial: randomSerial(),
    purpose: 'login',
    person: 'alice',
    keyId: 'login:alice:sample',
    requestId: token(),
    issuedAt: NOW,
    validAfter: NOW - 300,
    validBefore: NOW + 72_000,
    certificate: certificateFor(samplePublicKey(), samplePublicKey()),
    ...changes,
  };
}

export function samplePublicKey(): PublicKey {
  return { type: 'ssh-ed25519', point: bytes(32) };
}

/** Of the right form, for one key and by another; nobody signed it. */
export function certificateFor(subject: PublicKey, authority: PublicKey): Uint8Array {
  const draft = encodeDraft({
    ...{
      nonce: bytes(32),
      subject,
      serial: 1n,
      type: 'user',
      keyId: 'login:alice:sample',
      principals: ['alice'],
    },
    ...{
      validAfter: BigInt(NOW),
      validBefore: BigInt(NOW + 60),
      criticalOptions: [],
      extensions: [],
      authority,
    },
  });
  return assembleCertificate(draft, bytes(83));
}

/** 63 bits, never 0. */
export function randomSerial(): bigint {
  return (randomBytes(8).readBigUInt64BE() >> 1n) | 1n;
}
