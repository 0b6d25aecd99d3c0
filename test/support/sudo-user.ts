/** A user of this machine for one test, and everything that is made for it; what killed runs have left is swept first. */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from './parts.ts';
import { run, runOrThrow } from './run.ts';

/** Names carry the process that made them: it tells what is left over. */
const NAME = /^usher-test-(\d+)-[0-9a-f]+$/;
/** Programs that change /etc/passwd give up soon when another one does. */
const LOCK = '/run/usher-test-users.lock';

export interface SudoUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** The test's own, which the user can read. */
  readonly directory: string;
  /** The user's own, in it. */
  readonly home: string;
}

export async function addUser(): Promise<SudoUser> {
  await sweep();
  const name = `usher-test-${process.pid}-${randomBytes(4).toString('hex')}`;
  const directory = directoryOf(name);
  const home = join(directory, 'home');
  try {
    // `*` is no password, but no locked account either: sshd refuses those.
    const args = ['--no-create-home', '--home-dir', home, '--shell', '/bin/sh', '--password', '*', name];
    await runOrThrow(program('flock'), [LOCK, program('useradd'), ...args]);
    const { uid, gid } = await idsOf(name);
    await mkdir(directory, { mode: 0o755 });
    await chmod(directory, 0o755);
    await mkdir(home, { mode: 0o700 });
    await chown(home, uid, gid);
    return { name, uid, gid, directory, home };
  } catch (error) {
    await removeUser(name);
    throw error;
  }
}

/** With its processes, its files, and what is named after it in /etc. Never fails because something is gone already. */
export async function removeUser(name: string): Promise<void> {
  const ids = await idsOf(name).catch(() => undefined);
  for (const path of [
    sudoersFile(name),
    sudoersDraft(name),
    pamFile(name),
    pamFile(loginService(name)),
    directoryOf(name),
    ...sudoRecords(name),
  ])
    await rm(path, { recursive: true, force: true });
  if (ids === undefined) return;
  await killProcessesOf(ids.uid);
  await run(program('flock'), [LOCK, program('userdel'), '--force', name]);
}

export function sudoersFile(name: string): string {
  return join('/etc/sudoers.d', name);
}

/** sudo ignores files with a dot in their names. */
export function sudoersDraft(name: string): string {
  return `${sudoersFile(name)}.new`;
}

export function pamFile(name: string): string {
  return join('/etc/pam.d', name);
}

/** The service that `sudo -i` asks; Debian's is `sudo-i`. */
export function loginService(name: string): string {
  return `${name}-i`;
}

function directoryOf(name: string): string {
  return join(tmpdir(), name);
}

/** Where sudo remembers who has proved who they are, and who was told to think before they type. */
function sudoRecords(name: string): readonly string[] {
  return ['/run/sudo/ts', '/var/lib/sudo/lectured', '/var/lib/sudo/ts'].map((place) => join(place, name));
}

async function sweep(): Promise<void> {
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':')[0] ?? '');
  const files = [...(await readdir('/etc/sudoers.d')), ...(await readdir('/etc/pam.d'))];
  for (const name of new Set([...users, ...files.map((file) => file.replace(/\.new$|-i$/, ''))])) {
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && !(await isThere(join('/proc', owner)))) await removeUser(name);
  }
}

async function idsOf(name: string): Promise<{ uid: number; gid: number }> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const [, , uid, gid] = lines.find(([first]) => first === name) ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`there is no user ${name}`);
  return { uid: Number(uid), gid: Number(gid) };
}

async function killProcessesOf(uid: number): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const owner = await stat(join('/proc', pid)).catch(() => undefined);
    if (owner?.uid === uid) kill(Number(pid));
  }
}

/** A process that has ended meanwhile is as good as killed. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
