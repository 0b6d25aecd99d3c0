/**
 * Signatures of people's CA keys over a draft. The touch that made one is the CA signature itself, so what sshd and pam-ussh never
 * look at is checked here: that somebody was present.
 */
import { sudoCaKeyOf } from '../policy/approve.ts';
import type { Roster } from '../policy/roster.ts';
import { inspectDraftSignature } from '../ssh/certificate-signature.ts';
import type { Authority } from './authority.ts';
import { draftFields } from './draft.ts';
import { AuthorityError } from './error.ts';
import { draftsOf } from './pending-issue.ts';
import type { CaTouch, PendingIssue } from './records.ts';

export interface CaSignature {
  /** Which of the alternative drafts. */
  readonly draft: number;
  readonly signature: Uint8Array;
}

/**
 * @returns the touch of the owner, whoever that is: whether the owner may is for policy (`cover.ts`).
 * @throws AuthorityError `signature-refused`, in the same words whatever is wrong with it.
 */
export function verifyCaSignature(
  authority: Authority,
  roster: Roster,
  request: PendingIssue,
  { draft: index, signature }: CaSignature,
): CaTouch {
  const draft = draftsOf(request)[index];
  if (draft === undefined) throw refused();
  const { authority: key } = draftFields(draft);
  const found = sudoCaKeyOf(roster, key, authority.clock.now());
  const made = inspectDraftSignature(key, draft, signature);
  if (found?.caKey.state !== 'active' || !found.isOwnerLive) throw refused();
  if (!made.valid || made.securityKey?.userPresent !== true) throw refused();
  return { person: found.caKey.person, draft: index, signature, userVerified: made.securityKey.userVerified };
}

/** The same by a key of the person who asks: anybody else's says nothing of that person. */
export function verifyOwnSignature(
  authority: Authority,
  roster: Roster,
  request: PendingIssue,
  offered: CaSignature,
): CaTouch {
  const touch = verifyCaSignature(authority, roster, request, offered);
  if (touch.person !== request.person) throw refused();
  return touch;
}

function refused(): AuthorityError {
  return new AuthorityError(
    'signature-refused',
    'this is no good signature over the draft by an active CA key that was touched',
  );
}
