/** The programs that keep a host: the command, and the shell script under each shell that it is for. The same tests are for all of them. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { realSurroundings } from '../../cli/real-surroundings.ts';
import { run as runUsher } from '../../cli/run.ts';
import { fillHostScript } from '../../src/fleet/host-script.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { program } from './parts.ts';
import type { ProgramResult } from './run.ts';

const USHER = fileURLToPath(new URL('../../bin/usher', import.meta.url));
const SCRIPT = fileURLToPath(new URL('../../share/usher-host.sh', import.meta.url));

export interface HostProgram {
  readonly name: string;
  /** The arguments that enrol with a file of a token: program, then everything before the options. */
  readonly enroll: (tokenFile: string) => readonly string[];
  readonly sync: readonly string[];
  /** Runs these arguments, where they are not those of a process. */
  readonly run?: (args: readonly string[]) => Promise<ProgramResult>;
}

export interface HostProgramFacts {
  readonly authority: string;
  readonly bundleKey: PublicKey;
  /** Where a program that is a file of its own is put. */
  readonly directory: string;
}

export type HostProgramName = 'usher' | 'dash' | 'busybox';

/** The same, and the command without the process around it: most of what it takes is the start of Node. */
export type HostProgramKind = HostProgramName | 'usher here';

/** For tests that run it dozens of times, beside others that start it as a process. */
export function withoutProcess(name: HostProgramName): HostProgramKind {
  return name === 'usher' ? 'usher here' : name;
}

/**
 * Those that go through every fault. The script is one text: what another shell makes of it shows where all is well, so BusyBox's goes through
 * the rest only for `npm run test:thorough`.
 */
export const HOST_PROGRAMS: readonly HostProgramName[] =
  process.env['USHER_TEST_THOROUGH'] === '1' ? ['usher', 'dash', 'busybox'] : ['usher', 'dash'];

export function goesThroughEverything(name: HostProgramName): boolean {
  return HOST_PROGRAMS.includes(name);
}

/** What `haveParts` needs for all of them. */
export const HOST_PROGRAM_PARTS = {
  dash: 'dash',
  busybox: 'busybox',
  curl: 'curl',
  flock: 'util-linux',
} as const;

export async function hostProgram(name: HostProgramKind, facts: HostProgramFacts): Promise<HostProgram> {
  if (name === 'usher') return command([process.execPath, USHER]);
  if (name === 'usher here') return { ...command([]), run: runHere };
  const script = join(facts.directory, 'usher-host');
  await writeFile(script, fillHostScript(await readFile(SCRIPT, 'utf8'), facts));
  await chmod(script, 0o755);
  const shell = name === 'dash' ? [program('dash')] : [program('busybox'), 'sh'];
  return {
    name,
    enroll: (tokenFile) => [...shell, script, 'enroll', tokenFile],
    sync: [...shell, script, 'sync'],
  };
}

function command(start: readonly string[]): HostProgram {
  const usher = [...start, 'host'];
  return {
    name: 'usher',
    enroll: (tokenFile) => [...usher, 'enroll', '--token-file', tokenFile],
    sync: [...usher, 'sync'],
  };
}

async function runHere(args: readonly string[]): Promise<ProgramResult> {
  const output = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof output) => ({ write: (text: string) => (output[name] += text) });
  const surroundings = { ...realSurroundings(), stdout: stream('stdout'), stderr: stream('stderr') };
  return { code: await runUsher(args, surroundings), ...output };
}
