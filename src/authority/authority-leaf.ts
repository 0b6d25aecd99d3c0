import { encodeLeaf } from '../log/leaf.ts';
import { encodePublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { PURPOSES } from './purpose.ts';

/** The leaf that says which keys speak for this authority from now on. */
export function authorityLeaf(authority: Authority): Uint8Array {
  return encodeLeaf({
    kind: 'authority',
    recordedAt: authority.clock.now(),
    origin: authority.origin,
    caKeys: PURPOSES.map((purpose) => ({
      purpose,
      publicKey: encodePublicKey(authority.signers[purpose].publicKey),
    })),
    logKey: authority.logVerifierKey,
    bundleKey: encodePublicKey(authority.bundleKey.publicKey),
  });
}
