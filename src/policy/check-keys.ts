/** Security keys in the roster: of a kind that can prove a touch, and each with one role and one person. */
import { SshError } from '../ssh/error.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import { toKeyObject } from '../ssh/key-object.ts';
import type { PublicKey, SecurityPublicKey } from '../ssh/public-key.ts';
import { isSecurityKey, parsePublicKeyLine } from '../ssh/public-key.ts';
import type { Fault } from './fault.ts';
import type { TextItem } from './tree.ts';
import { itemsIn, sectionOf, textIn, textsIn } from './tree.ts';
import type { YamlFile } from './yaml.ts';

/** @param authorityKeys keys that sign certificates: none of them may be anybody's credential, or sign for sudo by a touch */
export function checkKeys(file: YamlFile, authorityKeys: readonly PublicKey[]): readonly Fault[] {
  const taken = new Map(authorityKeys.map((key) => [keyIdentity(key), 'a CA key']));
  const credentials = sectionOf(file.value, 'people').flatMap((person) =>
    textsIn(person, 'security_keys').flatMap((line) =>
      checkKey(file, `the key of ${person.name}`, line, taken),
    ),
  );
  const sudoCa = itemsIn(file.value, 'sudo_ca')
    .flatMap((entry) => textIn(entry, 'key'))
    .flatMap((line) => checkKey(file, 'a CA key for sudo', line, taken));
  return [...credentials, ...sudoCa];
}

function checkKey(
  { places }: YamlFile,
  what: string,
  line: TextItem,
  taken: Map<string, string>,
): readonly Fault[] {
  const key = readSoundKey(line.text);
  if (typeof key === 'string') return [places.faultOfValue('bad-key', line.path, key)];
  const identity = keyIdentity(key.key);
  const holder = taken.get(identity);
  taken.set(identity, holder ?? what);
  if (holder === undefined) return [];
  return [
    places.faultOfValue('key-has-role', line.path, `this is ${holder} already, and a key has one role`),
  ];
}

interface SecurityKeyLine {
  readonly key: SecurityPublicKey;
  readonly comment: string;
}

/** @returns a sentence about what is wrong, or the key, whose point lies on its curve. */
function readSoundKey(line: string): SecurityKeyLine | string {
  return explained(() => {
    const read = readSecurityKey(line);
    if (typeof read !== 'string') toKeyObject(read.key);
    return read;
  });
}

/** @returns a sentence about what is wrong, or the key. */
export function readSecurityKey(line: string): SecurityKeyLine | string {
  return explained(() => {
    const { key, comment } = parsePublicKeyLine(line);
    if (!isSecurityKey(key)) return `a ${key.type} key can not prove a touch; it takes an sk-* key`;
    // Any other application may be the RP id of a web site, whose assertions would then pass for ours.
    return key.application.startsWith('ssh:')
      ? { key, comment }
      : 'the application of a security key begins with "ssh:"';
  });
}

function explained<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof SshError) return error.message;
    throw error;
  }
}
