/** The programs that keep a host: the command, and the shell script under each shell that it is for. The same tests are for all of them. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillHostScript } from '../../src/fleet/host-script.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { program } from './parts.ts';

const USHER = fileURLToPath(new URL('../../bin/usher', import.meta.url));
const SCRIPT = fileURLToPath(new URL('../../share/usher-host.sh', import.meta.url));

export interface HostProgram {
  readonly name: string;
  /** The arguments that enrol with a file of a token: program, then everything before the options. */
  readonly enroll: (tokenFile: string) => readonly string[];
  readonly sync: readonly string[];
}

export interface HostProgramFacts {
  readonly authority: string;
  readonly bundleKey: PublicKey;
  /** Where a program that is a file of its own is put. */
  readonly directory: string;
}

export const HOST_PROGRAMS = ['usher', 'dash', 'busybox'] as const;
export type HostProgramName = (typeof HOST_PROGRAMS)[number];

/** What `haveParts` needs for all of them. */
export const HOST_PROGRAM_PARTS = {
  dash: 'dash',
  busybox: 'busybox',
  curl: 'curl',
  flock: 'util-linux',
} as const;

export async function hostProgram(name: HostProgramName, facts: HostProgramFacts): Promise<HostProgram> {
  if (name === 'usher') return command();
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

function command(): HostProgram {
  const usher = [process.execPath, USHER, 'host'];
  return {
    name: 'usher',
    enroll: (tokenFile) => [...usher, 'enroll', '--token-file', tokenFile],
    sync: [...usher, 'sync'],
  };
}
