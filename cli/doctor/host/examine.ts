/** Looks at a whole host: reads its files, asks its programs, and has each part judged. */
import { hostname } from 'node:os';
import { parseCaFile } from '../../../src/pam-ussh/ca-file.ts';
import type { VerifiedBundle } from '../../authority/bundle.ts';
import type { Surroundings } from '../../surroundings.ts';
import type { Check } from '../check.ts';
import { failure, warning } from '../check.ts';
import { accountOf } from './accounts.ts';
import { checkDeniedFiles } from './denied.ts';
import type { HostFiles, HostUser } from './files.ts';
import { textOf } from './files.ts';
import { checkModule, modulePlaces } from './module.ts';
import { caFilesOf, checkModuleLines, isForbidden, sudoPrincipalsOf } from './module-lines.ts';
import { emergencyKeys, otherKeys } from './other-keys.ts';
import { checkOwnAgent } from './own-agent.ts';
import { checkPam } from './pam.ts';
import type { PamModule } from './pam-stack.ts';
import { ask, sshdArguments, sshdProgram, userOf } from './programs.ts';
import { hostFiles } from './real-files.ts';
import type { SshdConfig } from './sshd.ts';
import { checkSshd, parseSshdConfig } from './sshd.ts';
import { judgeSudoers, servicesOf } from './sudoers.ts';
import type { SudoDefault, SudoersFacts } from './sudoers-facts.ts';
import { cvtsudoersArguments, parseCvtsudoers, parseSudoList } from './sudoers-facts.ts';
import { readSudoers } from './sudoers-text.ts';

interface HostQuestion {
  readonly surroundings: Surroundings;
  /** `/` for this host. */
  readonly root: string;
  readonly userName: string | undefined;
  /** What this machine knows of an authority, where somebody is enrolled on it. */
  readonly bundle: VerifiedBundle | undefined;
}

export async function examineHost(question: HostQuestion): Promise<readonly Check[]> {
  const { surroundings, root, userName, bundle } = question;
  const files = hostFiles(root);
  const user = userName === undefined ? undefined : await findUser(question, files, userName);
  if (userName !== undefined && user === undefined)
    return [failure('host.sudoers', `there is no user ${userName}`, 'name a Unix account of this host')];
  const host: Host = { surroundings, files, user, isHere: root === '/' };
  const sudo = await checkSudo(host);
  const { checks, modules, deniedFiles } = checkPam(files, servicesOf(sudo.defaults));
  const sshd = await askSshd(host);
  const config = sshd.kind === 'config' ? sshd.config : undefined;
  const lines = { files, modules, user, others: otherKeys(files, config, bundle) };
  return [
    ...checks,
    ...checkDeniedFiles({ files, paths: deniedFiles, user }),
    ...checkModuleLines(lines),
    ...distinctModules(files, modules).flatMap((module) => checkModule(files, module)),
    ...sudo.checks,
    ...(sshd.kind === 'config' ? aboutSshd(host, sshd.config, modules) : [sshd.check]),
    ...(host.isHere && user !== undefined ? await checkOwnAgent({ surroundings, files, user, modules }) : []),
  ];
}

interface Host {
  readonly surroundings: Surroundings;
  readonly files: HostFiles;
  readonly user: HostUser | undefined;
  /** False for files below another root: programs would speak of this machine. */
  readonly isHere: boolean;
}

function findUser(
  { surroundings, root }: HostQuestion,
  files: HostFiles,
  name: string,
): Promise<HostUser | undefined> | HostUser | undefined {
  return root === '/' ? userOf(surroundings, name) : accountOf(files, name);
}

function distinctModules(files: HostFiles, modules: readonly PamModule[]): readonly PamModule[] {
  return [...new Map(modules.map((module) => [modulePlaces(files, module).join('\0'), module])).values()];
}

/* sudoers */

interface SudoersAnswer {
  readonly checks: readonly Check[];
  readonly defaults: readonly SudoDefault[];
}

