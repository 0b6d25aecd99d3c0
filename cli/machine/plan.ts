/** Which files a host shall have, and what has to change for that. The order is that of writing: what sshd names comes before the lines that name it. */
import type { HostArchive } from '../../src/fleet/host/archive.ts';
import { parseNames, parsePrincipals, parseSudoDenied } from '../../src/fleet/host/contents.ts';
import { hostFiles } from '../../src/fleet/host-facts.ts';
import { formatHostDropIn } from '../../src/fleet/sshd.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import type { FoundFile, MachineFiles } from './files.ts';
import { PUBLIC_MODE, toBytes } from './files.ts';
import { certificatePath } from './host-keys.ts';
import { refused } from './refusal.ts';
import type { MachineSettings } from './settings.ts';

export interface WantedFile {
  readonly path: string;
  readonly contents: Uint8Array;
  /** Whether sshd learns of it only when it is told to. */
  readonly needsReload: boolean;
}

export interface FileChange {
  readonly path: string;
  readonly before: FoundFile | undefined;
  /** undefined: it goes. */
  readonly after: Uint8Array | undefined;
  readonly needsReload: boolean;
}

/** A file that was being written when somebody pulled the plug. */
const LEFT_OVER = /\.[0-9a-f]{12}\.tmp$/;

/**
 * Every file of the bundle, checked.
 * @param sudoCa the file that holds the keys for sudo; undefined: as it is.
 * @throws UsherCommandError `bundle-refused`; FleetError
 */
export function wantedFiles(
  { directory }: Pick<MachineSettings, 'directory'>,
  files: HostArchive,
  sudoCa: Uint8Array | undefined,
): readonly WantedFile[] {
  const paths = hostFiles(directory);
  const needed = (name: keyof HostArchive) => {
    const contents = files[name];
    if (contents === undefined) throw refused(`the bundle has no ${name}`);
    return contents;
  };
  return [
    // What is revoked is out first, whatever happens then.
    quiet(paths.revokedKeys, needed('revoked_keys')),
    quiet(paths.revokedBuilderKeys, needed('revoked_builder_keys')),
    quiet(paths.sudoDenied, checked(needed('sudo_denied'), parseSudoDenied)),
    quiet(paths.loginCa, checked(needed('login_ca.pub'), parseCaKeys)),
    quiet(paths.builderCa, checked(needed('builder_ca.pub'), parseCaKeys)),
    quiet(`${directory}/host_ca.pub`, checked(needed('host_ca.pub'), parseCaKeys)),
    ...(sudoCa === undefined ? [] : [quiet(paths.sudoCa, checked(sudoCa, parseCaKeys))]),
    quiet(paths.sudoPrincipals, checked(needed('sudo_principals'), parseSudoPrincipals)),
    ...principalFiles(paths.principals, needed('principals')),
  ];
}

/** Our lines for sshd, when they are ours to write. */
export function wantedDropIn({ directory, dropIn, hostKeys }: MachineSettings): WantedFile | undefined {
  if (dropIn === undefined) return undefined;
  const certificates = hostKeys.map((path) => certificatePath(directory, path));
  return { path: dropIn, contents: toBytes(formatHostDropIn(directory, certificates)), needsReload: true };
}

/** What is not there as it shall be: another content, another mode, a link in its place. */
export async function changesTo(
  files: MachineFiles,
  wanted: readonly WantedFile[],
): Promise<readonly FileChange[]> {
  const changes = await Promise.all(
    wanted.map(async ({ path, contents, needsReload }) => {
      const before = await files.read(path);
      return isAsWanted(before, contents) ? [] : [{ path, before, after: contents, needsReload }];
    }),
  );
  return changes.flat();
}

/** Logins that are gone from the roster, and what a run before this one left half written. */
export async function removals(
  files: MachineFiles,
  directory: string,
  wanted: readonly WantedFile[],
): Promise<readonly FileChange[]> {
  const { principals } = hostFiles(directory);
  const keep = new Set(wanted.map(({ path }) => path));
  const [own, logins] = await Promise.all([files.list(directory), files.list(principals)]);
  const paths = [
    ...own.filter((name) => LEFT_OVER.test(name)).map((name) => `${directory}/${name}`),
    ...logins.map((name) => `${principals}/${name}`).filter((path) => !keep.has(path)),
  ];
  return Promise.all(
    paths.map(async (path) => ({
      path,
      before: await files.read(path),
      after: undefined,
      needsReload: false,
    })),
  );
}

/** The names that host certificates shall have. @throws FleetError */
export function wantedNames({ names }: HostArchive): readonly string[] {
  if (names === undefined) throw refused('the bundle has no names');
  return parseNames(toText(names));
}

/** The keys that may sign the certificates of this host. @throws UsherCommandError `bundle-refused`; SshError */
export function wantedHostCas({ 'host_ca.pub': keys }: HostArchive): readonly PublicKey[] {
  if (keys === undefined) throw refused('the bundle has no host_ca.pub');
  return parseCaKeys(toText(keys));
}

function isAsWanted(found: FoundFile | undefined, contents: Uint8Array): boolean {
  if (found?.kind !== 'plain' || found.mode !== PUBLIC_MODE || !found.isRoots) return false;
  return Buffer.from(found.contents).equals(contents);
}

function quiet(path: string, contents: Uint8Array): WantedFile {
  return { path, contents, needsReload: false };
}

function principalFiles(directory: string, contents: Uint8Array): readonly WantedFile[] {
  const principals = parsePrincipals(toText(contents));
  return [...principals].map(([login, names]) =>
    quiet(`${directory}/${login}`, toBytes(names.map((name) => `${name}\n`).join(''))),
  );
}

function checked(contents: Uint8Array, parse: (text: string) => unknown): Uint8Array {
  parse(toText(contents));
  return contents;
}

/** An empty file would lock out whoever relies on it. */
function parseCaKeys(text: string): readonly PublicKey[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw refused('a file of CA keys is empty');
  return lines.map((line) => parsePublicKeyLine(line).key);
}

/** With an empty file pam-ussh would let in every certificate that names the login. */
function parseSudoPrincipals(text: string): void {
  const lines = text.trimEnd().split('\n');
  if (!lines.every((line) => /^sudoer(@[a-z0-9.-]+)?$/.test(line)))
    throw refused('sudo_principals is not written as usher writes it');
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
