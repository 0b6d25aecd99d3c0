/** What every document of a host has to pass before anything of ours is looked up. */
import { FleetError } from '../fleet/error.ts';
import { CALL_SKEW_SECONDS } from '../ssh/signed-call.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import { clockSkew } from './skew.ts';

/** @throws AuthorityError `malformed-request`, `host-call-refused` */
export function openDocument<T>(open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (!(cause instanceof FleetError)) throw cause;
    if (cause.code === 'bad-signature') throw hostCallRefused(cause);
    throw new AuthorityError('malformed-request', cause.message, { cause });
  }
}

/** The time first of all: what was written down yesterday must not do anything today. @throws AuthorityError `clock-skew`, `host-call-refused` */
export function assertMeantForUs(
  { origin, clock }: Authority,
  document: { readonly authority: string; readonly time: number },
): void {
  const now = clock.now();
  if (Math.abs(document.time - now) > CALL_SKEW_SECONDS) throw clockSkew(document.time, now);
  if (document.authority !== origin) throw hostCallRefused();
}

/** One answer for an unknown host, an unknown key and a wrong signature: it tells a stranger nothing about which hosts there are. */
export function hostCallRefused(cause?: unknown): AuthorityError {
  return new AuthorityError(
    'host-call-refused',
    'this is not signed by the keys of a host that has enrolled here',
    { cause },
  );
}

export function machineLocked(): AuthorityError {
  return new AuthorityError(
    'machine-locked',
    'this machine is locked, because two holders of its keys were seen or a person revoked it: enrol it with a new token',
  );
}