async function checkSudo(host: Host): Promise<SudoersAnswer> {
  const { text, unread, cut } = readSudoers(host.files, hostNameOf(host));
  if (cut !== undefined) return unknown(failure('host.sudoers', cut, 'visudo -c; sudo itself gives up, too'));
  if (unread.length > 0) return unread.some(isForbidden) ? askSudo(host) : unknown(...unread.map(unreadable));
  const parsed = await ask(host.surroundings, ['cvtsudoers', ...cvtsudoersArguments(host.user)], text);
  if (parsed === undefined) {
    const hint = 'it comes with sudo since 1.8.23; look for the settings that docs/command.md names yourself';
    return unknown(warning('host.sudoers', 'cvtsudoers is not there, so sudoers is not understood', hint));
  }
  const facts = parseCvtsudoers(parsed.stdout, host.user);
  if (parsed.exitCode !== 0 || facts === undefined)
    return unknown(
      failure('host.sudoers', `sudoers is not well formed: ${firstLine(parsed.stderr)}`, 'visudo -c'),
    );
  return {
    checks: [...(await askVisudo(host)), ...judgeSudoers(await withOtherRules(host, facts), host.user)],
    defaults: facts.defaults,
  };
}

/** What a person may not read about sudo, sudo may tell them: without a question, since a question would be one to pam-ussh. */
async function askSudo({ surroundings, user, isHere }: Host): Promise<SudoersAnswer> {
  const said = isHere ? await ask(surroundings, ['sudo', '-n', '-l']) : undefined;
  const facts = said && parseSudoList(said.stdout + said.stderr);
  if (facts !== undefined) return { checks: judgeSudoers(facts, user), defaults: facts.defaults };
  return unknown(
    warning('host.sudoers', 'you may not read sudoers', 'run it as root: sudo usher doctor host'),
  );
}

function unknown(...checks: readonly Check[]): SudoersAnswer {
  return { checks, defaults: [] };
}

/** A directory service may have rules, too; sudo knows, and tells root of others. */
async function withOtherRules(
  { surroundings, user, isHere }: Host,
  facts: SudoersFacts,
): Promise<SudoersFacts> {
  if (facts.hasRule !== false || user === undefined || !isHere || process.getuid?.() !== 0) return facts;
  const said = await ask(surroundings, ['sudo', '-l', '-U', user.name]);
  return { ...facts, hasRule: parseSudoList(said?.stdout ?? '')?.hasRule === true };
}

/** visudo looks at owners and modes, too, which a text does not have. */
async function askVisudo({ surroundings, isHere }: Host): Promise<readonly Check[]> {
  if (!isHere || process.getuid?.() !== 0) return [];
  const checked = await ask(surroundings, ['visudo', '-c']);
  if (checked === undefined || checked.exitCode === 0) return [];
  return [failure('host.sudoers', `visudo -c: ${firstLine(checked.stderr || checked.stdout)}`, 'visudo')];
}

function unreadable(message: string): Check {
  return failure('host.sudoers', message, 'sudo refuses everybody while a part of sudoers is missing');
}

function hostNameOf({ files, isHere }: Host): string {
  return isHere ? hostname() : (textOf(files, '/etc/hostname') ?? '').trim();
}

/* sshd */

type SshdAnswer =
  | { readonly kind: 'config'; readonly config: SshdConfig }
  | { readonly kind: 'none'; readonly check: Check };

async function askSshd({ surroundings, user, isHere }: Host): Promise<SshdAnswer> {
  const program = isHere ? await sshdProgram() : undefined;
  const hint = isHere ? 'unless nobody logs in here' : 'run it on the host itself for that';
  if (program === undefined)
    return { kind: 'none', check: warning('host.sshd', 'sshd was not asked for its configuration', hint) };
  const said = await ask(surroundings, sshdArguments(program, user));
  if (said?.exitCode === 0) return { kind: 'config', config: parseSshdConfig(said.stdout) };
  const message = `sshd -T: ${firstLine(said?.stderr ?? '')}`;
  const isRoot = process.getuid?.() === 0;
  return {
    kind: 'none',
    check: isRoot
      ? failure('host.sshd', message, 'mend its configuration: sshd -t')
      : warning('host.sshd', message, 'only root may ask it: sudo usher doctor host'),
  };
}

function aboutSshd(host: Host, config: SshdConfig, modules: readonly PamModule[]): readonly Check[] {
  const { surroundings, files, user } = host;
  const sudoKeys = caFilesOf({ files, modules }).flatMap((path) => {
    const fact = files.read(path);
    return fact.kind === 'bytes' ? parseCaFile(fact.bytes).keys.map(({ key }) => key.blob) : [];
  });
  const sudoPrincipals = sudoPrincipalsOf({ files, modules });
  return checkSshd({
    ...{ files, config, user, sudoKeys, sudoPrincipals },
    emergencyKeys: emergencyKeys(files),
    now: surroundings.now(),
  });
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
