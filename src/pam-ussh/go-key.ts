/** Public keys as x/crypto reads them: more kinds and sizes than we would ever certify, down to RSA of 512 bits and DSA. */

export type GoKeyType =
  | 'ssh-ed25519'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ecdsa-sha2-nistp521'
  | 'ssh-rsa'
  | 'ssh-dss'
  | 'sk-ssh-ed25519@openssh.com'
  | 'sk-ecdsa-sha2-nistp256@openssh.com';

export interface GoKey {
  readonly type: GoKeyType;
  /** As x/crypto encodes it anew, which is what it compares and signs. */
  readonly blob: Uint8Array;
}
