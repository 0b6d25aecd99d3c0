/** What one host has to know: made anew for each request from roster, CA keys and lists, so that nothing has to be kept in step. */
import { createHash } from 'node:crypto';
import { packFiles } from '../fleet/host/archive.ts';
import { formatBundleStatement, HOST_BUNDLE_NAMESPACE } from '../fleet/host/bundle-statement.ts';
import type { HostBundleFacts, SudoFacts } from '../fleet/host/contents.ts';
import { hostFilesOf } from '../fleet/host/contents.ts';
import { openFetch } from '../fleet/host/fetch-document.ts';
import { joinSigned } from '../fleet/host/signed-document.ts';
import { openStatement } from '../fleet/signed-statement.ts';
import type { Host, Roster } from '../policy/roster.ts';
import { signSshsig } from '../ssh/sshsig.ts';
import type { Authority } from './authority.ts';
import { currentCaKeys, peopleSign } from './ca-keys.ts';
import { AuthorityError } from './error.ts';
import { callingHost } from './host-call.ts';
import { assertMeantForUs, openDocument } from './host-document.ts';
import { revocationList } from './krl.ts';
import type { StoreReader } from './ports.ts';
import { sudoDenied } from './sudo-denied.ts';

/** How long a host may rely on a bundle before it must have seen a newer one. */
const FRESH_SECONDS = 7 * 86_400;

interface HostArchiveBytes {
  readonly host: string;
  readonly bytes: Uint8Array;
  /** SHA-256 in hex. */
  readonly hash: string;
}

/** @param body the signed fetch. @returns the signed statement, as text. @throws AuthorityError */
export async function signHostBundle(authority: Authority, body: string): Promise<string> {
  const { host, bytes, hash } = await archiveFor(authority, body);
  const now = authority.clock.now();
  const text = formatBundleStatement({
    authority: authority.origin,
    host,
    // By its time, so that a later one always has a higher number, also after a restore from backup.
    number: now,
    madeAt: now,
    freshUntil: now + FRESH_SECONDS,
    filesHash: hash,
    filesSize: bytes.length,
  });
  const message = new TextEncoder().encode(text);
  return joinSigned(text, [signSshsig(authority.bundleKey, HOST_BUNDLE_NAMESPACE, message)]);
}

/** @param wanted hash of the archive, from a statement. @throws AuthorityError `bundle-changed` */
export async function hostFiles(authority: Authority, body: string, wanted: string): Promise<Uint8Array> {
  const { bytes, hash } = await archiveFor(authority, body);
  if (hash !== wanted)
    throw new AuthorityError('bundle-changed', 'these are not the files any more: ask for a new statement');
  return bytes;
}

async function archiveFor(authority: Authority, body: string): Promise<HostArchiveBytes> {
  const call = openDocument(() => openFetch(body));
  assertMeantForUs(authority, call);
  await authority.store.read((tx) => callingHost(authority, tx, call));
  const revoked = {
    login: (await revocationList(authority, 'login')).bytes,
    builder: (await revocationList(authority, 'builder')).bytes,
  };
  // Only to drop what has ended: a login is denied no longer than its certificate would have lived.
  await revocationList(authority, 'sudo');
  const facts = await authority.store.read(async (tx) => {
    const host = await callingHost(authority, tx, call);
    return factsOf(authority, tx, host, revoked);
  });
  const bytes = packFiles(hostFilesOf(facts));
  return { host: call.host, bytes, hash: createHash('sha256').update(bytes).digest('hex') };
}

async function factsOf(
  authority: Authority,
  tx: StoreReader,
  host: Host,
  revoked: HostBundleFacts['revoked'],
): Promise<HostBundleFacts> {
  const roster = await authority.rosters.in(tx);
  return {
    host,
    caKeys: await currentCaKeys(authority, tx),
    sudo: await sudoFacts(authority, tx, roster),
    logins: [...roster.people.values()].flatMap(({ logins }) => logins),
    revoked,
    sudoDenied: await sudoDenied(authority, tx),
  };
}

/** Of a keyless CA the statement says which principals count, not the roster: whoever holds the authority must not open more hosts. */
async function sudoFacts(authority: Authority, tx: StoreReader, roster: Roster): Promise<SudoFacts> {
  if (!peopleSign(authority, 'sudo')) {
    const everywhere = [...roster.roles.values()].some(({ sudo }) => sudo?.everywhere === true);
    return { signer: 'authority', everywhere };
  }
  const text = await tx.sudoStatement();
  if (text === undefined) return { signer: 'statement', everywhere: false };
  return { signer: 'statement', everywhere: openStatement(text).statement.everywhere, statement: text };
}
