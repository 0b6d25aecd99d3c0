import { encodeLeaf } from '../log/leaf.ts';
import { encodePublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import type { CaKey } from './ca-keys.ts';

/** The leaf that says which keys speak for this authority from now on. What becomes of its own, leaves of kind `ca-key` say. */
export function authorityLeaf(authority: Authority, keys: readonly CaKey[]): Uint8Array {
  return encodeLeaf({
    kind: 'authority',
    recordedAt: authority.clock.now(),
    origin: authority.origin,
    caKeys: keys
      .filter(isActiveOrNotOurs)
      .map(({ purpose, key }) => ({ purpose, publicKey: encodePublicKey(key) })),
    logKey: authority.logVerifierKey,
    bundleKey: encodePublicKey(authority.bundleKey.publicKey),
  });
}

/** There may be more retired ones than a leaf holds. */
function isActiveOrNotOurs({ state, owner }: CaKey): boolean {
  return owner !== undefined || state === 'active' || state === 'offline';
}
