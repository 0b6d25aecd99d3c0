/** A host's own state and settings, for one run. */
import type { Surroundings } from '../surroundings.ts';
import type { MachineFiles } from './files.ts';
import { readHostKeys } from './host-keys.ts';
import type { Machine } from './machine.ts';
import type { MachineSettings } from './settings.ts';
import { MachineState } from './state.ts';

/** @throws UsherCommandError `not-enrolled`, `bad-settings`, `key-file` */
export async function openMachine(
  surroundings: Surroundings,
  files: MachineFiles,
  directory: string,
): Promise<Machine> {
  return machineWith(surroundings, files, directory, await new MachineState(directory, files).settings());
}

/** With settings that may not be saved yet. @throws UsherCommandError `key-file` */
export async function machineWith(
  surroundings: Surroundings,
  files: MachineFiles,
  directory: string,
  settings: MachineSettings,
): Promise<Machine> {
  const keys = await readHostKeys(files, settings.hostKeys);
  return { surroundings, files, state: new MachineState(directory, files), settings, keys };
}
