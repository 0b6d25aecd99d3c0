/** Whether a pending request still waits for its touch, and what is said when it does not. */
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import type { Speaker } from './find-request.ts';
import { approveBy } from './pending-issue.ts';
import type { PendingIssue, PendingRequest, TouchableRequest } from './records.ts';

/** @throws AuthorityError `request-rejected`, `request-answered` or `request-expired` when it waits for no touch. */
export function assertAwaitsTouch(authority: Authority, request: TouchableRequest): void {
  assertNotRejected(request);
  if (request.state.kind !== 'pending') throw answered();
  assertTouchable(authority, request);
}

/** @throws AuthorityError `request-rejected` */
export function assertNotRejected(request: TouchableRequest): void {
  const { state } = request;
  if (state.kind !== 'rejected') return;
  const reason =
    state.reason === 'too-many-codes'
      ? 'three wrong codes ended this request: ask again'
      : `${state.person} rejected this request`;
  throw new AuthorityError('request-rejected', reason);
}

/** @throws AuthorityError `page-not-proven` when a page speaks that nobody has shown to be the person's at the command. */
export function assertPageProven(request: TouchableRequest, speaker: Speaker): void {
  if ('pageSecret' in speaker && request.page?.proof === 'none')
    throw new AuthorityError('page-not-proven', 'type the code that your terminal shows');
}

/** Rows stay until something else is stored; what they give ends in time. @throws AuthorityError `request-expired` */
export function assertKept(authority: Authority, request: TouchableRequest): void {
  if (authority.clock.now() >= request.keepUntil)
    throw new AuthorityError('request-expired', 'the result of this request is kept no longer: ask again');
}

/** @throws AuthorityError unless others can still answer the request. */
export function assertAwaitsOthers(authority: Authority, request: PendingIssue): void {
  assertNotRejected(request);
  if (request.state.kind !== 'waiting') throw answered();
  if (authority.clock.now() >= approveBy(request))
    throw new AuthorityError('request-expired', 'the request waited too long for its approval: ask again');
}

/** Others may take their time; what needs nobody else must not wait for that. */
export function asksApart(): AuthorityError {
  return new AuthorityError(
    'ask-apart',
    'the certificate for sudo needs other people: ask for it in a request of its own',
  );
}

/** Somebody was faster, or it is over. */
export function answered(): AuthorityError {
  return new AuthorityError('request-answered', 'this request has been answered already');
}

/** @throws AuthorityError `request-expired` when it can be touched no more. */
export function assertTouchable(authority: Authority, request: PendingRequest): void {
  if (authority.clock.now() >= request.expiresAt)
    throw new AuthorityError('request-expired', 'the request waited too long for its touch: ask again');
}
