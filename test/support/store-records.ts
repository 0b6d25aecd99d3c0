/** Records to store, each with everything set and whatever a test wants to be otherwise. */
import { randomBytes } from 'node:crypto';
import type { Store } from '../../src/authority/ports.ts';
import type {
  CaKeyRecord,
  Credential,
  HostReport,
  HostToken,
  Invite,
  IssuedCertificate,
  Machine,
  PendingAct,
  PendingEnrolment,
  PendingIssue,
  Revocation,
} from '../../src/authority/records.ts';
import { assembleCertificate, encodeDraft } from '../../src/ssh/certificate.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';

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

export function sampleAct(changes: Partial<PendingAct> = {}): PendingAct {
  const act = { kind: 'invite-host', host: 'web1', tokenHash: bytes(32) } as const;
  return { action: 'act', act, state: { kind: 'pending' }, ...sampleBase(), ...changes };
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

/** Records one with its leaf, touched with a credential of this name unless others are given. */
export async function recordCertificate(
  store: Store,
  changes: Partial<IssuedCertificate> = {},
  credentials: readonly string[] = ['touched'],
): Promise<IssuedCertificate> {
  const certificate = sampleCertificate(changes);
  await store.write(async (tx) => {
    await tx.insertCertificate(certificate, credentials);
    await tx.appendLeaf(bytes(40), certificate.serial);
  });
  return certificate;
}

export function sampleRevocation(changes: Partial<Revocation> = {}): Revocation {
  return {
    serial: randomSerial(),
    purpose: 'login',
    authority: encodePublicKey(samplePublicKey()),
    validBefore: NOW + 72_000,
    revokedAt: NOW,
    cause: 'person',
    ...changes,
  };
}

export function sampleCaKey(changes: Partial<CaKeyRecord> = {}): CaKeyRecord {
  const publicKey = encodePublicKey(samplePublicKey());
  return { purpose: 'login', publicKey, state: 'created', since: NOW, ...changes };
}

export function sampleHostToken(changes: Partial<HostToken> = {}): HostToken {
  return { id: token(32), host: 'web1', person: 'alice', createdAt: NOW, expiresAt: NOW + 3600, ...changes };
}

export function sampleMachine(changes: Partial<Machine> = {}): Machine {
  return {
    name: 'web1',
    generation: 1,
    nextHash: bytes(32),
    lastHash: bytes(32),
    keys: [bytes(51), bytes(535)],
    serials: [randomSerial(), 2n ** 63n - 1n],
    enrolledAt: NOW,
    renewedAt: NOW,
    ...changes,
  };
}

export function sampleHostReport(changes: Partial<HostReport> = {}): HostReport {
  return {
    host: 'web1',
    receivedAt: NOW,
    number: NOW - 60,
    openssh: 'OpenSSH_10.0p2',
    pamUssh: '',
    trusts: [{ purpose: 'login', key: 'SHA256:'.padEnd(50, 'A') }],
    shows: [randomSerial(), 2n ** 63n - 1n],
    problems: ["Robert'); drop table machine; --"],
    busyUntil: NOW + 20,
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
