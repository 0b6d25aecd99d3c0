/**
 * Puts the files of a host in place, one whole file after the other. sshd is asked whether it would start before it is told to, and when it would not,
 * our lines are taken back; it is a fault of the run, which goes on.
 */
import { isDeepStrictEqual } from 'node:util';
import { UsherCommandError } from '../error.ts';
import { say } from '../terminal.ts';
import type { MachineFiles } from './files.ts';
import { PUBLIC_MODE } from './files.ts';
import type { Machine } from './machine.ts';
import type { FileChange } from './plan.ts';
import { faultOfSshd, faultWithLines, reloadSshd } from './sshd.ts';

/**
 * @param changes in their order; our lines for sshd come last.
 * @returns what sshd did not take, in words: the run goes on, with what is revoked in place.
 * @throws UsherCommandError `host-file`
 */
export async function install(machine: Machine, changes: readonly FileChange[]): Promise<readonly string[]> {
  const { state } = machine;
  const wasDue = await state.isReloadDue();
  if (changes.length === 0 && !wasDue) return [];
  // Before the change: a run that ends in between leaves it to the next one.
  if (changes.some(({ needsReload }) => needsReload)) await state.setReloadDue(true);
  const fault = await carryOutAll(machine, changes);
  if (fault === undefined) return reloadWhenDue(machine);
  const { message, isWell } = await takeBackWhatIsWrong(machine, changes, fault, wasDue);
  return isWell ? [message, ...(await reloadWhenDue(machine))] : [message];
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

interface TakenBack {
  readonly message: string;
  /** Whether sshd would start again. */
  readonly isWell: boolean;
}

/** Our lines first, then the certificates that they name; CA keys and lists stay: what is revoked must be so all the same. */
async function takeBackWhatIsWrong(
  { files, state, surroundings, settings }: Machine,
  changes: readonly FileChange[],
  fault: string,
  wasDue: boolean,
): Promise<TakenBack> {
  const lines = changes.filter(({ path }) => path === settings.dropIn);
  const certificates = changes.filter((change) => change.needsReload && !lines.includes(change));
  for (const taken of [lines, certificates]) {
    for (const change of taken.toReversed()) await takeBack(files, change);
    if ((await faultOfSshd(surroundings, settings)) !== undefined) continue;
    const isReloadLeft = wasDue || (taken === lines && certificates.length > 0);
    await state.setReloadDue(isReloadLeft);
    return {
      message: `sshd would not start with our lines, and has its old ones again: ${fault}`,
      isWell: true,
    };
  }
  // Somebody else broke the configuration.
  for (const change of certificates) await carryOut(files, change);
  return { message: `sshd would not start again, and was not reloaded: ${fault}`, isWell: false };
}

/** @returns why sshd was not told, if so: it is tried again at the next run. */
async function reloadWhenDue({ state, surroundings, settings }: Machine): Promise<readonly string[]> {
  if (!(await state.isReloadDue())) return [];
  try {
    await reloadSshd(surroundings, settings);
  } catch (error) {
    if (!(error instanceof UsherCommandError)) throw error;
    return [error.message];
  }
  await state.setReloadDue(false);
  say(surroundings, 'sshd was reloaded');
  return [];
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
