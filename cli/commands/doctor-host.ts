/** `usher doctor host`: on a host, whether PAM, sudoers and sshd are wired so that a certificate gives sudo, and nothing else does. */

import { userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { Command } from 'commander';
import type { VerifiedBundle } from '../authority/bundle.ts';
import { openEnrolled, storedBundle } from '../authority/enrolled.ts';
import { examineHost } from '../doctor/host/examine.ts';
import { report } from '../doctor/report.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';

interface DoctorHostOptions {
  readonly user?: string;
  readonly root: string;
  readonly json?: boolean;
}

export function doctorHostCommand(surroundings: Surroundings): Command {
  return new Command('host')
    .description('on a host: check what pam-ussh, sudo and sshd are told; as root it sees everything')
    .option('--user <name>', 'whose sudo to think of (default: you, or who called sudo)')
    .option('--root <directory>', 'look at the files of a host below this directory, e.g. an image', '/')
    .option('--json', 'print every check with its id, verdict, message and hint as JSON')
    .action((options: DoctorHostOptions) => doctorHost(surroundings, options));
}

async function doctorHost(
  surroundings: Surroundings,
  { user, root, json }: DoctorHostOptions,
): Promise<void> {
  if (!isAbsolute(root))
    throw new UsherCommandError('usage', `${root} is no absolute path`, { hint: 'begin it with "/"' });
  const userName = user ?? (root === '/' ? ownName(surroundings) : undefined);
  const bundle = await knownBundle(surroundings);
  report(surroundings, await examineHost({ surroundings, root, userName, bundle }), { json });
}

/** Root needs no certificate for sudo: without somebody behind it, nobody is meant. */
function ownName({ env }: Surroundings): string | undefined {
  const name = env['SUDO_USER'] ?? userInfo().username;
  return name === 'root' ? undefined : name;
}

/** Few are enrolled on a host itself; where somebody is, the bundle says which CA key is for what. */
async function knownBundle(surroundings: Surroundings): Promise<VerifiedBundle | undefined> {
  try {
    return storedBundle(await openEnrolled(surroundings, undefined));
  } catch (error) {
    if (error instanceof UsherCommandError) return undefined;
    throw error;
  }
}
