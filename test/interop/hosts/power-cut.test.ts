/** The command's own steps: after each of them the plug is pulled, in turn. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachineFiles } from '../../../cli/machine/files.ts';
import { openMachine } from '../../../cli/machine/open.ts';
import { realFiles } from '../../../cli/machine/real-files.ts';
import { syncHost } from '../../../cli/machine/sync.ts';
import { realSurroundings } from '../../../cli/real-surroundings.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { haveParts, program } from '../../support/parts.ts';
import { run } from '../../support/run.ts';
import type { Fleet, LoginFiles } from './fleet.ts';
import { ROSTER, startFleet } from './fleet.ts';

const MOST_STEPS = 60;

class PowerCut extends Error {}

/** Lets this many changes happen, and no more. */
function cutAfter(steps: number): { readonly files: MachineFiles; readonly isOff: () => boolean } {
  let left = steps;
  const step = <A extends readonly unknown[]>(change: (...args: A) => Promise<void>) => {
    return async (...args: A): Promise<void> => {
      if (left <= 0) throw new PowerCut();
      left--;
      await change(...args);
    };
  };
  const files: MachineFiles = {
    ...realFiles,
    write: step(realFiles.write),
    remove: step(realFiles.remove),
    makeDirectory: step(realFiles.makeDirectory),
  };
  return { files, isOff: () => left <= 0 };
}

describe.runIf(haveParts(HOST_PARTS))('the plug is pulled after each step of a sync', () => {
  let fleet: Fleet;
  let host: HostMachine;
  let login: LoginFiles;

  beforeAll(async () => {
    fleet = await startFleet();
    host = await fleet.start('web1', 'usher');
    await host.mustEnroll(await fleet.invite('web1'));
    login = await fleet.login();
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });

  /** @returns whether it came to its end. */
  async function sync(files: MachineFiles): Promise<boolean> {
    const quiet = { ...realSurroundings(), stderr: { write: () => undefined } };
    try {
      await syncHost(await openMachine(quiet, files, host.state));
      return true;
    } catch (error) {
      if (error instanceof PowerCut) return false;
      throw error;
    }
  }

  async function peopleLogIn(): Promise<void> {
    const tested = await run(program('sshd'), ['-t', '-f', host.sshdConfig]);
    expect(tested, tested.stderr).toMatchObject({ code: 0 });
    const result = await host.visit({ ...login, knownHosts: fleet.knownHosts });
    expect(result, result.stderr).toMatchObject({ code: 0 });
  }

  it('people log in after it, and the next run comes to its end', async () => {
    let steps = 0;
    for (let isDone = false; !isDone; steps++) {
      expect(steps).toBeLessThan(MOST_STEPS);
      await fleet.loadRoster(ROSTER.replace('web1.example.org', `step${steps}.example.org`));
      isDone = await sync(cutAfter(steps).files);
      await peopleLogIn();
      expect(await sync(realFiles)).toBe(true);
    }
    await peopleLogIn();
    // A renewal, two certificates, the bundle, the mark for sshd, the place in the log, and two directories.
    expect(steps).toBeGreaterThan(10);
    expect(fleet.usherd.log()).not.toContain('ALARM');
  }, 300_000);
});
