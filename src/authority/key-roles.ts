/** A key has one role: what touches must not also be certified or sign certificates (design: an agent signs anything). */
import { securityKeyOfCose } from '../fido/cose.ts';
import type { Roster } from '../policy/roster.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import { decodePublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import type { StoreReader } from './ports.ts';
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

/** At start: CA keys take their role. @throws AuthorityError when one of them was seen as something else. */
export async function claimCaKeys(authority: Authority): Promise<void> {
  assertOnePurposeEach(authority);
  await authority.store.write(async (tx) => {
    for (const purpose of PURPOSES) {
      const role = await tx.claimKeyRole(keyIdentity(authority.signers[purpose].publicKey), 'ca');
      if (role !== 'ca')
        throw new AuthorityError('key-has-role', `the CA key for ${purpose} was used for "${role}" before`);
    }
  });
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
