/**
 * Puts the files of a host in place, one whole file after the other. sshd is asked whether it would start before it is told to, and when it would not,
 * what this run changed is taken back.
 */
import { isDeepStrictEqual } from 'node:util';
import { UsherCommandError } from '../error.ts';
import { say } from '../terminal.ts';
import type { MachineFiles } from './files.ts';
import { PUBLIC_MODE } from './files.ts';
import type { Machine } from './machine.ts';
import type { FileChange } from './plan.ts';
import { refused } from './refusal.ts';
import { faultOfSshd, faultWithLines, reloadSshd } from './sshd.ts';

/**
 * @param changes in their order; our lines for sshd come last.
 * @throws UsherCommandError `bundle-refused` when sshd would not start with them, `host-file`
 */
export async function install(machine: Machine, changes: readonly FileChange[]): Promise<void> {
  const { state } = machine;
  const wasDue = await state.isReloadDue();
  if (changes.length === 0 && !wasDue) return;
  // Before the change: a run that ends in between leaves it to the next one.
  if (changes.some(({ needsReload }) => needsReload)) await state.setReloadDue(true);
  const fault = await carryOutAll(machine, changes);
  if (fault !== undefined) await takeBackAll(machine, changes, fault, wasDue);
  await reloadWhenDue(machine);
}

/** @returns what sshd complains of, if anything. */
async function carryOutAll(machine: Machine, changes: readonly FileChange[]): Promise<string | undefined> {
  const { surroundings, settings } = machine;
  for (const change of changes) {
    const fault = await faultOfChange(machine, change);
    if (fault !== undefined) return fault;
    await assertAsPlanned(machine.files, change);
    await carryOut(machine.files, change);
    say(surroundings, `${change.after === undefined ? 'removed' : 'installed'} ${change.path}`);
  }
  return faultOfSshd(surroundings, settings);
}

/** What was decided holds for the file that was read: `usher host trust` may have put a newer statement there meanwhile. */
async function assertAsPlanned(files: MachineFiles, { path, before }: FileChange): Promise<void> {
  if (isDeepStrictEqual(await files.read(path), before)) return;
  throw new UsherCommandError('host-file', `${path} was changed meanwhile`, {
    hint: 'the next sync looks at it anew',
  });
}

/** Our lines are never in place untried: a crash at that moment would leave a machine whose sshd does not start again. */
async function faultOfChange(
  { surroundings, settings }: Machine,
  { path, after }: FileChange,
): Promise<string | undefined> {
  if (path !== settings.dropIn || after === undefined) return undefined;
  return faultWithLines(surroundings, settings, after);
}

async function takeBackAll(
  { files, state, surroundings, settings }: Machine,
  changes: readonly FileChange[],
  fault: string,
  wasDue: boolean,
): Promise<never> {
  for (const change of changes.toReversed()) await takeBack(files, change);
  if ((await faultOfSshd(surroundings, settings)) === undefined) {
    await state.setReloadDue(wasDue);
    throw refused(`sshd would not start with these files, and has its old ones again: ${fault}`);
  }
  // Somebody else broke the configuration: what is revoked must be so all the same.
  for (const change of changes) if (change.path !== settings.dropIn) await carryOut(files, change);
  throw new UsherCommandError('host-file', `sshd would not start again, and was not reloaded: ${fault}`, {
    hint: `${settings.sshd} -t -f ${settings.sshdConfig} says what is wrong`,
  });
}

async function reloadWhenDue({ state, surroundings, settings }: Machine): Promise<void> {
  if (!(await state.isReloadDue())) return;
  await reloadSshd(surroundings, settings);
  await state.setReloadDue(false);
  say(surroundings, 'sshd was reloaded');
}

async function carryOut(files: MachineFiles, { path, after }: FileChange): Promise<void> {
  if (after !== undefined) await files.write(path, after, PUBLIC_MODE);
  else await removeIfThere(files, path);
}

/** Where a link or a directory was there can be nothing to go back to. */
async function takeBack(files: MachineFiles, { path, before }: FileChange): Promise<void> {
  if (before?.kind === 'plain') await files.write(path, before.contents, before.mode);
  else await removeIfThere(files, path);
}

async function removeIfThere(files: MachineFiles, path: string): Promise<void> {
  if ((await files.read(path)) !== undefined) await files.remove(path);
}
