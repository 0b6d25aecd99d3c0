/**
 * A person enrols a credential with an invite, in three steps: the invite is shown, the new credential is offered, and it
 * proves itself with a touch over everything that is then recorded. Only the last step uses the invite up.
 */

import type { AssertionJson } from '../fido/assertion.ts';
import { encodeLeaf } from '../log/leaf.ts';
import type { Access } from '../policy/access.ts';
import { accessOf } from '../policy/access.ts';
import type { EnrolmentPolicy } from '../policy/enrolment.ts';
import { enrolmentPolicy } from '../policy/enrolment.ts';
import { networkOf } from '../policy/network.ts';
import type { Roster } from '../policy/roster.ts';
import type { Authority } from './authority.ts';
import { decoySeed } from './decoy.ts';
import { AuthorityError } from './error.ts';
import { findEnrolment } from './find-request.ts';
import { findUsableInvite, inviteIdOf } from './invite.ts';
import { assertFreeForTouch, claimForTouch } from './key-roles.ts';
import type { CredentialOffer } from './offer.ts';
import { verifyOffer } from './offer.ts';
import type { StoreReader, StoreWriter } from './ports.ts';
import { loggedTouch } from './record.ts';
import type { Credential, PendingEnrolment, RequestId, Touch } from './records.ts';
import { enrolmentDigest } from './request-digest.ts';
import { assertTouchable } from './request-state.ts';
import { newRequestId, newSecret } from './secrets.ts';
import { asTouch, verify } from './touch.ts';

/** A person may have to fetch the key, choose a PIN, read instructions. */
const ENROL_SECONDS = 600;

export interface StartedEnrolment {
  readonly request: PendingEnrolment;
  readonly pollSecret: string;
  readonly userId: Uint8Array;
  readonly policy: EnrolmentPolicy;
  readonly existingIds: readonly string[];
  readonly access: Access;
}

/** Whoever holds the invite may know for whom it is and what that person may ask for. */
export async function startEnrolment(
  authority: Authority,
  invite: string,
  from: string,
): Promise<StartedEnrolment> {
  const now = authority.clock.now();
  const secret = newSecret(authority.random);
  return authority.store.write(async (tx) => {
    const { id: inviteId, person } = await findUsableInvite(tx, inviteIdOf(invite), now);
    const { policy, access } = await personIn(authority, tx, person);
    const request = pendingEnrolment(authority, person, inviteId, secret.hash, from, now);
    await tx.insertRequest(request, authority.bounds.pool, now);
    return {
      request,
      pollSecret: secret.text,
      userId: userHandleOf(authority, person),
      policy,
      existingIds: await existingIds(tx, person),
      access,
    };
  });
}

/** @returns the credential as it will be stored: the caller computes the digest to touch from it. */
export async function offerCredential(
  authority: Authority,
  id: RequestId,
  pollSecret: string,
  offer: CredentialOffer,
): Promise<Credential> {
  const { request, roster, policy } = await authority.store.read((tx) =>
    findOpen(authority, tx, id, pollSecret),
  );
  const credential = await verifyOffer(authority, request, policy, offer);
  await authority.store.write(async (tx) => {
    if ((await tx.findCredential(credential.id)) !== undefined) throw exists();
    await assertFreeForTouch(tx, roster, credential);
    await save(tx, { ...request, state: { kind: 'offered', credential } });
  });
  return credential;
}

/** The touch that ends an enrolment. A second call after a lost reply gets the same answer. */
export async function confirmEnrolment(
  authority: Authority,
  id: RequestId,
  pollSecret: string,
  assertion: AssertionJson,
): Promise<{ readonly credentialId: string; readonly access: Access }> {
  const { request, access, policy } = await authority.store.read((tx) =>
    findOpen(authority, tx, id, pollSecret),
  );
  if (request.state.kind === 'enrolled') return { credentialId: request.state.credentialId, access };
  if (request.state.kind !== 'offered')
    throw new AuthorityError('credential-refused', 'no credential was offered for this enrolment yet');
  const { credential } = request.state;
  const verified = await verify(
    authority,
    credential,
    enrolmentDigest(authority.origin, request, credential),
    assertion,
  );
  if (policy.userVerification && !verified.userVerified)
    throw new AuthorityError(
      'user-verification-required',
      'your role asks for a PIN or fingerprint with the touch',
    );
  const touch = asTouch(credential, verified, assertion);
  await authority.store.write((tx) =>
    enrol(authority, tx, request, { ...credential, counter: verified.counter }, touch),
  );
  return { credentialId: credential.id, access };
}

