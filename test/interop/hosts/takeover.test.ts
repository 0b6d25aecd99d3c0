/** One machine, and each program on it in turn: what one of them keeps the others keep, without a new token, a reload or a changed byte. */
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostMachine } from '../../support/host-machine.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import type { HostProgramName } from '../../support/host-program.ts';
import { HOST_PROGRAM_PARTS, HOST_PROGRAMS, hostProgram } from '../../support/host-program.ts';
import { haveParts } from '../../support/parts.ts';
import { run } from '../../support/run.ts';
import type { Fleet, LoginFiles } from './fleet.ts';
import { ROSTER, startFleet } from './fleet.ts';
import { snapshot } from './snapshot.ts';

const isPossible = haveParts({ ...HOST_PARTS, ...HOST_PROGRAM_PARTS });

let fleet: Fleet;

beforeAll(async () => {
  if (isPossible) fleet = await startFleet();
});
afterAll(() => fleet?.[Symbol.asyncDispose]());

describe.runIf(isPossible).each(HOST_PROGRAMS)('a host that was enrolled by %s', (first) => {
  const name = `web${HOST_PROGRAMS.indexOf(first) + 1}`;
  let host: HostMachine;
  let login: LoginFiles;

  beforeAll(async () => {
    host = await fleet.start(name, first);
    await host.mustEnroll(await fleet.invite(name));
    login = await fleet.login();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  async function syncBy(name: HostProgramName): Promise<void> {
    const directory = dirname(dirname(host.state));
    const facts = { authority: fleet.origin, bundleKey: fleet.bundleKey.publicKey, directory };
    const [path = '', ...args] = (await hostProgram(name, facts)).sync;
    const result = await run(path, [...args, '--state', host.state]);
    expect(result, result.stderr).toMatchObject({ code: 0 });
  }

  async function isIn(): Promise<void> {
    const result = await host.visit({ ...login, knownHosts: fleet.knownHosts });
    expect(result, result.stderr).toMatchObject({ code: 0 });
  }

  it.each(HOST_PROGRAMS)('is kept by %s, which finds nothing to do', async (next) => {
    const [before, reloads] = [await snapshot(host), await host.reloads()];
    await syncBy(next);
    expect(await snapshot(host)).toEqual(before);
    expect(await host.reloads()).toBe(reloads);
  });

  it('gets its next certificates by each of them, one generation after the other', async () => {
    for (const [index, next] of HOST_PROGRAMS.entries()) {
      const entry = `  ${name}: { names: [${name}, www${index}.example.org], groups: [web] }`;
      await fleet.loadRoster(ROSTER.replace(new RegExp(`^  ${name}: .*$`, 'm'), entry));
      await syncBy(next);
      expect(await stateOf('generation')).toMatch(new RegExp(`^generation ${index + 2}\n`));
    }
    await isIn();
  });

  const stateOf = (name: string) => host.file(join('../../../var/lib/usher', name));
});
