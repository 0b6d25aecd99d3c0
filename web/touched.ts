/** A key is asked to touch a digest that this page computed. */
import type { Assertion } from '../src/http/contract/fields.ts';
import type { Authenticator } from './authenticator.ts';
import type { AuthenticatorTrouble } from './trouble.ts';

export type Touched =
  | { readonly kind: 'touched'; readonly assertion: Assertion }
  | { readonly kind: 'not-touched'; readonly trouble: AuthenticatorTrouble };

interface Touchable {
  readonly digest: Uint8Array;
  readonly rpId: string;
  readonly credentialIds: readonly string[];
  readonly userVerification: 'required' | 'discouraged';
}

export async function touch(
  authenticator: Authenticator,
  { digest, rpId, credentialIds, userVerification }: Touchable,
  patienceMs: number,
): Promise<Touched> {
  const options = { challenge: digest, rpId, credentialIds, userVerification, patienceMs };
  const answer = await authenticator.touch(options);
  return answer.kind === 'answered'
    ? { kind: 'touched', assertion: answer.value }
    : { kind: 'not-touched', trouble: answer.trouble };
}
