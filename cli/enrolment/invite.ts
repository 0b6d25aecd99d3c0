/** The address of an invite, as a person gives it to the command. */
import type { InviteAddress } from '../../src/ssh/invite-address.ts';
import { INVITE_PATH, parseInviteFragment } from '../../src/ssh/invite-address.ts';
import { mayBeAuthority } from '../../src/ssh/origin.ts';
import { UsherCommandError } from '../error.ts';

export interface Invite extends InviteAddress {
  readonly origin: string;
}

/** @throws UsherCommandError `usage`; the message never repeats the address. */
export function parseInvite(address: string): Invite {
  const text = address.trim();
  if (!URL.canParse(text)) throw notAnInvite();
  const url = new URL(text);
  const parts = parseInviteFragment(url.hash);
  if (url.pathname !== INVITE_PATH || url.search !== '' || parts === undefined) throw notAnInvite();
  if (!mayBeAuthority(url))
    throw new UsherCommandError('usage', 'the address of the invite does not begin with https://', {
      hint: 'http:// is for an authority at localhost only',
    });
  return { origin: url.origin, ...parts };
}

function notAnInvite(): UsherCommandError {
  return new UsherCommandError('usage', 'this is not the whole address of an invite', {
    hint: 'it has the form https://ca.example.org/enroll#person.secret.fingerprint; quote it, because of the #',
  });
}
