/** What one host has to know. It follows from roster, CA keys and lists, as the store has them, so that nothing has to be kept in step. */
import { createHash } from 'node:crypto';
import { packFiles } from '../fleet/host/archive.ts';
import { formatBundleStatement, HOST_BUNDLE_NAMESPACE } from '../fleet/host/bundle-statement.ts';
import type { HostBundleFacts, SudoFacts } from '../fleet/host/contents.ts';
import { hostFilesOf } from '../fleet/host/contents.ts';
import { openFetch } from '../fleet/host/fetch-document.ts';
import { joinSigned } from '../fleet/host/signed-document.ts';
import { openStatement } from '../fleet/signed-statement.ts';
import type { Host, Roster } from '../policy/roster.ts';
import { formatPublicKeyLine } from '../ssh/public-key.ts';
import { signSshsig } from '../ssh/sshsig.ts';
import type { Authority } from './authority.ts';
import { statementTimes } from './bundle.ts';
import type { CaKey } from './ca-keys.ts';
import { currentCaKeys, peopleSign } from './ca-keys.ts';
import { AuthorityError } from './error.ts';
import type { HostArchiveBytes } from './host-archives.ts';
import { HostArchives } from './host-archives.ts';
import { callingHost } from './host-call.ts';
import { assertMeantForUs, openDocument } from './host-document.ts';
import { prepareList } from './krl.ts';
import type { StoreReader } from './ports.ts';
import { sudoDenied } from './sudo-denied.ts';

const PURPOSES = ['login', 'sudo', 'builder'] as const;

/** What was made last, of each authority of this process. */
const ARCHIVES = new WeakMap<Authority, HostArchives>();

interface BundleContent {
  readonly archive: HostArchiveBytes;
  readonly times: Awaited<ReturnType<typeof statementTimes>>;
}

/** @param body the signed fetch. @returns the signed statement, as text. @throws AuthorityError */
export async function signHostBundle(authority: Authority, body: string): Promise<string> {
  const { archive, times } = await contentFor(authority, body);
  const { host, hash, bytes } = archive;
  const files = { filesHash: hash, filesSize: bytes.length };
  const text = formatBundleStatement({ authority: authority.origin, host, ...times, ...files });
  const message = new TextEncoder().encode(text);
  return joinSigned(text, [signSshsig(authority.bundleKey, HOST_BUNDLE_NAMESPACE, message)]);
}

/** @param wanted hash of the archive, from a statement. @throws AuthorityError `bundle-changed` */
export async function hostFiles(authority: Authority, body: string, wanted: string): Promise<Uint8Array> {
  const { bytes, hash } = (await contentFor(authority, body)).archive;
  if (hash !== wanted)
    throw new AuthorityError('bundle-changed', 'these are not the files any more: ask for a new statement');
  return bytes;
}

/** Content and time are of one transaction: one number has one content. */
async function contentFor(authority: Authority, body: string): Promise<BundleContent> {
  const call = openDocument(() => openFetch(body));
  assertMeantForUs(authority, call);
  await authority.store.read((tx) => callingHost(authority, tx, call));
  // Also for sudo: a login is denied no longer than its certificate would have lived.
  for (const purpose of PURPOSES) await prepareList(authority, purpose);
  return authority.store.read(async (tx) => {
    const host = await callingHost(authority, tx, call);
    const times = await statementTimes(authority, tx);
    return { archive: await archiveFor(authority, tx, host), times };
  });
}

async function archiveFor(authority: Authority, tx: StoreReader, host: Host): Promise<HostArchiveBytes> {
  const archives = ARCHIVES.get(authority) ?? new HostArchives();
  ARCHIVES.set(authority, archives);
  const caKeys = await currentCaKeys(authority, tx);
  const known = caKeys.map(({ purpose, key, state }) => [purpose, formatPublicKeyLine(key), state]);
  const key = JSON.stringify([host.name, await tx.bundleNumber(), known]);
  const before = archives.get(key);
  if (before !== undefined) return before;
  const facts = await factsOf(authority, tx, host, caKeys);
  return archives.get(key) ?? archives.keep(key, pack(host, facts));
}

function pack({ name: host }: Host, facts: HostBundleFacts): HostArchiveBytes {
  const bytes = packFiles(hostFilesOf(facts));
  return { host, bytes, hash: createHash('sha256').update(bytes).digest('hex') };
}

async function factsOf(
  authority: Authority,
  tx: StoreReader,
  host: Host,
  caKeys: readonly CaKey[],
): Promise<HostBundleFacts> {
  const roster = await authority.rosters.in(tx);
  const { revocationLists } = authority;
  return {
    host,
    caKeys,
    sudo: await sudoFacts(authority, tx, roster),
    logins: [...roster.people.values()].flatMap(({ logins }) => logins),
    revoked: {
      login: (await revocationLists.in(tx, 'login')).bytes,
      builder: (await revocationLists.in(tx, 'builder')).bytes,
    },
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
