/** What sudoers says: from `cvtsudoers -f json`, sudo's own parser, or from `sudo -l` where the file itself can not be read. */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { HostUser } from './files.ts';

export type DefaultValue = string | boolean | readonly string[];

/** One setting of a line `Defaults`. */
export interface SudoDefault {
  readonly name: string;
  readonly value: DefaultValue;
  /** Whom it is for. `perhaps`: for a command, a host or the user that commands run as, which may be meant. */
  readonly holds: 'always' | 'for-user' | 'perhaps';
}

export interface SudoersFacts {
  readonly defaults: readonly SudoDefault[];
  /** Whether a rule lets the person run something; undefined when nobody is named. */
  readonly hasRule: boolean | undefined;
  /** Whether a rule of the person's says NOPASSWD. */
  readonly isFree: boolean;
}

/* The form of cvtsudoers(1), as far as it matters here. */
const Member = Type.Record(Type.String(), Type.Unknown());
const Options = Type.Array(Type.Record(Type.String(), Type.Unknown()));
const Sudoers = Type.Object({
  Defaults: Type.Optional(Type.Array(Type.Object({ Binding: Type.Optional(Type.Array(Member)), Options }))),
  User_Specs: Type.Optional(
    Type.Array(Type.Object({ Cmnd_Specs: Type.Array(Type.Object({ Options: Type.Optional(Options) })) })),
  ),
});

/** The arguments that make cvtsudoers leave out the rules of other people. */
export function cvtsudoersArguments(user: HostUser | undefined): readonly string[] {
  const whole = ['-f', 'json', '-e'];
  if (user === undefined) return [...whole, '-'];
  const filter = [`user=${user.name}`, ...user.groups.map(({ name }) => `group=${name}`)].join(',');
  return [...whole, '-m', filter, '-'];
}

/** @returns undefined when the text is not what cvtsudoers writes. */
export function parseCvtsudoers(json: string, user: HostUser | undefined): SudoersFacts | undefined {
  const value = parseJson(json);
  if (!Value.Check(Sudoers, value)) return undefined;
  const specs = (value.User_Specs ?? []).flatMap(({ Cmnd_Specs }) => Cmnd_Specs);
  return {
    defaults: (value.Defaults ?? []).flatMap(({ Binding, Options: options }) => {
      const holds = bindingOf(Binding ?? [], user);
      return holds === undefined ? [] : options.flatMap((option) => settingsOf(option, holds));
    }),
    hasRule: user === undefined ? undefined : specs.length > 0,
    isFree: user !== undefined && specs.some(({ Options: options = [] }) => options.some(isFree)),
  };
}

/** cvtsudoers writes nothing at all when nothing is left. */
function parseJson(json: string): unknown {
  try {
    return JSON.parse(json.trim() === '' ? '{}' : json);
  } catch {
    return undefined;
  }
}

/** `Defaults>root` and `Defaults:root` look the same here, so what is for root may be meant for everybody who becomes root. */
function bindingOf(
  binding: readonly Readonly<Record<string, unknown>>[],
  user: HostUser | undefined,
): SudoDefault['holds'] | undefined {
  if (binding.length === 0) return 'always';
  const isUser = (member: Readonly<Record<string, unknown>>) =>
    member['username'] === user?.name || user?.groups.some(({ name }) => member['usergroup'] === name);
  if (user !== undefined && binding.some(isUser)) return 'for-user';
  const others = binding.every(
    (member) =>
      ('username' in member || 'usergroup' in member) &&
      !['root', 'ALL'].includes(String(member['username'])),
  );
  return others && user !== undefined ? undefined : 'perhaps';
}

function settingsOf(
  option: Readonly<Record<string, unknown>>,
  holds: SudoDefault['holds'],
): readonly SudoDefault[] {
  if (option['operation'] === 'list_remove') return [];
  return Object.entries(option).flatMap(([name, value]): readonly SudoDefault[] => {
    if (typeof value === 'string' && name !== 'operation') return [{ name, value, holds }];
    if (typeof value === 'boolean') return [{ name, value, holds }];
    return Array.isArray(value) ? [{ name, value: value.map(String), holds }] : [];
  });
}

function isFree(option: Readonly<Record<string, unknown>>): boolean {
  return option['authenticate'] === false;
}

/** What sudo says to a person about themselves, in English. @returns undefined when it wants a password first. */
export function parseSudoList(text: string): SudoersFacts | undefined {
  const rules = /may run the following commands on [^\n]*:\n((?:[ \t]+[^\n]*\n?)*)/.exec(text)?.[1];
  const isDenied = / is not allowed to run sudo | may not run sudo /.test(text);
  if (rules === undefined && !isDenied) return undefined;
  const list = /^Matching Defaults entries for [^\n]*:\n((?:[ \t]+[^\n]*\n?)*)/m.exec(text)?.[1] ?? '';
  const settings = list.split(/(?<!\\),|\n/).map((part) => part.trim());
  return {
    defaults: settings.filter((setting) => setting !== '').map(parseSetting),
    hasRule: !isDenied,
    isFree: /\bNOPASSWD:/.test(rules ?? ''),
  };
}

function parseSetting(setting: string): SudoDefault {
  const holds = 'always' as const;
  const [, name = '', value] = /^([\w!]+)\s*\+?=\s*(.*)$/s.exec(setting) ?? [];
  if (value === undefined)
    return setting.startsWith('!')
      ? { name: setting.slice(1), value: false, holds }
      : { name: setting, value: true, holds };
  const plain = value.replaceAll(/^"|"$/g, '');
  return { name, value: name === 'env_keep' ? plain.split(/\s+/) : plain, holds };
}
