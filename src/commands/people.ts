/** `usherd invite` and `usherd credential list|remove`: how people get and lose credentials. */

import type { Authority } from '../authority/authority.ts';
import { invitePerson } from '../authority/invite.ts';
import type { Credential } from '../authority/records.ts';
import type { RemovalReason, RemovedCredential } from '../authority/remove-credential.ts';
import { removeCredential } from '../authority/remove-credential.ts';
import { openAuthority, readConfig } from '../compose.ts';

/** @returns the address to hand to the person, once and in private. */
export function invite(dir: string, person: string): Promise<{ address: string; expiresAt: number }> {
  return withAuthority(dir, (authority) => invitePerson(authority, person));
}

export function listCredentials(dir: string, person?: string): Promise<readonly Credential[]> {
  return withAuthority(dir, (authority) =>
    authority.store.read((tx) => (person === undefined ? tx.listCredentials() : tx.credentialsOf(person))),
  );
}

export function dropCredential(dir: string, id: string, reason: RemovalReason): Promise<RemovedCredential> {
  return withAuthority(dir, (authority) => removeCredential(authority, id, reason));
}

/** Works beside a running usherd: each use case is one transaction of the store that they share. */
async function withAuthority<T>(dir: string, work: (authority: Authority) => Promise<T>): Promise<T> {
  const authority = await openAuthority(await readConfig(dir));
  try {
    return await work(authority);
  } finally {
    await authority.store.close();
  }
}
