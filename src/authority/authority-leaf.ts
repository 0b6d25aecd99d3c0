import { encodeLeaf } from '../log/leaf.ts';
import { encodePublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import type { CaKey } from './ca-keys.ts';

/** The leaf that says which keys speak for this authority from now on. */
export function authorityLeaf(authority: Authority, keys: readonly CaKey[]): Uint8Array {
  return encodeLeaf({
    kind: 'authority',
    recordedAt: authority.clock.now(),
    origin: authority.origin,
    caKeys: keys.map(({ purpose, key }) => ({ purpose, publicKey: encodePublicKey(key) })),
    logKey: authority.logVerifierKey,
    bundleKey: encodePublicKey(authority.bundleKey.publicKey),
  });
}
