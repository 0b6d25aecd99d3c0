/** What follows from a pending request by itself. */
import type { SudoRequest } from '../policy/decision.ts';
import { draftFields } from './draft.ts';
import { AuthorityError } from './error.ts';
import type { PendingIssue } from './records.ts';

/** Every draft of a request, in the order that its digest and its leaves have. */
export function draftsOf({ certificates }: PendingIssue): readonly Uint8Array[] {
  return certificates.flatMap(({ drafts }) => drafts);
}

/** The one certificate for sudo that a request may hold. */
export function sudoRequestOf({ certificates }: PendingIssue): SudoRequest | undefined {
  return certificates.map(({ request }) => request).find((request) => request.purpose === 'sudo');
}

/** Why it was asked for; empty when nobody said. */
export function reasonOf(request: PendingIssue): string {
  return sudoRequestOf(request)?.reason ?? '';
}

/**
 * Until when others may answer: half of the shortest draft's lifetime, since nothing is dated anew and a certificate should be of
 * use when it comes.
 */
export function approveBy(request: PendingIssue): number {
  // Alternatives have the same times.
  const ends = request.certificates.map(({ drafts: [draft = new Uint8Array()] }) =>
    Number(draftFields(draft).validBefore),
  );
  return Math.floor((request.createdAt + Math.min(...ends)) / 2);
}

/** @throws TypeError for an index that is none: whoever stored it had checked it */
export function draftAt(request: PendingIssue, index: number): Uint8Array {
  const draft = draftsOf(request)[index];
  if (draft === undefined) throw new TypeError(`a request has no draft ${index}`);
  return draft;
}

/** @throws AuthorityError `malformed-request`: approvals and reasons belong to one certificate */
export function assertOneForSudo(purposes: readonly string[]): void {
  if (purposes.filter((purpose) => purpose === 'sudo').length > 1)
    throw new AuthorityError('malformed-request', 'a request holds one certificate for sudo at most');
}
