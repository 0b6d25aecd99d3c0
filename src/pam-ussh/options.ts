/** The arguments of the line `auth … pam_ussh.so …`, as pam-ussh understands them, which is often not as they are meant. */
import type { FileFact } from './facts.ts';
import type { CheckId, Finding } from './finding.ts';
import { parsePrincipalsFile } from './principals-file.ts';

export interface ModuleOptions {
  readonly caFile: string;
  /** Empty when it is not set. Never set it: who is NOT a member passes without any check. */
  readonly group: string;
  /** Name -> where it was configured (`authorized_principals` or the path of a file). Empty: any certificate with the user's name passes. */
  readonly principals: ReadonlyMap<string, string>;
  readonly log: readonly string[];
  readonly findings: readonly Finding[];
  readonly stderr: readonly string[];
  /** Why pam-ussh comes no further than this line; undefined when it does. */
  readonly stop: 'panic' | 'refused' | undefined;
}

export const DEFAULT_CA_FILE = '/etc/ssh/trusted_user_ca';
const INLINE = 'authorized_principals';
/** What Go says where the part behind "=" is missing. */
const PANIC = 'panic: runtime error: index out of range [1] with length 1';

type ReadFile = (path: string) => FileFact;

interface Progress {
  caFile: string;
  group: string;
  principals: Map<string, string>;
  readonly log: string[];
  readonly findings: Finding[];
  readonly stderr: string[];
  stop: 'panic' | 'refused' | undefined;
}

/** Reads them from left to right, as pam-ussh does: a file that is missing ends it at that place. */
export function readModuleOptions(moduleArguments: readonly string[], readFile: ReadFile): ModuleOptions {
  const progress: Progress = {
    caFile: DEFAULT_CA_FILE,
    group: '',
    principals: new Map(),
    log: [],
    findings: [],
    stderr: [],
    stop: undefined,
  };
  for (const argument of moduleArguments) {
    if (progress.stop === undefined) readArgument(progress, argument, readFile);
  }
  if (progress.stop === undefined && progress.principals.size === 0)
    addLine(progress, 'warning', ...NO_PRINCIPALS);
  return progress;
}

const NO_PRINCIPALS = [
  'no principals are configured: every certificate of the CA with the name of the user passes',
  'name them: authorized_principals=sudoer@HOST',
] as const;

function readArgument(progress: Progress, argument: string, readFile: ReadFile): void {
  const [name = '', value, ...rest] = argument.split('=');
  const known = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
  if (known === undefined) {
    progress.log.push(`unkown option: ${name}`);
    addLine(progress, 'warning', `pam-ussh has no option ${name}`, 'remove it');
    return;
  }
  if (value === undefined) {
    progress.stop = 'panic';
    progress.stderr.push(PANIC);
    addLine(progress, 'error', `${name} without a value makes sudo panic`, `write ${name}=… or remove it`);
    return;
  }
  if (rest.length > 0)
    addLine(
      progress,
      'error',
      `the value of ${name} ends at its "=": pam-ussh reads "${value}"`,
      'use no "=" in a value',
    );
  known(progress, value, readFile);
}

type Option = (progress: Progress, value: string, readFile: ReadFile) => void;

const OPTIONS: Readonly<Record<string, Option>> = {
  ca_file: (progress, value) => {
    progress.caFile = value;
    progress.log.push(`ca_file set to ${value}`);
  },
  group: (progress, value) => {
    progress.group = value;
    progress.log.push(`group set to ${value}`);
    if (value === '') return;
    const sentence = `group=${value}: who is not in that group, or everybody if it does not exist, passes without any check`;
    addLine(progress, 'error', sentence, 'remove group= from the line');
  },
  authorized_principals: (progress, value) => {
    if (progress.principals.size > 0) addLine(progress, 'warning', ...UNION);
    for (const name of value.split(',')) addInline(progress, name);
  },
  authorized_principals_file: readPrincipals,
};

const UNION = [
  'authorized_principals adds to the principals before it',
  'name all principals in one authorized_principals=',
] as const;

function addInline(progress: Progress, name: string): void {
  progress.principals.set(name, INLINE);
  if (name === '' || name !== name.trim())
    addLine(
      progress,
      'error',
      `authorized_principals names "${name}", with nothing trimmed`,
      'separate the names by commas only',
    );
}

function readPrincipals(progress: Progress, path: string, readFile: ReadFile): void {
  const file = readFile(path);
  if (file.kind === 'error') {
    progress.stop = 'refused';
    progress.log.push(file.message);
    add(
      progress,
      'host.principals-file',
      'error',
      `pam-ussh refuses everybody: ${file.message}`,
      `create ${path}`,
    );
    return;
  }
  if (progress.principals.size > 0)
    addLine(
      progress,
      'warning',
      'authorized_principals_file replaces the principals before it',
      'use either a file or authorized_principals=',
    );
  const { names, findings } = parsePrincipalsFile(file.kind === 'bytes' ? file.bytes : new Uint8Array());
  progress.principals = new Map(names.map((name) => [name, path]));
  for (const finding of findings)
    progress.findings.push({ ...finding, sentence: `${path}: ${finding.sentence}` });
}

function addLine(progress: Progress, level: Finding['level'], sentence: string, hint: string): void {
  add(progress, 'host.pam-line', level, sentence, hint);
}

function add(
  progress: Progress,
  check: CheckId,
  level: Finding['level'],
  sentence: string,
  hint: string,
): void {
  progress.findings.push({ check, level, sentence, hint });
}
