/** Names: each means one thing, and whatever refers to a role, host or group finds it. */
import type { Fault, FaultCode } from './fault.ts';
import { isHostName, isReservedHost, isReservedLogin, isRole } from './names.ts';
import type { Item, TextItem } from './tree.ts';
import { fieldOf, sectionOf, textIn, textsIn } from './tree.ts';
import type { YamlFile } from './yaml.ts';

export function checkNames(file: YamlFile): readonly Fault[] {
  return [...reservedNames(file), ...clashes(file), ...unknownRoles(file), ...unknownHosts(file)];
}

type Kind = 'person' | 'login' | 'host' | 'host name' | 'sudo name' | 'group';

interface Use extends TextItem {
  readonly kind: Kind;
  /** Whose it is: two hosts must not share a name, two people may share a login. */
  readonly owner: string;
}

function usesOf({ value }: YamlFile): readonly Use[] {
  const people = sectionOf(value, 'people').flatMap((person) => [
    use('person', person),
    ...textsIn(person, 'logins').map((login): Use => ({ ...login, kind: 'login', owner: '' })),
  ]);
  const hosts = sectionOf(value, 'hosts').flatMap((host) => [
    use('host', host),
    ...textsIn(host, 'names').map((name): Use => ({ ...name, kind: 'host name', owner: host.name })),
    ...textIn(host, 'sudo_name').map((name): Use => ({ ...name, kind: 'sudo name', owner: host.name })),
    ...textsIn(host, 'groups').map((group): Use => ({ ...group, kind: 'group', owner: '' })),
  ]);
  return [...people, ...hosts];
}

function use(kind: Kind, { path, name }: Item): Use {
  return { kind, path, text: name, owner: name };
}

function reservedNames(file: YamlFile): readonly Fault[] {
  return usesOf(file)
    .filter(({ kind, text }) =>
      kind === 'login' || kind === 'person' ? isReservedLogin(text) : isReservedHost(text),
    )
    .map((use) => faultOf(file, 'reserved-name', use, 'is reserved: it means something else to hosts'));
}

function clashes(file: YamlFile): readonly Fault[] {
  const firstUses = new Map<string, Use>();
  return usesOf(file).flatMap((use) => {
    const first = firstUses.get(use.text) ?? use;
    firstUses.set(use.text, first);
    if (mayShare(first, use)) return [];
    const elsewhere = first.path.slice(1).replaceAll('/', '.');
    const message = `is a ${use.kind} here and a ${first.kind} elsewhere (${elsewhere})`;
    return [faultOf(file, 'name-clash', use, message)];
  });
}

/** Of the name where it stands: some are names of entries, some are values. */
function faultOf({ places }: YamlFile, code: FaultCode, { kind, path, text }: Use, message: string): Fault {
  const said = `"${text}" ${message}`;
  return kind === 'sudo name' ? places.faultOfValue(code, path, said) : places.faultOfName(code, path, said);
}

/** People and logins may be called alike; a host's own name may be among its names, and be its name for sudo. */
function mayShare(a: Use, b: Use): boolean {
  const family = (kind: Kind) =>
    kind === 'person' || kind === 'login' ? 'person' : kind === 'group' ? 'group' : 'host';
  if (family(a.kind) !== family(b.kind)) return false;
  return family(a.kind) !== 'host' || a.owner === b.owner;
}

function unknownRoles({ value, places }: YamlFile): readonly Fault[] {
  const known = new Set(sectionOf(value, 'roles').map(({ name }) => name));
  return [
    ...sectionOf(value, 'people').flatMap((person) => textsIn(person, 'roles')),
    ...sectionOf(value, 'roles').flatMap((role) => textsIn(fieldOf(role, 'sudo'), 'approvers')),
  ]
    .filter(({ text }) => isRole(text) && !known.has(text))
    .map(({ path, text }) => places.faultOfValue('unknown-role', path, `there is no role "${text}"`));
}

function unknownHosts({ value, places }: YamlFile): readonly Fault[] {
  const hosts = sectionOf(value, 'hosts');
  const groups = hosts.flatMap((host) => textsIn(host, 'groups').map(({ text }) => text));
  const known = new Set([...hosts.map(({ name }) => name), ...groups]);
  return sectionOf(value, 'roles')
    .flatMap((role) => ['login', 'sudo'].flatMap((purpose) => textsIn(fieldOf(role, purpose), 'hosts')))
    .filter(({ text }) => isHostName(text) && !known.has(text))
    .map(({ path, text }) =>
      places.faultOfValue('unknown-host', path, `there is no host or group "${text}"`),
    );
}
