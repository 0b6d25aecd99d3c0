import type { Access } from '../policy/access.ts';
import type { DenialCode } from '../policy/decision.ts';

export type AuthorityErrorCode =
  | DenialCode
  | 'no-roster'
  | 'bad-key'
  | 'possession-not-proven'
  | 'clock-skew'
  | 'unknown-request'
  | 'request-expired'
  | 'request-answered'
  | 'request-rejected'
  | 'ask-apart'
  | 'own-request'
  | 'not-an-approver'
  | 'already-approved'
  | 'too-many-waiting'
  | 'signature-refused'
  | 'wrong-code'
  | 'page-not-proven'
  | 'page-already-proven'
  | 'touch-refused'
  | 'user-verification-required'
  | 'attestation-required'
  | 'touched-elsewhere'
  | 'too-many-certificates'
  | 'ca-key-changed'
  | 'too-large-to-log'
  | 'signing-failed'
  | 'invite-unknown'
  | 'invite-used'
  | 'invite-expired'
  | 'credential-exists'
  | 'credential-refused'
  | 'call-not-signed'
  | 'call-refused'
  | 'call-replayed'
  | 'unknown-credential'
  | 'bad-roster'
  | 'unknown-host'
  | 'unknown-machine'
  | 'machine-locked'
  | 'token-unknown'
  | 'token-used'
  | 'token-expired'
  | 'renewal-refused'
  | 'host-call-refused'
  | 'too-many-reports'
  | 'bundle-changed'
  | 'nothing-to-revoke'
  | 'key-revoked'
  | 'no-ca-key'
  | 'unknown-ca-key'
  | 'wrong-ca-state'
  | 'hosts-lack-key'
  | 'clients-lack-key'
  | 'statement-refused';

/** Why somebody who was authenticated does not get what was asked, and what that person may ask for instead. */
export interface Refusal {
  readonly code: AuthorityErrorCode;
  readonly reason: string;
  readonly access?: Access;
}

/** A refusal or failure of a use case. `code` is stable; the message says what to do where there is something to do. */
export class AuthorityError extends Error {
  readonly code: AuthorityErrorCode;
  readonly access: Access | undefined;

  constructor(
    code: AuthorityErrorCode,
    message: string,
    options: ErrorOptions & { readonly access?: Access } = {},
  ) {
    super(message, options);
    this.name = 'AuthorityError';
    this.code = code;
    this.access = options.access;
  }
}
