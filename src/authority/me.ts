/** What a person may know of themselves: what they may ask for, and with which credentials. */
import type { Access } from '../policy/access.ts';
import { accessOf } from '../policy/access.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import type { Credential } from './records.ts';

export interface Myself {
  readonly person: string;
  readonly access: Access;
  readonly credentials: readonly Credential[];
}

export async function describePerson(authority: Authority, person: string): Promise<Myself> {
  return authority.store.read(async (tx) => {
    const access = accessOf(await authority.rosters.in(tx), person, authority.clock.now());
    if (access === undefined)
      throw new AuthorityError('call-refused', 'the roster gives you no access any more');
    const credentials = await tx.credentialsOf(person);
    return { person, access, credentials: credentials.filter(({ removedAt }) => removedAt === undefined) };
  });
}
