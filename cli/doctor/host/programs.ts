/** What programs of the host say: who somebody is, what sudo and sshd make of their configuration. */
import { constants } from 'node:fs/promises';
import { UsherCommandError } from '../../error.ts';
import type { Surroundings } from '../../surroundings.ts';
import { mayAccess } from '../../touch/programs.ts';
import type { ProgramResult } from '../../touch/run.ts';
import { runProgram } from '../../touch/run.ts';
import type { HostUser } from './files.ts';

const SSHD_PLACES = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/run/current-system/sw/bin/sshd'];

/** @returns undefined when the program is not there. */
export async function ask(
  surroundings: Surroundings,
  [program = '', ...args]: readonly string[],
  stdin = '',
): Promise<ProgramResult | undefined> {
  // What they say is read: it has to be English. Those for root are not on everybody's path.
  const env = { ...surroundings.env, LC_ALL: 'C', PATH: `${surroundings.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  const limits = { timeLimitSeconds: 20, maxOutputBytes: 4 * 1024 * 1024 };
  try {
    return await runProgram(
      { ...surroundings, env },
      { program, arguments: args, stdin, stderr: 'keep', ...limits },
    );
  } catch (error) {
    if (error instanceof UsherCommandError) return undefined;
    throw error;
  }
}

/** By the system's own word, which also knows people of a directory service. */
export async function userOf(surroundings: Surroundings, name: string): Promise<HostUser | undefined> {
  // The names of groups may hold blanks: each is asked for by its number.
  const id = await ask(surroundings, ['id', '-u', '--', name]);
  const numbers = await ask(surroundings, ['id', '-G', '--', name]);
  if (id?.exitCode !== 0 || numbers?.exitCode !== 0) return undefined;
  const lookUp = async (gid: string) => {
    const line = await ask(surroundings, ['getent', 'group', gid]);
    return { gid: Number(gid), name: line?.stdout.split(':')[0] ?? '' };
  };
  const groups = await Promise.all(numbers.stdout.trim().split(/\s+/).map(lookUp));
  return { name, uid: Number(id.stdout), groups: groups.filter((group) => group.name !== '') };
}

export async function sshdProgram(): Promise<string | undefined> {
  for (const place of SSHD_PLACES) if (await mayAccess(place, constants.X_OK)) return place;
  return undefined;
}

/** Asked for a user, sshd says what its `Match` blocks make of them. */
export function sshdArguments(program: string, user: HostUser | undefined): readonly string[] {
  const connection = `user=${user?.name ?? ''},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22`;
  return [program, '-T', ...(user === undefined ? [] : ['-C', connection])];
}
