/** How `usherd credential` shows a credential. Its label was chosen by whoever enrolled it, or wrote the roster's key. */
import type { Credential } from '../authority/records.ts';
import { printable } from '../ssh/printable.ts';

/** One line for the keeper's terminal. */
export function credentialLine(credential: Credential): string {
  const { id, person, kind, label, createdAt, removedAt } = credential;
  const state = removedAt === undefined ? `since ${isoTime(createdAt)}` : `removed ${isoTime(removedAt)}`;
  return [person, kind, id, state, printable(label)].join('  ');
}

/** What programs may read of it. */
export function credentialJson(credential: Credential): object {
  const { id, person, kind, label, aaguid, attestedBy, createdAt, removedAt } = credential;
  return { id, person, kind, label, aaguid, attestedBy, createdAt, removedAt };
}

/** RFC 3339, from Unix seconds. */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}
