/**
 * Which CA keys speak for which hosts: what the known_hosts file of a person is made from, signed by the key that clients pin. It
 * names every host of the roster, so only who signs in gets it.
 */
import { base64urlnopad } from '@scure/base';
import { KNOWN_HOSTS_NAMESPACE } from '../ssh/bundle-namespace.ts';
import { decodePublicKey, formatPublicKeyLine } from '../ssh/public-key.ts';
import { signSshsig } from '../ssh/sshsig.ts';
import type { Authority } from './authority.ts';
import type { SignedBundle } from './bundle.ts';
import { statementTimes } from './bundle.ts';
import { ownCaKeys } from './ca-keys.ts';
import { prepareList } from './krl.ts';
import type { StoreReader } from './ports.ts';

/** Numbered like bundles. */
export async function signKnownHosts(authority: Authority): Promise<SignedBundle> {
  await prepareList(authority, 'host');
  const known = await authority.store.read((tx) => readFacts(authority, tx));
  const statement = new TextEncoder().encode(JSON.stringify(known));
  return { statement, signature: signSshsig(authority.bundleKey, KNOWN_HOSTS_NAMESPACE, statement) };
}

async function readFacts(authority: Authority, tx: StoreReader): Promise<object> {
  const roster = await authority.rosters.in(tx);
  const keys = (await ownCaKeys(authority, tx)).filter(({ purpose }) => purpose === 'host');
  const { bytes } = await authority.revocationLists.in(tx, 'host');
  return {
    authority: authority.origin,
    ...(await statementTimes(authority, tx)),
    hosts: [...roster.hosts.values()].map(({ name, names }) => ({ name, names })),
    caKeys: keys.map(({ key, state }) => ({ key: formatPublicKeyLine(key), state })),
    revokedCaKeys: await revokedHostKeys(tx),
    krl: base64urlnopad.encode(bytes),
  };
}

async function revokedHostKeys(tx: StoreReader): Promise<readonly string[]> {
  const revoked = (await tx.caKeyRecords()).filter(
    ({ purpose, state }) => purpose === 'host' && state === 'revoked',
  );
  return revoked.map(({ publicKey }) => formatPublicKeyLine(decodePublicKey(publicKey)));
}
