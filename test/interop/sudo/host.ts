/**
 * A host set up by nothing but what `usher export` prints, and somebody's login on it: a loopback sshd with real sudo behind it. The login is made
 * first, since the roster has to name it.
 *
 *     await using account = await openAccount();                 // account.user
 *     await using host = await account.setUp(terminal, 'web1');   // exported by the command in that terminal
 *     const result = await host.sudo(terminal);                   // ssh -A by what the agent holds, and sudo
 */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramResult } from '../../support/run.ts';
import type { Sshd } from '../../support/sshd.ts';
import { startSshd } from '../../support/sshd.ts';
import type { Sudo, SudoResult, SudoRun } from '../../support/sudo.ts';
import { openSudo } from '../../support/sudo.ts';
import type { Terminal } from '../cli/enrolled.ts';
import { printed } from './person.ts';

export interface Account extends AsyncDisposable {
  readonly user: string;
  /** In place of /etc/ssh/usher. */
  readonly directory: string;
  readonly place: Sudo;
  setUp(terminal: Terminal, host: string, options?: SetUpOptions): Promise<Host>;
}

export interface SetUpOptions {
  /** Whose CA keys for sudo are trusted; those that the authority has when absent. */
  readonly trustSudoCa?: () => Promise<unknown>;
}

export interface Host extends AsyncDisposable {
  readonly server: Sshd;
  /** Replaces the lines of PAM by what `usher export pam ARGS` prints. */
  exportPam(terminal: Terminal, ...args: readonly string[]): Promise<void>;
  sudo(terminal: Terminal, options?: SudoRun): Promise<SudoResult>;
  login(terminal: Terminal, command: string): Promise<ProgramResult>;
}

export async function openAccount(): Promise<Account> {
  const place = await openSudo({ authorities: [] });
  await place.remove('sudo_ca.pub');
  const { user, directory } = place;
  return {
    ...{ user, directory, place },
    setUp: (terminal, host, options = {}) => setUp(place, terminal, host, options),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

async function setUp(place: Sudo, terminal: Terminal, host: string, options: SetUpOptions): Promise<Host> {
  const { directory, user } = place;
  const exported = (...args: readonly string[]) => printed(terminal, 'export', ...args);
  const principals = join(directory, 'principals');
  await mkdir(principals, { recursive: true });
  await chmod(principals, 0o755);
  await place.write(join('principals', user), `${user}@${host}\n`);
  await place.write('revoked_keys', '');
  await place.write('login_ca.pub', await exported('ca-file', '--purpose', 'login'));
  if (options.trustSudoCa !== undefined) await options.trustSudoCa();
  else await place.write('sudo_ca.pub', await exported('ca-file', '--purpose', 'sudo'));
  const exportPam: Host['exportPam'] = async (by, ...args) =>
    place.writePam(linesOf(await printed(by, 'export', 'pam', '--dir', directory, ...args)));
  await exportPam(terminal, '--host', host);
  await place.writeSudoers(linesOf(await exported('sudoers')));
  const config = linesOf(await exported('sshd', '--dir', directory));
  const server = await startSshd({ authorities: [], principals: {}, config });
  return {
    ...{ server, exportPam },
    sudo: (person, more = {}) => place.sudo({ over: server, agent: person.agent.socketPath, ...more }),
    login: (person, command) => server.login({ as: user, agent: person.agent.socketPath, command }),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

function linesOf(text: string): readonly string[] {
  return text.split('\n');
}
