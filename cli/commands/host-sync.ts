/** `usher host sync`: on a host, as root, from a timer. */
import { Command } from 'commander';
import { whileLocked } from '../machine/lock.ts';
import { openMachine } from '../machine/open.ts';
import { realFiles } from '../machine/real-files.ts';
import { DEFAULT_STATE, MachineState } from '../machine/state.ts';
import { syncHost } from '../machine/sync.ts';
import type { Surroundings } from '../surroundings.ts';

interface HostSyncOptions {
  readonly state: string;
  readonly dryRun?: boolean;
}

export function hostSyncCommand(surroundings: Surroundings): Command {
  return new Command('sync')
    .description('as root on an enrolled host: renew its certificates, fetch and install what it trusts')
    .option('--state <path>', 'where the host keeps what only root sees', DEFAULT_STATE)
    .option('--dry-run', 'print what would change, and change nothing')
    .action((options: HostSyncOptions) => sync(surroundings, options));
}

async function sync(surroundings: Surroundings, { state, dryRun }: HostSyncOptions): Promise<void> {
  // What is read at one time is whole: only writers need the lock.
  if (dryRun === true) return preview(surroundings, state);
  await new MachineState(state, realFiles).settings();
  await whileLocked(`${state}/lock`, async () => syncHost(await openMachine(surroundings, realFiles, state)));
}

async function preview(surroundings: Surroundings, state: string): Promise<void> {
  // What makes diffs is loaded by whoever looks at some, not every five minutes on every host.
  const { previewSync } = await import('../machine/preview.ts');
  await previewSync(await openMachine(surroundings, realFiles, state));
}
