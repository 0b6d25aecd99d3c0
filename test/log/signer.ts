import { sign } from 'node:crypto';
import type { NoteSigner } from '../../src/log/note-key.ts';
import { ed25519FromSeed } from '../../src/ssh/private-key.ts';

/** The signer of a log for tests, from a seed of 32 bytes. */
export function seededSigner(name: string, seed: Uint8Array): NoteSigner {
  const { publicKey, object } = ed25519FromSeed(seed);
  if (publicKey.type !== 'ssh-ed25519') throw new TypeError('a seed gives an Ed25519 key');
  return {
    name,
    publicKey: publicKey.point,
    sign: (message) => Uint8Array.from(sign(null, message, object)),
  };
}
