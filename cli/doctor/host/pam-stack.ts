/** The files below /etc/pam.d as libpam reads them (pam.d(5), and Debian's `@include`). Pure over the files of the host. */
import type { HostFiles } from './files.ts';
import { linesOf, textOf } from './files.ts';
import { ReadingBudget, tooManyFiles } from './reading-budget.ts';

/** What a module's answer leads to; a number jumps over as many modules. */
export type PamAction = 'ignore' | 'bad' | 'die' | 'ok' | 'done' | 'reset' | number;

export interface PamModule {
  readonly kind: 'module';
  /** The name of its file, e.g. `pam_unix.so`, as the line has it: perhaps with its directory. */
  readonly path: string;
  readonly arguments: readonly string[];
  /** Answer -> action, by the words of pam.d(5). */
  readonly control: ReadonlyMap<string, PamAction>;
  /** As written. */
  readonly controlText: string;
  /** `/etc/pam.d/sudo:4`. */
  readonly place: string;
}

interface PamSubstack {
  readonly kind: 'substack';
  readonly steps: readonly PamStep[];
}

export type PamStep = PamModule | PamSubstack;

export interface PamStack {
  readonly steps: readonly PamStep[];
  /** What libpam would stumble over: it refuses everybody then. */
  readonly faults: readonly string[];
  /** There was more than is read: what the rest says is not known. */
  readonly isCut: boolean;
}

/** libpam looks into the first; what the system brings is in the second. */
const DIRECTORIES = ['/etc/pam.d', '/usr/lib/pam.d'];
const MAX_DEPTH = 32;

const KEYWORDS: Readonly<Record<string, string>> = {
  required: '[success=ok new_authtok_reqd=ok ignore=ignore default=bad]',
  requisite: '[success=ok new_authtok_reqd=ok ignore=ignore default=die]',
  sufficient: '[success=done new_authtok_reqd=done default=ignore]',
  optional: '[success=ok new_authtok_reqd=ok default=ignore]',
};
const ACTIONS = ['ignore', 'bad', 'die', 'ok', 'done', 'reset'] as const;

/** The services that have a file; `common-…` are no services, but parts of them. */
export function pamServices(files: HostFiles): readonly string[] {
  const names = DIRECTORIES.flatMap((directory) => files.list(directory));
  return [...new Set(names)].filter((name) => !name.startsWith('common-') && !/[.~]/.test(name));
}

/** The `auth` lines by which PAM decides for a service, or undefined when it has no file of its own. */
export function readAuthStack(files: HostFiles, service: string): PamStack | undefined {
  const reading: Reading = { files, faults: [], budget: new ReadingBudget() };
  const own = readSteps(reading, service, 0);
  if (own === undefined) return undefined;
  // A file without any such line does not refuse: libpam goes on with the service `other`.
  const steps = own.length > 0 || reading.faults.length > 0 ? own : (readSteps(reading, 'other', 0) ?? []);
  const { isUsedUp } = reading.budget;
  return isUsedUp
    ? { steps, faults: [tooManyFiles(service)], isCut: true }
    : { steps, faults: reading.faults, isCut: false };
}

/** Every module of the stack, those of substacks too, in order. */
export function modulesOf(steps: readonly PamStep[]): readonly PamModule[] {
  return steps.flatMap((step) => (step.kind === 'module' ? [step] : modulesOf(step.steps)));
}

export function isModule({ path }: PamModule, name: string): boolean {
  return path === `${name}.so` || path === name || path.endsWith(`/${name}.so`);
}

interface Reading {
  readonly files: HostFiles;
  readonly faults: string[];
  readonly budget: ReadingBudget;
}

function readSteps(reading: Reading, name: string, depth: number): readonly PamStep[] | undefined {
  const path = pathOf(reading.files, name);
  if (path === undefined || !reading.budget.take()) return undefined;
  const text = textOf(reading.files, path);
  if (text === undefined) return undefined;
  return logicalLines(text).flatMap(({ number, text: line }) =>
    readLine(reading, { place: `${path}:${number}`, line, depth }),
  );
}

function pathOf(files: HostFiles, name: string): string | undefined {
  if (name.startsWith('/')) return name;
  return DIRECTORIES.map((directory) => `${directory}/${name}`).find((path) => files.way(path) !== undefined);
}

/** Without comments, and with lines that end in a backslash joined to the next. */
function logicalLines(text: string): readonly { readonly number: number; readonly text: string }[] {
  const logical: { number: number; text: string }[] = [];
  let begun: { number: number; text: string } | undefined;
  for (const [index, raw] of linesOf(text).entries()) {
    const line = raw.replace(/#.*/, '').trimEnd();
    const more = line.endsWith('\\');
    const part = more ? line.slice(0, -1) : line;
    begun =
      begun === undefined ? { number: index + 1, text: part } : { ...begun, text: `${begun.text} ${part}` };
    if (more) continue;
    if (begun.text.trim() !== '') logical.push(begun);
    begun = undefined;
  }
  return logical;
}

interface Line {
  readonly place: string;
  readonly line: string;
  readonly depth: number;
}

function readLine(reading: Reading, { place, line, depth }: Line): readonly PamStep[] {
  const [first = '', ...rest] = tokensOf(line);
  if (first.toLowerCase() === '@include') return include(reading, rest[0] ?? '', place, depth);
  const type = first.toLowerCase().replace(/^-/, '');
  if (type !== 'auth') return [];
  const [controlText = '', path = '', ...moduleArguments] = rest;
  const keyword = controlText.toLowerCase();
  if (keyword === 'include') return include(reading, path, place, depth);
  if (keyword === 'substack') return [{ kind: 'substack', steps: include(reading, path, place, depth) }];
  const control = parseControl(controlText);
  if (control === undefined || path === '') {
    reading.faults.push(`${place} is no line of PAM: ${line.trim()}`);
    return [];
  }
  return [{ kind: 'module', path, arguments: moduleArguments, control, controlText, place }];
}

function include(reading: Reading, name: string, place: string, depth: number): readonly PamStep[] {
  const steps = depth > MAX_DEPTH ? undefined : readSteps(reading, name, depth + 1);
  if (steps === undefined) reading.faults.push(`${place} includes ${name}, which can not be read`);
  return steps ?? [];
}

/** Split at blanks; what stands in square brackets is one token, and its brackets are taken off where it is an argument. */
function tokensOf(line: string): readonly string[] {
  const tokens = line.match(/\[(?:\\.|[^\]\\])*\]|[^\s[]\S*/g) ?? [];
  return tokens.map((token, index) =>
    index > 1 && token.startsWith('[') ? token.slice(1, -1).replaceAll('\\]', ']') : token,
  );
}

function parseControl(text: string): ReadonlyMap<string, PamAction> | undefined {
  const pairs = /^\[(.*)\]$/s.exec(KEYWORDS[text.toLowerCase()] ?? text)?.[1];
  if (pairs === undefined) return undefined;
  const control = new Map<string, PamAction>();
  for (const pair of pairs.trim().split(/\s+/)) {
    const [answer = '', word = ''] = pair.toLowerCase().split('=');
    const action = parseAction(word);
    if (action === undefined) return undefined;
    control.set(answer, action);
  }
  return control;
}

function parseAction(word: string): PamAction | undefined {
  if (/^\d{1,4}$/.test(word)) return Number(word) === 0 ? 'ignore' : Number(word);
  return ACTIONS.find((action) => action === word);
}