async function enrol(
  authority: Authority,
  tx: StoreWriter,
  request: PendingEnrolment,
  credential: Credential,
  touch: Touch,
): Promise<void> {
  const now = authority.clock.now();
  const { roster } = await personIn(authority, tx, request.person);
  await findUsableInvite(tx, request.inviteId, now);
  if (!(await tx.useInvite(request.inviteId, now)))
    throw new AuthorityError('invite-used', 'this invite has been used already');
  await assertFreeForTouch(tx, roster, credential);
  await claimForTouch(tx, credential);
  if (!(await tx.insertCredential(credential))) throw exists();
  await tx.appendLeaf(enrolmentLeaf(authority, request, touch, now));
  await save(tx, { ...request, state: { kind: 'enrolled', credentialId: credential.id } });
}

function enrolmentLeaf(
  authority: Authority,
  request: PendingEnrolment,
  touch: Touch,
  now: number,
): Uint8Array {
  const { inviteId, id: requestId, nonce, expiresAt } = request;
  const { origin } = authority;
  return encodeLeaf({
    kind: 'enroll',
    recordedAt: now,
    ...loggedTouch(touch),
    inviteId,
    origin,
    requestId,
    nonce,
    expiresAt,
  });
}

async function findOpen(
  authority: Authority,
  tx: StoreReader,
  id: RequestId,
  pollSecret: string,
): Promise<{ request: PendingEnrolment; roster: Roster; policy: EnrolmentPolicy; access: Access }> {
  const request = await findEnrolment(tx, id, pollSecret);
  if (request.state.kind !== 'enrolled') assertTouchable(authority, request);
  return { request, ...(await personIn(authority, tx, request.person)) };
}

async function personIn(
  authority: Authority,
  tx: StoreReader,
  name: string,
): Promise<{ roster: Roster; policy: EnrolmentPolicy; access: Access }> {
  const roster = await authority.rosters.in(tx);
  const person = roster.people.get(name);
  const access = accessOf(roster, name, authority.clock.now());
  if (person === undefined || access === undefined)
    throw new AuthorityError('unknown-person', 'the roster gives you no access any more: ask its keeper');
  return { roster, policy: enrolmentPolicy(roster, person), access };
}

function pendingEnrolment(
  authority: Authority,
  person: string,
  inviteId: string,
  pollSecretHash: Uint8Array,
  askedFrom: string,
  now: number,
): PendingEnrolment {
  return {
    action: 'enroll',
    id: newRequestId(authority.random),
    person,
    inviteId,
    nonce: authority.random.bytes(32),
    createdAt: now,
    expiresAt: now + ENROL_SECONDS,
    keepUntil: now + 2 * ENROL_SECONDS,
    askedFrom,
    askedNetwork: networkOf(askedFrom),
    pollSecretHash,
    version: 0,
    state: { kind: 'pending' },
  };
}

/** Opaque to whoever finds the security key: it names the person to this authority only. */
function userHandleOf(authority: Authority, person: string): Uint8Array {
  return decoySeed(authority.decoySecret, 'user handle', person);
}

async function existingIds(tx: StoreReader, person: string): Promise<readonly string[]> {
  const credentials = await tx.credentialsOf(person);
  return credentials.filter(({ kind }) => kind === 'webauthn').map(({ id }) => id);
}

async function save(tx: StoreWriter, request: PendingEnrolment): Promise<void> {
  if (!(await tx.updateRequest(request)))
    throw new AuthorityError('request-answered', 'this enrolment went on elsewhere: begin again');
}

function exists(): AuthorityError {
  return new AuthorityError('credential-exists', 'this security key is enrolled already, or was before');
}
