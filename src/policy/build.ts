/** From a file without faults to the roster with its indexes. */
import { parseDuration } from '../ssh/duration.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import { fingerprint } from '../ssh/public-key.ts';
import { readSecurityKey } from './check-keys.ts';
import { readRoot } from './check-values.ts';
import { parseCidr, withoutContained } from './cidr.ts';
import type {
  AttestationPolicy,
  Extension,
  Host,
  LoginProfile,
  Person,
  Role,
  Roster,
  RosterKey,
  SudoCaKey,
  SudoProfile,
  TouchPolicy,
} from './roster.ts';
import { LOGIN_LIFETIME, SUDO_LIFETIME } from './roster.ts';
import type {
  HostEntry,
  LoginEntry,
  PersonEntry,
  RosterFile,
  SudoCaEntry,
  SudoEntry,
  TouchEntry,
} from './schema.ts';
import { parseTime } from './time.ts';

/** @throws TypeError for a file with faults: that is the caller's mistake */
export function buildRoster(file: RosterFile, digest: Uint8Array): Roster {
  const people = mapValues(file.people, buildPerson);
  const hosts = mapValues(file.hosts ?? {}, buildHost);
  const roles = mapValues(
    file.roles,
    (name, { login, sudo, manage, touch }): Role => ({
      name,
      ...(login === undefined ? {} : { login: buildLogin(login) }),
      ...(sudo === undefined ? {} : { sudo: buildSudo(sudo) }),
      manage: new Set(manage),
      touch: buildTouch(touch ?? {}),
    }),
  );
  return {
    digest,
    people,
    roles,
    hosts,
    groups: groupsOf(hosts),
    keyOwners: keyOwnersOf(people),
    roleLists: roleListsOf(people, roles, ({ login, sudo }) => login !== undefined || sudo !== undefined),
    loginLists: roleListsOf(people, roles, ({ login }) => login !== undefined),
    sudoLists: roleListsOf(people, roles, ({ sudo }) => sudo !== undefined),
    manageLists: roleListsOf(people, roles, ({ manage }) => manage.size > 0),
    sudoNames: new Map([...hosts.values()].map((host) => [host.sudoName, host])),
    sudoCa: (file.sudo_ca ?? []).map(buildSudoCaKey),
  };
}

function mapValues<From, To>(
  entries: Readonly<Record<string, From>>,
  build: (name: string, value: From) => To,
): ReadonlyMap<string, To> {
  return new Map(Object.entries(entries).map(([name, value]) => [name, build(name, value)]));
}

function buildPerson(name: string, entry: PersonEntry): Person {
  const { logins, roles } = entry;
  const securityKeys = (entry.security_keys ?? []).map(buildKey);
  if (entry.until === undefined) return { name, logins, roles, securityKeys };
  return { name, logins, roles, securityKeys, until: checked(parseTime(entry.until)) };
}

function buildKey(line: string): RosterKey {
  const { key, comment } = checked(readSecurityKey(line));
  return { key, comment, fingerprint: fingerprint(key) };
}

function buildLogin(entry: LoginEntry): LoginProfile {
  const maxLifetime = secondsOf(entry.max_lifetime) ?? LOGIN_LIFETIME.most;
  const profile = {
    hosts: entry.hosts === '*' ? entry.hosts : new Set(entry.hosts),
    lifetime: secondsOf(entry.lifetime) ?? Math.min(LOGIN_LIFETIME.usual, maxLifetime),
    maxLifetime,
    extensions: [...(entry.extensions ?? DEFAULT_EXTENSIONS)].sort(),
  };
  if (entry.source_addresses === undefined) return profile;
  const networks = entry.source_addresses.map((text) => checked(parseCidr(text)));
  return { ...profile, sourceAddresses: withoutContained(networks) };
}

function buildSudo(entry: SudoEntry): SudoProfile {
  const maxLifetime = secondsOf(entry.max_lifetime) ?? SUDO_LIFETIME.most;
  return {
    hosts: entry.hosts === '*' ? entry.hosts : new Set(entry.hosts),
    everywhere: entry.everywhere ?? false,
    lifetime: secondsOf(entry.lifetime) ?? Math.min(SUDO_LIFETIME.usual, maxLifetime),
    maxLifetime,
    approvals: entry.approvals ?? 0,
    approvers: entry.approvers ?? [],
    reasonRequired: entry.reason === 'required',
    securityKeysOnly: entry.subject_keys === 'sk',
  };
}

function buildSudoCaKey(entry: SudoCaEntry): SudoCaKey {
  const key = { ...buildKey(entry.key), person: entry.person, state: entry.state ?? 'active' };
  return entry.credential_id === undefined ? key : { ...key, credentialId: entry.credential_id };
}

const DEFAULT_EXTENSIONS: readonly Extension[] = ['permit-agent-forwarding', 'permit-pty'];

function secondsOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : checked(parseDuration(text));
}

function buildTouch(entry: TouchEntry): TouchPolicy {
  return {
    userVerification: entry.user_verification === 'required',
    attestation: buildAttestation(entry.attestation),
    sameMachine: entry.same_machine ?? false,
  };
}

function buildAttestation(entry: TouchEntry['attestation']): AttestationPolicy {
  if (entry === undefined) return { required: false };
  const roots = new Set(entry.roots.map((text) => readRoot(text) ?? fail()));
  return { required: true, aaguids: entry.aaguids, roots: [...roots] };
}

function buildHost(name: string, entry: HostEntry): Host {
  return {
    name,
    names: entry.names ?? [name],
    groups: entry.groups ?? [],
    sudoName: entry.sudo_name ?? name,
  };
}

function groupsOf(hosts: ReadonlyMap<string, Host>): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const host of hosts.values())
    for (const group of host.groups) {
      const members = groups.get(group) ?? [];
      members.push(host.name);
      groups.set(group, members);
    }
  return groups;
}

function keyOwnersOf(people: ReadonlyMap<string, Person>): ReadonlyMap<string, string> {
  const owners = [...people.values()].flatMap(({ name, securityKeys }) =>
    securityKeys.map(({ key }) => [keyIdentity(key), name] as const),
  );
  return new Map(owners);
}

/** The lists of roles that people have, each once and without the roles that are not meant. */
function roleListsOf(
  people: ReadonlyMap<string, Person>,
  roles: ReadonlyMap<string, Role>,
  isMeant: (role: Role) => boolean,
): readonly (readonly string[])[] {
  const lists = new Map<string, readonly string[]>();
  for (const person of people.values()) {
    const list = person.roles.filter((name) => {
      const role = roles.get(name);
      return role !== undefined && isMeant(role);
    });
    if (list.length > 0) lists.set(JSON.stringify(list), list);
  }
  return [...lists.values()];
}

/** The checks give sentences or nothing for bad values; neither reaches a file without faults. */
function checked<T extends object | number>(value: T | string | undefined): T {
  return value === undefined || typeof value === 'string' ? fail() : value;
}

function fail(): never {
  throw new TypeError('the roster file has faults');
}
