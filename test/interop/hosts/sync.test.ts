/** A host keeps itself, by each of the programs, judged by the real `ssh` and `sshd`. */
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSudoDenied } from '../../../src/fleet/host/contents.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { HOST_PROGRAM_PARTS, HOST_PROGRAMS } from '../../support/host-program.ts';
import { haveParts } from '../../support/parts.ts';
import type { Fleet, LoginFiles } from './fleet.ts';
import { ROSTER, startFleet } from './fleet.ts';

const isPossible = haveParts({ ...HOST_PARTS, ...HOST_PROGRAM_PARTS });

describe.runIf(isPossible).each(HOST_PROGRAMS)('a host kept by %s', (program) => {
  let fleet: Fleet;
  let host: HostMachine;
  let login: LoginFiles;

  beforeAll(async () => {
    fleet = await startFleet();
    host = await fleet.start('web1', program);
    login = await fleet.login();
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });

  const visit = (with_: LoginFiles = login) => host.visit({ ...with_, knownHosts: fleet.knownHosts });

  it('is enrolled by a token: people log in without a question', async () => {
    const before = await visit();
    expect(before.stderr).toContain('Host key verification failed');
    const enrolled = await host.enroll(await fleet.invite('web1'));
    expect(enrolled, enrolled.stderr).toMatchObject({ code: 0 });
    const result = await visit();
    expect(result, result.stderr).toMatchObject({ code: 0 });
  });
});
