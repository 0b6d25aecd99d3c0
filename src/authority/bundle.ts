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
import type { StoreReader } from './ports.ts';

/** How long a client may rely on a bundle before it must have seen a newer one. */
const FRESH_SECONDS = 7 * 86_400;

export interface SignedBundle {
  /** The exact bytes that are signed: JSON as in the HTTP contract's `Bundle`. */
  readonly statement: Uint8Array;
  readonly signature: Uint8Array;
}

export async function signBundle(authority: Authority): Promise<SignedBundle> {
  const { keys, times } = await authority.store.read(async (tx) => ({
    keys: await currentCaKeys(authority, tx),
    times: await statementTimes(authority, tx),
  }));
  const bundle = {
    authority: authority.origin,
    rpId: authority.rpId,
    ...times,
    caKeys: keys.map(bundledKey),
    logKey: authority.logVerifierKey,
    bundleKey: formatPublicKeyLine(authority.bundleKey.publicKey),
  };
  const statement = new TextEncoder().encode(JSON.stringify(bundle));
  return { statement, signature: signSshsig(authority.bundleKey, BUNDLE_NAMESPACE, statement) };
}

/**
 * Numbered by its time, so that a later bundle always has a higher number, also after a restore from backup. One number has one
 * content: in the second in which something of it changed, a bundle is already one of the next second.
 * @param tx the one in which the content is read
 */
export async function statementTimes({ clock }: Authority, tx: StoreReader) {
  const madeAt = Math.max(clock.now(), await tx.bundleNumber());
  return { number: madeAt, madeAt, freshUntil: madeAt + FRESH_SECONDS };
}

function bundledKey({ purpose, key, state, owner }: CaKey): object {
  const line = { purpose, key: formatPublicKeyLine(key), state };
  if (owner === undefined) return line;
  const { person, credentialId } = owner;
  return { ...line, signer: { person, ...(credentialId === undefined ? {} : { credentialId }) } };
}
