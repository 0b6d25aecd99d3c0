/** A host key has one role and one host: who else had its private key could be both. */

import { equalBytes } from '../fido/equal-bytes.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { encodePublicKey, fingerprint } from '../ssh/public-key.ts';
import { AuthorityError } from './error.ts';
import type { StoreReader, StoreWriter } from './ports.ts';
import type { Machine } from './records.ts';

/** @throws AuthorityError `key-has-role`, `key-revoked` */
export async function assertKeysOfHost(
  tx: StoreReader,
  host: string,
  keys: readonly PublicKey[],
  now: number,
): Promise<void> {
  for (const key of keys) {
    if (await tx.isKeyRevoked(fingerprint(key)))
      throw new AuthorityError('key-revoked', `the key ${fingerprint(key)} was revoked: make a new one`);
    const use = await tx.keyUse(keyIdentity(key));
    if (use !== undefined && use.role !== 'host') throw hasOtherUse(key);
    if (await isOfOtherHost(tx, host, key, now)) throw hasOtherUse(key);
  }
}

/** Machines made from one image have one key, until somebody makes new ones. */
async function isOfOtherHost(tx: StoreReader, host: string, key: PublicKey, now: number): Promise<boolean> {
  const page = { after: 0n, most: 16 };
  const live = await tx.liveCertificates({ kind: 'subject', key: fingerprint(key) }, now, page);
  return live.some(({ person }) => person !== host);
}

/** @throws AuthorityError `key-has-role` when it got another use meanwhile. */
export async function claimHostKey(tx: StoreWriter, key: PublicKey): Promise<void> {
  const { role } = await tx.claimKey(keyIdentity(key), { role: 'host' });
  if (role !== 'host') throw hasOtherUse(key);
}

export function hasKeys(machine: Machine, keys: readonly PublicKey[]): boolean {
  return machine.keys.length === keys.length && keys.every((key, index) => isSame(machine.keys[index], key));
}

/** Whether at least one of them is of the machine. */
export function hasOneOf(machine: Machine, keys: readonly PublicKey[]): boolean {
  return keys.some((key) => machine.keys.some((blob) => isSame(blob, key)));
}

function isSame(blob: Uint8Array | undefined, key: PublicKey): boolean {
  return blob !== undefined && equalBytes(blob, encodePublicKey(key));
}

function hasOtherUse(key: PublicKey): AuthorityError {
  return new AuthorityError(
    'key-has-role',
    `the key ${fingerprint(key)} is used for something else, or by another host: make a new one`,
  );
}
