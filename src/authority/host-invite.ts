/** One-time tokens with which a host enrols. The command makes the token; the authority only ever sees its hash. */
import { hex } from '@scure/base';
import type { Act } from '../ssh/act.ts';
import { AuthorityError } from './error.ts';
import type { StoreWriter } from './ports.ts';
import type { ActResult } from './records.ts';

const TOKEN_SECONDS = 3600;

/** That the roster knows the host was decided before. @throws AuthorityError `token-used` when there is one with this hash. */
export async function inviteHost(
  tx: StoreWriter,
  { host, tokenHash }: Extract<Act, { kind: 'invite-host' }>,
  person: string,
  now: number,
): Promise<ActResult> {
  const id = hex.encode(tokenHash);
  if ((await tx.findHostToken(id)) !== undefined)
    throw new AuthorityError('token-used', 'this token was given to a host before: make a new one');
  const expiresAt = now + TOKEN_SECONDS;
  await tx.insertHostToken({ id, host, person, createdAt: now, expiresAt });
  return { kind: 'host-invited', host, expiresAt };
}
