/** The ways to touch that answer here, in the command. Each ends in the same assertion, for the same verifier. */
import type { AssertionJson } from '../../src/fido/assertion.ts';
import type { InviteReply, SshOffer, WebauthnOffer } from '../../src/http/contract/enrolments.ts';

export interface TouchQuestion {
  /** What is touched: computed by the command from what it showed. */
  readonly digest: Uint8Array;
  readonly origin: string;
  readonly rpId: string;
  readonly credentialIds: readonly string[];
  readonly userVerification: 'required' | 'discouraged';
}

/** A new credential is asked for; the challenge is the nonce of the reply. */
export type RegisterQuestion = Pick<
  InviteReply,
  | 'origin'
  | 'rpId'
  | 'person'
  | 'nonce'
  | 'userId'
  | 'userVerification'
  | 'attestation'
  | 'excludeCredentialIds'
>;

export interface TouchWay {
  readonly name: string;
  readonly touch: (question: TouchQuestion) => Promise<AssertionJson>;
  readonly register: (question: RegisterQuestion) => Promise<WebauthnOffer | SshOffer>;
}
