/**
 * The bundle: which keys speak for this authority, signed by the key that clients pin. A client that pinned the bundle key
 * when it enrolled needs no other trust, the TLS certificate's included.
 */
import { BUNDLE_NAMESPACE } from '../ssh/bundle-namespace.ts';
import { formatPublicKeyLine } from '../ssh/public-key.ts';
import { signSshsig } from '../ssh/sshsig.ts';
import type { Authority } from './authority.ts';
import type { CaKey } from './ca-keys.ts';
import { currentCaKeys } from './ca-keys.ts';

/** How long a client may rely on a bundle before it must have seen a newer one. */
export const FRESH_SECONDS = 7 * 86_400;

export interface SignedBundle {
  /** The exact bytes that are signed: JSON as in the HTTP contract's `Bundle`. */
  readonly statement: Uint8Array;
  readonly signature: Uint8Array;
}

/** Numbered by its time, so that a later bundle always has a higher number, also after a restore from backup. */
export async function signBundle(authority: Authority): Promise<SignedBundle> {
  const now = authority.clock.now();
  const keys = await authority.store.read((tx) => currentCaKeys(authority, tx));
  const bundle = {
    authority: authority.origin,
    rpId: authority.rpId,
    number: now,
    madeAt: now,
    freshUntil: now + FRESH_SECONDS,
    caKeys: keys.map(bundledKey),
    logKey: authority.logVerifierKey,
    bundleKey: formatPublicKeyLine(authority.bundleKey.publicKey),
  };
  const statement = new TextEncoder().encode(JSON.stringify(bundle));
  return { statement, signature: signSshsig(authority.bundleKey, BUNDLE_NAMESPACE, statement) };
}

function bundledKey({ purpose, key, state, owner }: CaKey): object {
  const line = { purpose, key: formatPublicKeyLine(key), state };
  if (owner === undefined) return line;
  const { person, credentialId } = owner;
  return { ...line, signer: { person, ...(credentialId === undefined ? {} : { credentialId }) } };
}
