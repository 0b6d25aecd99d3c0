/** Whether a pending request still waits for its touch, and what is said when it does not. */
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import type { PendingIssue, PendingRequest } from './records.ts';

/** @throws AuthorityError `request-rejected`, `request-answered` or `request-expired` when it waits for no touch. */
export function assertAwaitsTouch(authority: Authority, request: PendingIssue): void {
  assertNotRejected(request);
  if (request.state.kind !== 'pending') throw answered();
  assertTouchable(authority, request);
}

/** @throws AuthorityError `request-rejected` */
export function assertNotRejected(request: PendingIssue): void {
  if (request.state.kind === 'rejected')
    throw new AuthorityError('request-rejected', 'three wrong codes ended this request: ask again');
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
