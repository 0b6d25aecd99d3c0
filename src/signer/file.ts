/** A CA key in a file of this machine: an OpenSSH private key, with or without a passphrase. */
import type { CaSigner } from '../authority/ports.ts';
import type { PrivateKey } from '../ssh/private-key.ts';
import { signMessage } from '../ssh/private-key.ts';

export function fileSigner(key: PrivateKey): CaSigner {
  return { publicKey: key.publicKey, sign: async (draft) => signMessage(key, draft) };
}
