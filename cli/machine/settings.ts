/** How one host takes part: written by `usher host enroll`, read by every sync. Lines "name value", which the shell script reads too. */
import { MAX_HOST_KEYS } from '../../src/fleet/host/signed-document.ts';
import { hostFiles } from '../../src/fleet/host-facts.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { formatPublicKeyLine, parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { UsherCommandError } from '../error.ts';

export interface MachineSettings {
  /** Origin of the authority. */
  readonly authority: string;
  /** The name of this host in the roster. */
  readonly host: string;
  /** Signs every bundle. */
  readonly bundleKey: PublicKey;
  /** Where the host keeps what it is told. */
  readonly directory: string;
  /** Private keys of sshd, each of which gets a certificate. */
  readonly hostKeys: readonly string[];
  readonly sshd: string;
  readonly sshdConfig: string;
  /** The file with our lines for sshd; absent: somebody else writes them. */
  readonly dropIn?: string;
  /** A command for the shell, or `auto`. */
  readonly reload: string;
  /** A file, or `journal`. */
  readonly authLog: string;
  /** Where the module of pam-ussh is, if there is one. */
  readonly pamUssh: string;
}

export const AUTO_RELOAD = 'auto';
export const JOURNAL = 'journal';
const NONE = 'none';

/** sshd splits at blanks and expands "%"; the shell script quotes nothing. */
const PATH = /^(\/[A-Za-z0-9_+@-][A-Za-z0-9._+@-]*)+$/;
const COMMAND = /^[\x21-\x7e]([\x20-\x7e]{0,998}[\x21-\x7e])?$/;
const NAMES = [
  ...['authority', 'host', 'bundle-key', 'directory', 'host-key', 'sshd', 'sshd-config', 'drop-in'],
  ...['reload', 'auth-log', 'pam-ussh'],
] as const;

export function formatSettings(settings: MachineSettings): string {
  const lines = [
    ['authority', settings.authority],
    ['host', settings.host],
    ['bundle-key', formatPublicKeyLine(settings.bundleKey)],
    ['directory', settings.directory],
    ...settings.hostKeys.map((path) => ['host-key', path]),
    ['sshd', settings.sshd],
    ['sshd-config', settings.sshdConfig],
    ['drop-in', settings.dropIn ?? NONE],
    ['reload', settings.reload],
    ['auth-log', settings.authLog],
    ['pam-ussh', settings.pamUssh],
  ];
  return lines.map(([name, value]) => `${name} ${value}\n`).join('');
}

/** @throws UsherCommandError `bad-settings` */
export function parseSettings(text: string): MachineSettings {
  const values = valuesByName(text);
  const one = (name: (typeof NAMES)[number]) => oneOf(name, values.get(name) ?? []);
  const dropIn = one('drop-in');
  const settings: MachineSettings = {
    authority: one('authority'),
    host: one('host'),
    bundleKey: parsePublicKeyLine(one('bundle-key')).key,
    directory: one('directory'),
    hostKeys: values.get('host-key') ?? [],
    sshd: one('sshd'),
    sshdConfig: one('sshd-config'),
    ...(dropIn === NONE ? {} : { dropIn }),
    reload: one('reload'),
    authLog: one('auth-log'),
    pamUssh: one('pam-ussh'),
  };
  checkSettings(settings);
  return settings;
}

/** @throws UsherCommandError `bad-settings`; FleetError `bad-value` */
export function checkSettings(settings: MachineSettings): void {
  const { directory, hostKeys, sshd, sshdConfig, dropIn, reload, authLog, pamUssh } = settings;
  hostFiles(directory);
  for (const path of [...hostKeys, sshd, sshdConfig, pamUssh]) checkPath(path);
  if (dropIn !== undefined) checkPath(dropIn);
  if (authLog !== JOURNAL) checkPath(authLog);
  if (!COMMAND.test(reload)) throw bad('the command that reloads sshd is not one line of ASCII');
  checkHostKeys(hostKeys);
}

/** The name of a certificate is that of its key, all in one directory. */
function checkHostKeys(paths: readonly string[]): void {
  if (paths.length < 1 || paths.length > MAX_HOST_KEYS) throw bad(`a host has 1 to ${MAX_HOST_KEYS} keys`);
  const names = new Set(paths.map((path) => path.slice(path.lastIndexOf('/') + 1)));
  if (names.size !== paths.length) throw bad('two host keys have the same file name');
}

function checkPath(path: string): void {
  if (!PATH.test(path))
    throw bad(`"${path}" is no absolute path of A-Z a-z 0-9 . _ + @ - without "." and ".."`);
}

function valuesByName(text: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  for (const line of text.trimEnd().split('\n')) {
    const blank = line.indexOf(' ');
    const name = NAMES.find((known) => known === line.slice(0, blank));
    if (name === undefined) throw bad('a line of it is none of ours');
    values.set(name, [...(values.get(name) ?? []), line.slice(blank + 1)]);
  }
  return values;
}

function oneOf(name: string, values: readonly string[]): string {
  const [value, ...others] = values;
  if (value === undefined || others.length > 0) throw bad(`it has not one line "${name}"`);
  return value;
}

function bad(reason: string): UsherCommandError {
  return new UsherCommandError('bad-settings', `the settings of this host are refused: ${reason}`, {
    hint: 'enrol it anew: usher host enroll',
  });
}
