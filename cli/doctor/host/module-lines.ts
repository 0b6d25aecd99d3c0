/** The arguments of pam_ussh.so, and the files that they name. */
import { readModuleOptions } from '../../../src/pam-ussh/options.ts';
import type { Check } from '../check.ts';
import { checkOf, failure, ok, warning } from '../check.ts';
import type { OtherKey } from './ca-file.ts';
import { checkCaFile } from './ca-file.ts';
import type { HostFiles, HostUser } from './files.ts';
import { foreignHand } from './files.ts';
import type { PamModule } from './pam-stack.ts';

interface ModuleLinesQuestion {
  readonly files: HostFiles;
  readonly modules: readonly PamModule[];
  readonly user: HostUser | undefined;
  readonly others: readonly OtherKey[];
}

export function checkModuleLines(question: ModuleLinesQuestion): readonly Check[] {
  // Usually `sudo` and `sudo-i` say the same: each fault is said once.
  const lines = new Map(question.modules.map((module) => [module.arguments.join('\0'), module]));
  return [...lines.values()].flatMap((module) => checkLine(question, module));
}

/** The files of CA keys that these lines name. */
export function caFilesOf({
  files,
  modules,
}: Pick<ModuleLinesQuestion, 'files' | 'modules'>): readonly string[] {
  return [...new Set(modules.map((module) => readLine(files, module).options.caFile))];
}

/** The principals that give sudo on this host. */
export function sudoPrincipalsOf({
  files,
  modules,
}: Pick<ModuleLinesQuestion, 'files' | 'modules'>): readonly string[] {
  return [...new Set(modules.flatMap((module) => [...readLine(files, module).options.principals.keys()]))];
}

/** The line as pam-ussh reads it, which reads the file of principals as root: who is not root may not see it. */
export function readLine(files: HostFiles, module: PamModule) {
  const unseen: string[] = [];
  const options = readModuleOptions(module.arguments, (path) => {
    const fact = files.read(path);
    if (fact.kind !== 'error' || !isForbidden(fact.message)) return fact;
    unseen.push(path);
    return { kind: 'bytes', bytes: new TextEncoder().encode('-unseen-\n') };
  });
  return { options, unseen };
}

/** Reading was refused to us, which says nothing of the host. */
export function isForbidden(message: string): boolean {
  return message.endsWith('permission denied');
}

function checkLine({ files, user, others }: ModuleLinesQuestion, module: PamModule): readonly Check[] {
  const { options, unseen } = readLine(files, module);
  const findings = options.findings.map(checkOf);
  if (options.stop === 'panic') return findings;
  const names = [...options.principals.keys()];
  const ofFile = [...new Set(options.principals.values())].filter((where) => where.startsWith('/'));
  const own = [
    ...unseen.map((path) =>
      warning('host.principals-file', `you may not read ${path}`, 'run it as root: sudo usher doctor host'),
    ),
    ...userAsPrincipal(names, user, module),
    ...ofFile.flatMap((path) => [...changeable(files, path)]),
  ];
  const aboutNames = [...findings.filter(({ id }) => id === 'host.principals-file'), ...own];
  const usual = ok('host.principals-file', `sudo is given for ${names.join(', ')} (${module.place})`);
  return [
    ...findings.filter(({ id }) => id !== 'host.principals-file'),
    ...(aboutNames.length === 0 && names.length > 0 ? [usual] : aboutNames),
    ...checkCaFile({ files, path: options.caFile, user, others }),
  ];
}

/** A certificate names its user always: such a principal adds nothing to what is needed. */
function* userAsPrincipal(
  names: readonly string[],
  user: HostUser | undefined,
  { place }: PamModule,
): Generator<Check> {
  if (user === undefined || !names.includes(user.name)) return;
  const message = `${place}: ${user.name} is a login and a principal for sudo: every certificate of the CA is enough`;
  yield warning('host.principals-file', message, 'list names such as sudoer@HOST only');
}

function* changeable(files: HostFiles, path: string): Generator<Check> {
  const found = foreignHand(files.way(path) ?? []);
  if (found === undefined) return;
  const hint = `chown root:root ${found.path}; chmod go-w ${found.path}`;
  yield failure('host.principals-file', `others than root may change ${path}: ${found.path}`, hint);
}
