/** A host's certificates, its new state and their leaves, all in the caller's transaction. */
import { hex } from '@scure/base';
import type { CertificatesRequest } from '../fleet/host/certificates-document.ts';
import { encodeLeaf } from '../log/leaf.ts';
import type { Terms } from '../policy/decision.ts';
import type { Roster } from '../policy/roster.ts';
import { decodeCertificate } from '../ssh/certificate.ts';
import { encodePublicKey, samePublicKey } from '../ssh/public-key.ts';
import type { Alarm } from './alarm.ts';
import { logAlarm } from './alarm.ts';
import type { Authority } from './authority.ts';
import { activeSigner } from './ca-keys.ts';
import { AuthorityError } from './error.ts';
import { issuedCertificate } from './issued-certificate.ts';
import { claimHostKey } from './machine-keys.ts';
import type { SignedForHost } from './machine-sign.ts';
import type { Verdict } from './machine-verdict.ts';
import type { StoreWriter } from './ports.ts';
import type { Machine } from './records.ts';
import { revokeLive } from './revoke-live.ts';

type Issue = Extract<Verdict, { readonly kind: 'issue' }>;

interface Recording {
  readonly tx: StoreWriter;
  readonly roster: Roster;
  readonly request: CertificatesRequest;
  readonly now: number;
}

/** @throws AuthorityError `policy-changed`, `ca-key-changed` when what was signed is no longer what would be. */
export async function recordForHost(
  authority: Authority,
  recording: Recording,
  verdict: Issue,
  signed: SignedForHost,
): Promise<{ readonly machine: Machine; readonly alarms: readonly Alarm[] }> {
  const { tx, request, now } = recording;
  await assertStillSo(authority, tx, verdict.terms, signed);
  const alarms = verdict.token === undefined ? [] : await enrol(recording, verdict, verdict.token.id);
  for (const index of signed.certificates.keys()) await recordOne(recording, signed, index);
  const machine = machineAfter(request, verdict, signed, now);
  await tx.saveMachine(machine);
  return { machine, alarms };
}

async function assertStillSo(
  authority: Authority,
  tx: StoreWriter,
  terms: Terms,
  signed: SignedForHost,
): Promise<void> {
  if (terms.principals.join() !== signed.terms.principals.join())
    throw new AuthorityError('policy-changed', 'the names of the host were changed meanwhile: try again');
  const signer = await activeSigner(authority, tx, 'host');
  if (!samePublicKey(signer.publicKey, signed.authority))
    throw new AuthorityError('ca-key-changed', 'the CA key for hosts was replaced meanwhile: try again');
}

/** A host that had enrolled before was lost or installed anew, or somebody else takes its place: its former certificates end. */
async function enrol(
  { tx, request: { host }, now }: Recording,
  { machine }: Issue,
  token: string,
): Promise<readonly Alarm[]> {
  if (!(await tx.useHostToken(token, now)))
    throw new AuthorityError('token-used', 'this token has been used already: ask for a new one');
  if (machine === undefined) return [];
  const cause = { cause: 'machine', subject: host, reason: 'it enrolled again' } as const;
  await revokeLive(tx, { kind: 'holder', purposes: ['host'], holder: host }, cause, now);
  const detail = `it had generation ${machine.generation}${machine.lockedAt === undefined ? '' : ', and was locked'}`;
  return [await logAlarm(tx, 're-enrolled', host, detail, now)];
}

async function recordOne(
  { tx, roster, request, now }: Recording,
  { requestId, certificates }: SignedForHost,
  index: number,
): Promise<void> {
  const certificate = certificates[index] ?? new Uint8Array();
  const { fields } = decodeCertificate(certificate);
  await claimHostKey(tx, fields.subject);
  const about = { purpose: 'host', person: request.host, requestId, issuedAt: now } as const;
  await tx.insertCertificate(issuedCertificate(certificate, about), []);
  await tx.appendLeaf(leafOf(request, roster.digest, certificate, index, now), fields.serial);
}

function leafOf(
  { host, generation, signed }: CertificatesRequest,
  rosterDigest: Uint8Array,
  certificate: Uint8Array,
  index: number,
  now: number,
): Uint8Array {
  return encodeLeaf({
    kind: 'host-certificate',
    recordedAt: now,
    host,
    generation: generation + 1,
    rosterDigest,
    certificate,
    index,
    request: new TextEncoder().encode(signed),
  });
}

function machineAfter(
  request: CertificatesRequest,
  { token, machine }: Issue,
  { certificates }: SignedForHost,
  now: number,
): Machine {
  return {
    name: request.host,
    generation: request.generation + 1,
    nextHash: hex.decode(request.nextHash),
    lastHash: hex.decode(request.secretHash),
    keys: request.keys.map(encodePublicKey),
    serials: certificates.map((certificate) => decodeCertificate(certificate).fields.serial),
    enrolledAt: token === undefined ? (machine?.enrolledAt ?? now) : now,
    renewedAt: now,
  };
}
