/** Fetches the list of hosts and keeps what ssh reads of it. An older list, or somebody else's, changes nothing. */
import { Value } from 'typebox/value';
import { KnownHostsReply } from '../../src/http/contract/known-hosts.ts';
import type { Entry } from '../agent/entries.ts';
import { readIfThere, writeAtomically } from '../atomic-file.ts';
import { UsherCommandError } from '../error.ts';
import { withLock } from '../lock.ts';
import type { KnownHostsPaths } from '../paths.ts';
import { knownHostsPaths } from '../paths.ts';
import type { Enrolled } from './enrolled.ts';
import type { VerifiedKnownHosts } from './known-hosts.ts';
import { KNOWN_HOSTS_WHAT, verifyKnownHosts } from './known-hosts.ts';
import { acceptNewest } from './newest.ts';
import { signGet } from './signed-call.ts';

const TARGET = '/v1/known-hosts';
const MAX_STATEMENT_BYTES = 8_388_608;
const MODE = 0o600;

/** @throws UsherCommandError `bundle-refused`; then the files are as they were. */
export async function refreshKnownHosts(
  enrolled: Enrolled,
  signer: Pick<Entry, 'blob' | 'certificate'>,
): Promise<VerifiedKnownHosts> {
  const { client, settings } = enrolled;
  const reply = await client.get(TARGET, KnownHostsReply, await signGet(enrolled, signer, TARGET));
  const fetched = verifyKnownHosts(reply, settings.origin, settings);
  const files = filesOf(enrolled);
  await withLock(files.statement, async () => {
    const seen = await storedKnownHosts(enrolled);
    acceptNewest(fetched, seen, enrolled.surroundings.now(), KNOWN_HOSTS_WHAT);
    await write(files, fetched);
  });
  return fetched;
}

/** The list as it was seen last, verified again; undefined when there is none, or it is of a key that is pinned no more. */
export async function storedKnownHosts(enrolled: Enrolled): Promise<VerifiedKnownHosts | undefined> {
  const { statement } = filesOf(enrolled);
  const text = await readIfThere(statement, MAX_STATEMENT_BYTES);
  if (text === undefined) return undefined;
  const reply = parseJson(text);
  if (!Value.Check(KnownHostsReply, reply))
    throw new UsherCommandError('bad-settings', `${statement} can not be read`, {
      hint: 'it holds the hosts that you saw last: move it away',
    });
  try {
    return verifyKnownHosts(reply, enrolled.settings.origin, enrolled.settings);
  } catch (error) {
    if (error instanceof UsherCommandError && error.code === 'bundle-refused') return undefined;
    throw error;
  }
}

/** Makes files without content where there are none: ssh refuses every host while one that it is told of is missing. */
export async function ensureKnownHostsFiles(enrolled: Enrolled): Promise<KnownHostsPaths> {
  const files = filesOf(enrolled);
  await withLock(files.statement, async () => {
    for (const file of [files.revokedHostKeys, files.knownHosts])
      if ((await readIfThere(file, Number.POSITIVE_INFINITY)) === undefined)
        await writeAtomically(file, '', MODE);
  });
  return files;
}

function filesOf({ paths, name }: Pick<Enrolled, 'paths' | 'name'>): KnownHostsPaths {
  return knownHostsPaths(paths, name);
}

/** What takes trust away first; the list itself last, since it says that the others are written. */
async function write(files: KnownHostsPaths, { reply, text, krlBytes }: VerifiedKnownHosts): Promise<void> {
  await writeAtomically(files.revokedHostKeys, krlBytes, MODE);
  await writeAtomically(files.knownHosts, text, MODE);
  await writeAtomically(files.statement, `${JSON.stringify(reply)}\n`, MODE);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
