/** What everything that a host does works with. */
import type { Surroundings } from '../surroundings.ts';
import type { MachineFiles } from './files.ts';
import type { HostKey } from './host-keys.ts';
import type { MachineSettings } from './settings.ts';
import type { MachineState } from './state.ts';

export interface Machine {
  readonly surroundings: Surroundings;
  readonly files: MachineFiles;
  readonly state: MachineState;
  readonly settings: MachineSettings;
  /** Never none. */
  readonly keys: readonly [HostKey, ...HostKey[]];
}
