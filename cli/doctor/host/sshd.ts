/** sshd, by its own word (`sshd -T`): that an agent can be forwarded, that sudo's CA logs nobody in, that revoked keys are out. Pure. */
import { base64 } from '@scure/base';
import { parseCaFile } from '../../../src/pam-ussh/ca-file.ts';
import { SshError } from '../../../src/ssh/error.ts';
import { decodeKrl, isKrl } from '../../../src/ssh/krl-read.ts';
import { roughDuration } from '../../issue/review.ts';
import { DEFAULT_STATE } from '../../machine/state.ts';
import type { Check } from '../check.ts';
import { failure, ok, warning } from '../check.ts';
import type { HostFiles, HostUser } from './files.ts';
import { linesOf, textOf } from './files.ts';

/** Keyword in small letters -> its values, in order. */
export type SshdConfig = ReadonlyMap<string, readonly string[]>;

export interface SshdQuestion {
  readonly files: HostFiles;
  readonly config: SshdConfig;
  readonly user: HostUser | undefined;
  /** The keys that pam-ussh trusts. */
  readonly sudoKeys: readonly Uint8Array[];
  /** Those for emergencies, which are for logins, too (base64). */
  readonly emergencyKeys: ReadonlySet<string>;
  /** The principals that give sudo here. */
  readonly sudoPrincipals: readonly string[];
  readonly now: number;
}

/** A list that is renewed each day is never as old. */
const OLD_SECONDS = 36 * 3600;
/** What the sync of this host took over last, for root to read. */
const STATEMENT = `${DEFAULT_STATE}/statement`;

export function parseSshdConfig(text: string): SshdConfig {
  const config = new Map<string, readonly string[]>();
  for (const line of linesOf(text)) {
    const [, name, value = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const keyword = name.toLowerCase();
    config.set(keyword, [...(config.get(keyword) ?? []), value]);
  }
  return config;
}

export function checkSshd(question: SshdQuestion): readonly Check[] {
  const problems = [
    ...checkForwarding(question.config),
    ...checkCaKeys(question),
    ...checkPrincipals(question),
  ];
  const usual = ok('host.sshd', 'sshd lets agents through, and takes login certificates only');
  return [...(problems.length === 0 ? [usual] : problems), checkRevoked(question)];
}

/** The one value of a keyword; `none` is sshd's word for nothing. */
export function settingOf(config: SshdConfig, keyword: string): string | undefined {
  const value = config.get(keyword)?.[0];
  return value === 'none' || value === '' ? undefined : value;
}

function* checkForwarding(config: SshdConfig): Generator<Check> {
  const hint = 'pam-ussh asks the agent that ssh -A forwards: sshd has to allow it';
  if (config.get('disableforwarding')?.[0] === 'yes')
    yield failure('host.sshd', 'DisableForwarding is on', hint);
  else if (!['yes', 'local', 'all', undefined].includes(config.get('allowagentforwarding')?.[0]))
    yield failure('host.sshd', 'AllowAgentForwarding is off', hint);
}

function* checkCaKeys({ files, config, sudoKeys, emergencyKeys }: SshdQuestion): Generator<Check> {
  const path = settingOf(config, 'trustedusercakeys');
  if (path === undefined) {
    const hint = 'unless people log in otherwise: usher export sshd';
    yield warning('host.sshd', 'TrustedUserCAKeys is not set: no certificate logs in', hint);
    return;
  }
  const fact = files.read(path);
  if (fact.kind !== 'bytes') {
    yield failure(
      'host.sshd',
      `TrustedUserCAKeys names ${path}, which can not be read`,
      'write the login CA there',
    );
    return;
  }
  const sudo = new Set(sudoKeys.map((key) => base64.encode(key)));
  for (const { key, line } of parseCaFile(fact.bytes).keys) {
    const encoded = base64.encode(key.blob);
    if (!sudo.has(encoded) || emergencyKeys.has(encoded)) continue;
    const message = `line ${line} of ${path} is a CA key for sudo: its certificates can log in`;
    yield failure('host.sshd', message, 'TrustedUserCAKeys is for the login CA only (usher export sshd)');
  }
}

/** Our login certificates name `alice@web1`, which sshd takes for alice only where a file says so. */
function* checkPrincipals({ files, config, user, sudoPrincipals }: SshdQuestion): Generator<Check> {
  const pattern = settingOf(config, 'authorizedprincipalsfile');
  if (pattern === undefined) {
    if (settingOf(config, 'authorizedprincipalscommand') === undefined)
      yield warning(
        'host.sshd',
        'AuthorizedPrincipalsFile is not set: sshd takes certificates that name the login alone',
        'usher export sshd sets it',
      );
    return;
  }
  if (user === undefined) return;
  const path = pattern.replaceAll('%u', user.name).replaceAll('%%', '%');
  const names = linesOf(textOf(files, path) ?? '').map((line) => line.trim().split(/\s+/).at(-1) ?? '');
  const shared = names.find((name) => sudoPrincipals.includes(name));
  if (shared !== undefined)
    yield failure('host.sshd', `${path} lets ${shared} log in, which is a principal for sudo`, 'take it out');
}

function checkRevoked({ files, config, now }: SshdQuestion): Check {
  const path = settingOf(config, 'revokedkeys');
  if (path === undefined)
    return warning(
      'host.krl',
      'RevokedKeys is not set: a certificate logs in until it ends',
      'usher export sshd sets it',
    );
  const fact = files.read(path);
  if (fact.kind !== 'bytes')
    return failure(
      'host.krl',
      `RevokedKeys names ${path}, which can not be read: sshd refuses every key`,
      `write ${path}`,
    );
  const made = isKrl(fact.bytes) ? krlDate(fact.bytes) : (files.modified(path) ?? 0);
  if (typeof made === 'string')
    return failure(
      'host.krl',
      `${path} is no KRL that can be read (${made}): sshd then refuses every key`,
      `ssh-keygen -Q -l -f ${path} says whether sshd can read it`,
    );
  return checkAge(path, now - Math.max(made, syncedAt(files) ?? 0));
}

/** A list stays as it is while nobody is revoked: where the host is synced, that tells how old it is. */
function syncedAt(files: HostFiles): number | undefined {
  const made = /^made-at ([0-9]{1,12})$/m.exec(textOf(files, STATEMENT) ?? '')?.[1];
  return made === undefined ? undefined : Number(made);
}

/** When it was made, or what is wrong with it. */
function krlDate(bytes: Uint8Array): number | string {
  try {
    return Number(decodeKrl(bytes).generatedAt);
  } catch (error) {
    if (error instanceof SshError) return error.message;
    throw error;
  }
}

function checkAge(path: string, age: number): Check {
  const words = age < 60 ? 'fresh' : `${roughDuration(age)} old`;
  return age > OLD_SECONDS
    ? warning(
        'host.krl',
        `${path} is ${words}: who was revoked since logs in`,
        'bring a new one; where "usher host sync" does that, root sees how old it is',
      )
    : ok('host.krl', `${path} is ${words}`);
}
