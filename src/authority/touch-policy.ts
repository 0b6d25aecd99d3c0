/** Whether a touch shows what a role asks for. */
import { rootFingerprint } from '../fido/attestation-chain.ts';
import type { TouchPolicy } from '../policy/roster.ts';
import type { Refusal } from './error.ts';
import type { Credential, OpenPage, Touch } from './records.ts';

/** @param page in which it was touched, if there is one that says something of it */
export function refusalOfTouch(
  policy: TouchPolicy,
  touch: Touch,
  credential: Credential,
  page: OpenPage | undefined,
): Refusal | undefined {
  const { userVerification, sameMachine, attestation } = policy;
  if (userVerification && !touch.userVerified)
    return {
      code: 'user-verification-required',
      reason: `the role asks for a PIN or fingerprint with the touch of ${touch.person}`,
    };
  if (sameMachine && page?.proof === 'code')
    return {
      code: 'touched-elsewhere',
      reason: 'your role asks for a touch on the machine where the command runs',
    };
  if (attestation.required && !isAttested(credential, attestation))
    return {
      code: 'attestation-required',
      reason: `the role asks ${touch.person} for a security key of a listed, attested model`,
    };
  return undefined;
}

/** By one of the roots that the role trusts now: what another one said of the model counts for nothing. */
function isAttested(
  { aaguid, attestedBy }: Credential,
  { aaguids, roots }: { readonly aaguids: readonly string[]; readonly roots: readonly string[] },
): boolean {
  const isListed = aaguid !== undefined && aaguids.includes(aaguid);
  return isListed && roots.some((root) => attestedBy.includes(rootFingerprint(root)));
}
