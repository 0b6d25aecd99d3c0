/** What this machine knows of the host's sudo: from the authority, or from the file of CA keys that the person names. */
import { readFile } from 'node:fs/promises';
import { fileReason } from '../../../src/file-reason.ts';
import type { PublicKey } from '../../../src/ssh/public-key.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import type { AgentAddress } from '../../agent/agent-address.ts';
import { agentAddress } from '../../agent/agent-address.ts';
import type { EntryOwner } from '../../agent/entries.ts';
import { entryOwner } from '../../agent/own-entries.ts';
import type { VerifiedBundle } from '../../authority/bundle.ts';
import type { Enrolled } from '../../authority/enrolled.ts';
import { openEnrolled, refreshBundle, storedBundle } from '../../authority/enrolled.ts';
import type { Settings } from '../../authority/settings.ts';
import { UsherCommandError } from '../../error.ts';
import { sudoName } from '../../issue/sudo-names.ts';
import type { Surroundings } from '../../surroundings.ts';
import type { Check } from '../check.ts';
import { failure, warning } from '../check.ts';

export interface KnownSudo {
  /** The text of the host's file of CA keys, as far as it is known. */
  readonly caFile: string;
  readonly agent: AgentAddress;
  /** Accounts that the person may have. */
  readonly logins: readonly string[];
  /** The name of the host in `sudoer@…`. */
  readonly sudoName: string;
  /** Of the person's login certificates. */
  readonly owner: EntryOwner | undefined;
  /** What the authority said last that the person may ask for. */
  readonly access: Settings['access'];
  /** The keys that may have signed those. */
  readonly loginCaKeys: readonly PublicKey[];
  readonly checks: readonly Check[];
}

interface KnownOptions {
  readonly host: string;
  readonly caFile?: string;
  readonly authority?: string;
}

export async function knownSudo(surroundings: Surroundings, options: KnownOptions): Promise<KnownSudo> {
  const { host, caFile, authority } = options;
  if (caFile === undefined) return fromAuthority(await openEnrolled(surroundings, authority), host);
  return {
    caFile: await readCaFile(caFile),
    agent: agentAddress(surroundings.env, false),
    logins: [surroundings.env['USER'] ?? ''].filter((name) => name !== ''),
    sudoName: host,
    owner: undefined,
    access: undefined,
    loginCaKeys: [],
    checks: [],
  };
}

async function fromAuthority(enrolled: Enrolled, host: string): Promise<KnownSudo> {
  const { settings, agent } = enrolled;
  const { bundle, checks } = await latestBundle(enrolled);
  const keys = keysOf(bundle, 'sudo');
  const none = failure(
    'cert.ca-in-ca_file',
    `${settings.origin} has no CA key for sudo`,
    'ask the keeper of the authority; --ca-file takes the file of a host',
  );
  const logins = (settings.access?.logins ?? []).filter((login) => login !== '*');
  return {
    caFile: keys.map((key) => `${formatPublicKeyLine(key)}\n`).join(''),
    agent,
    logins: logins.length === 0 ? [settings.person] : logins,
    sudoName: sudoName(settings, host),
    access: settings.access,
    owner: entryOwner(enrolled, 'login'),
    loginCaKeys: keysOf(bundle, 'login'),
    checks: [...checks, ...(keys.length === 0 ? [none] : [])],
  };
}

function keysOf(bundle: VerifiedBundle | undefined, wanted: EntryOwner['purpose']): readonly PublicKey[] {
  return (bundle?.caKeys ?? []).filter(({ purpose }) => purpose === wanted).map(({ key }) => key);
}

interface LatestBundle {
  readonly bundle: VerifiedBundle | undefined;
  readonly checks: readonly Check[];
}

/** An authority that does not answer is no reason to say nothing: the CA keys seen last are most likely those of now. */
async function latestBundle(enrolled: Enrolled): Promise<LatestBundle> {
  try {
    return { bundle: await refreshBundle(enrolled), checks: [] };
  } catch (error) {
    if (!(error instanceof UsherCommandError)) throw error;
    const seen = storedBundle(enrolled);
    const check = warning(
      'bundle',
      `${error.message}; the CA keys seen last are used`,
      error.hint ?? '"usher doctor" says why',
    );
    return { bundle: seen, checks: [check] };
  }
}

async function readCaFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsherCommandError('key-file', `${path} can not be read: ${fileReason(cause)}`, {
      cause,
      hint: 'copy the file that ca_file= names on the host',
    });
  }
}
