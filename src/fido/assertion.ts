/** A FIDO assertion as it travels, whichever way the touch was made. Bytes are base64url without padding. */
export interface AssertionJson {
  /** webauthn: base64url of the raw credential id; an SSH security key: its fingerprint `SHA256:…`. */
  readonly credentialId: string;
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly signature: string;
  readonly userHandle?: string;
}
