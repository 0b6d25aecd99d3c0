/** What an authenticator has to be told to answer a request: no more than strangers are told of anybody. */
import { shownActTouch } from '../policy/shown-act.ts';
import { shownGrant } from '../policy/shown-grant.ts';
import type { Authority } from './authority.ts';
import { decoyCredentialIds } from './decoy.ts';
import type { StoreReader } from './ports.ts';
import type { PendingAct, PendingIssue, TouchableRequest } from './records.ts';

export interface TouchHints {
  /** Somebody without credentials has a decoy, so that the answer does not tell. */
  readonly credentialIds: readonly string[];
  readonly userVerification: boolean;
  /** How many other people it takes. */
  readonly approvals: number;
}

export function touchHints(authority: Authority, request: TouchableRequest): Promise<TouchHints> {
  return authority.store.read((tx) =>
    request.action === 'act' ? readActHints(authority, tx, request) : readTouchHints(authority, tx, request),
  );
}

export async function readTouchHints(
  authority: Authority,
  tx: StoreReader,
  { person, certificates }: PendingIssue,
): Promise<TouchHints> {
  const roster = await authority.rosters.in(tx);
  const grants = certificates.map(({ request }) =>
    shownGrant(roster, authority.decoySecret, person, request),
  );
  return {
    credentialIds: await credentialIds(authority, tx, person),
    userVerification: grants.some(({ touch }) => touch.userVerification),
    approvals: Math.max(...grants.map(({ approval }) => approval.needed)),
  };
}

/** Acts take nobody else's touch. */
export async function readActHints(
  authority: Authority,
  tx: StoreReader,
  { person, act }: PendingAct,
): Promise<TouchHints> {
  const { userVerification } = shownActTouch(
    await authority.rosters.in(tx),
    authority.decoySecret,
    person,
    act,
  );
  return { credentialIds: await credentialIds(authority, tx, person), userVerification, approvals: 0 };
}

/** The same for somebody who may answer another's request. */
export async function answerHints(
  authority: Authority,
  request: PendingIssue,
  person: string,
): Promise<TouchHints> {
  return authority.store.read(async (tx) => ({
    ...(await readTouchHints(authority, tx, request)),
    credentialIds: await credentialIds(authority, tx, person),
  }));
}

/** The ids of somebody's credentials, or decoys. */
async function credentialIds(
  authority: Authority,
  tx: StoreReader,
  person: string,
): Promise<readonly string[]> {
  const credentials = await tx.credentialsOf(person);
  const usable = credentials.filter(({ kind, removedAt }) => kind === 'webauthn' && removedAt === undefined);
  const ids = usable.map(({ id }) => id);
  // Made for everybody, so that whoever has none does not take longer.
  const decoys = decoyCredentialIds(authority.decoySecret, person);
  return ids.length > 0 ? ids : decoys;
}
