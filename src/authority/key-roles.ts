/** A key has one role: what touches must not also be certified or sign certificates (design: an agent signs anything). */
import { securityKeyOfCose } from '../fido/cose.ts';
import type { Roster } from '../policy/roster.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import { decodePublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { authorityLeaf } from './authority-leaf.ts';
import { AuthorityError } from './error.ts';
import type { StoreReader, StoreWriter } from './ports.ts';
import type { Purpose } from './purpose.ts';
import { PURPOSES } from './purpose.ts';
import type { Credential } from './records.ts';

/** The same physical key has the same identity, whichever application it signs for. */
export function credentialKeyIdentity(credential: Credential): string {
  const key =
    credential.kind === 'ssh-sk'
      ? decodePublicKey(credential.publicKey)
      : securityKeyOfCose(credential.publicKey, credential.rpId);
  return keyIdentity(key);
}

/** @throws AuthorityError `key-has-role` when the key of a new credential is in other use, or somebody else's. */
export async function assertFreeForTouch(
  tx: StoreReader,
  roster: Roster,
  credential: Credential,
): Promise<void> {
  const identity = credentialKeyIdentity(credential);
  const role = await tx.keyRole(identity);
  const owner = roster.keyOwners.get(identity);
  if ((role === undefined || role === 'touch') && (owner === undefined || owner === credential.person))
    return;
  throw new AuthorityError('key-has-role', 'this key is used for something else already: use another one');
}

/**
 * At start: CA keys take their role. One that was never seen is a change of trust, so it stands in the log before it signs.
 * @throws AuthorityError when one of them was seen as something else.
 */
export async function claimCaKeys(authority: Authority): Promise<void> {
  assertOnePurposeEach(authority);
  await authority.store.write(async (tx) => {
    let isAnyNew = false;
    for (const purpose of PURPOSES) isAnyNew = (await claimCaKey(authority, tx, purpose)) || isAnyNew;
    if (isAnyNew) await tx.appendLeaf(authorityLeaf(authority));
  });
}

/** @returns whether the key was never seen before. */
async function claimCaKey(authority: Authority, tx: StoreWriter, purpose: Purpose): Promise<boolean> {
  const identity = keyIdentity(authority.signers[purpose].publicKey);
  const before = await tx.keyRole(identity);
  if ((await tx.claimKeyRole(identity, 'ca')) !== 'ca')
    throw new AuthorityError('key-has-role', `the CA key for ${purpose} was used for "${before}" before`);
  return before === undefined;
}

/** Hosts that trust the CA key for logins would else trust it for sudo. */
function assertOnePurposeEach({ signers }: Authority): void {
  const identities = PURPOSES.map((purpose) => keyIdentity(signers[purpose].publicKey));
  const twice = PURPOSES.find((_, index) => identities.indexOf(identities[index] ?? '') !== index);
  if (twice !== undefined)
    throw new AuthorityError(
      'key-has-role',
      `the CA key for ${twice} is that of another purpose: each has its own`,
    );
}
