/** Who may approve sudo, and whose keys sign for it: that somebody can, and that nobody can alone where others must look. */
import type { Fault } from './fault.ts';
import type { Item } from './tree.ts';
import { fieldOf, itemsIn, sectionOf, textsIn } from './tree.ts';
import type { YamlFile } from './yaml.ts';

/** Who holds the CA key for sudo, by the configuration of the authority: the authority, or people by their touch. */
export type SudoSigner = 'authority' | 'touch';

/** @param signer absent: a file that is checked without an authority */
export function checkSudo(file: YamlFile, signer: SudoSigner | undefined): readonly Fault[] {
  const roles = sectionOf(file.value, 'roles').map((role) => ({ role, sudo: fieldOf(role, 'sudo') }));
  return [
    ...roles.flatMap(({ role, sudo }) => checkApprovals(file, role, sudo)),
    ...checkSigner(file, signer),
    ...checkOwners(file),
    ...checkActive(file),
  ];
}

function checkApprovals(file: YamlFile, role: Item, sudo: Item): readonly Fault[] {
  const { places } = file;
  const [approvals, approvers] = [fieldOf(sudo, 'approvals'), fieldOf(sudo, 'approvers')];
  const needed = approvals.value ?? 0;
  if (typeof needed !== 'number' || !Number.isInteger(needed)) return [];
  const fault = (path: string, message: string) => [places.faultOfName('bad-approvals', path, message)];
  if (needed > 0 && approvers.value === undefined)
    return fault(approvals.path, 'add "approvers": the roles whose people may approve');
  if (needed === 0 && approvers.value !== undefined)
    return fault(approvers.path, 'these approve nothing as long as "approvals" is 0');
  if (needed > 1 && hasSudoCa(file))
    return fault(
      approvals.path,
      'with "sudo_ca" one key signs by itself: a second approval would be for show',
    );
  return needed <= 0 ? [] : checkLonely(file, role.name, sudo, needed);
}

/** For each person with the role there have to be enough others. */
function checkLonely(file: YamlFile, role: string, sudo: Item, needed: number): readonly Fault[] {
  const people = sectionOf(file.value, 'people');
  const approvers = textsIn(sudo, 'approvers').map(({ text }) => text);
  if (approvers.length === 0) return [];
  const signers = hasSudoCa(file) ? new Set(activeOwners(file)) : undefined;
  const able = new Set(
    people
      .filter((person) => approvers.some((one) => hasRole(person, one)))
      .map(({ name }) => name)
      .filter((name) => signers?.has(name) ?? true),
  );
  const othersThan = (name: string) => able.size - (able.has(name) ? 1 : 0);
  const lonely = people.find((person) => hasRole(person, role) && othersThan(person.name) < needed);
  if (lonely === undefined) return [];
  const keys = hasSudoCa(file) ? ' and have an active key in "sudo_ca"' : '';
  const message = `it takes ${needed} besides ${lonely.name} who may approve${keys}: there are ${othersThan(lonely.name)}`;
  return [file.places.faultOfName('bad-approvals', fieldOf(sudo, 'approvers').path, message)];
}

function hasRole(person: Item, role: string): boolean {
  return textsIn(person, 'roles').some(({ text }) => text === role);
}

function checkSigner({ value, places }: YamlFile, signer: SudoSigner | undefined): readonly Fault[] {
  const has = hasSudoCa({ value });
  const fault = (path: string, message: string) => [places.faultOfName('bad-sudo-ca', path, message)];
  if (signer === 'touch' && !has)
    return fault('', 'no key can sign for sudo: the authority is set up for "sudo_ca", which is missing');
  if (signer === 'authority' && has)
    return fault(
      '/sudo_ca',
      'the authority signs for sudo itself, unless usherd.yaml says signers: { sudo: touch }',
    );
  return [];
}

function checkOwners({ value, places }: YamlFile): readonly Fault[] {
  const known = new Set(sectionOf(value, 'people').map(({ name }) => name));
  return itemsIn(value, 'sudo_ca')
    .map((entry) => fieldOf(entry, 'person'))
    .flatMap(({ path, value: name }) =>
      typeof name !== 'string' || known.has(name)
        ? []
        : [places.faultOfValue('unknown-person', path, `there is no person "${name.slice(0, 64)}"`)],
    );
}

function checkActive(file: YamlFile): readonly Fault[] {
  if (itemsIn(file.value, 'sudo_ca').length === 0 || activeOwners(file).length > 0) return [];
  return [file.places.faultOfName('bad-sudo-ca', '/sudo_ca', 'no key here is active: none could sign')];
}

function hasSudoCa({ value }: Pick<YamlFile, 'value'>): boolean {
  return fieldOf({ path: '', value }, 'sudo_ca').value !== undefined;
}

function activeOwners({ value }: YamlFile): readonly unknown[] {
  return itemsIn(value, 'sudo_ca')
    .filter((entry) => (fieldOf(entry, 'state').value ?? 'active') === 'active')
    .map((entry) => fieldOf(entry, 'person').value);
}
