/** How pam-ussh ends, in the words of its log. */
import type { Expected, World } from './scene.ts';

type Expect = (world: World) => Expected;

/** The serial of the certificates in the table. */
export const SERIAL = 42n;
export const NO_VALID_CERTS = 'no valid certs found';
export const UNRECOGNIZED = 'certificate signed by unrecognized authority';
export const SKIPPED_KEY = 'skipping bad public key: ssh: no key found';

/** Accepted for this principal; the log names the certificate's first principal, here the user's name unless another is given. */
export function accepted(
  matched = 'sudoer',
  {
    first,
    serial = SERIAL,
    before = [],
  }: { first?: string; serial?: bigint; before?: readonly string[] } = {},
): Expect {
  return ({ user }) => ({
    outcome: 'success',
    log: [
      ...before,
      `Authentication succeded for ${first ?? user}. Matched principal ${matched}, cert ${serial}`,
    ],
  });
}

/** Accepted by a host that names no principals. */
export function acceptedWithoutPrincipals(before: readonly string[] = []): Expect {
  return ({ user }) => ({
    outcome: 'success',
    log: [...before, `Authentication succeeded for "${user}" (cert "${user}", ${SERIAL})`],
  });
}

export function refused(...log: readonly string[]): Expect {
  return () => ({ outcome: 'refused', log });
}

/** Without a word why. */
export const REFUSED = refused(NO_VALID_CERTS);
export const CAN_NOT_SIGN = refused('error signing data: agent: failed to sign challenge');
export const UNKNOWN_CA = refused(UNRECOGNIZED, NO_VALID_CERTS);

export function panics(...log: readonly string[]): Expect {
  return () => ({ outcome: 'panic', log });
}

export const HANGS: Expect = () => ({ outcome: 'hang', log: [] });

export function unchecked(...log: readonly string[]): Expect {
  return () => ({ outcome: 'unchecked', log });
}
