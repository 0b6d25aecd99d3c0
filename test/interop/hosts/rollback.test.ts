/** An sshd that would not start with what a run installs has its old files again, and is told nothing. */
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostMachine } from '../../support/host-machine.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { HOST_PROGRAM_PARTS, HOST_PROGRAMS } from '../../support/host-program.ts';
import { haveParts, program as pathOf } from '../../support/parts.ts';
import type { Fleet, LoginFiles } from './fleet.ts';
import { ROSTER, startFleet } from './fleet.ts';

const isPossible = haveParts({ ...HOST_PARTS, ...HOST_PROGRAM_PARTS });

describe.runIf(isPossible).each(HOST_PROGRAMS)('an sshd that would not start, kept by %s', (program) => {
  let fleet: Fleet;
  let host: HostMachine;
  let login: LoginFiles;

  beforeAll(async () => {
    fleet = await startFleet();
    host = await fleet.start('web1', program);
    await host.mustEnroll(await fleet.invite('web1'));
    login = await fleet.login();
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });

  /** sshd itself, but it refuses every configuration for which the condition of the shell holds. */
  async function sshdThatRefuses(condition: string, work: () => Promise<void>): Promise<void> {
    const [settings, sshd] = [join(host.state, 'settings'), pathOf('sshd')];
    const [before, picky] = [await readFile(settings, 'utf8'), join(host.state, 'sshd')];
    const script = `#!/bin/sh\nif ${condition}; then echo 'not with these' >&2; exit 255; fi\nexec ${sshd} "$@"\n`;
    await writeFile(picky, script);
    await chmod(picky, 0o755);
    await writeFile(settings, before.replace(/^sshd .*$/m, `sshd ${picky}`));
    await work().finally(() => writeFile(settings, before));
  }

  async function peopleLogIn(): Promise<void> {
    const result = await host.visit({ ...login, knownHosts: fleet.knownHosts });
    expect(result, result.stderr).toMatchObject({ code: 0 });
  }

  it.runIf(program === 'usher')(
    'with what is new is not told, and lists are in place all the same',
    async () => {
      const reloads = await host.reloads();
      await fleet.loadRoster(
        ROSTER.replace('web1.example.org', 'rollback.example.org').replace('[carol]', '[carol, dora]'),
      );
      const isNew = `[ -e ${host.directory}/principals/dora ]`;
      await sshdThatRefuses(isNew, async () => {
        const result = await host.sync();
        expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('not with these') });
      });
      expect(await host.file('principals/dora')).toContain('dora@web1\n');
      expect(await host.reloads()).toBe(reloads);
      await peopleLogIn();
    },
  );

  it('with our lines never sees them in place', async () => {
    await rm(host.dropIn);
    // The lines are tried from another place: a crash must not leave them where they are read at the next start.
    await sshdThatRefuses('grep -qsE "^Include /.*/(lines|drop-in)" "$3"', async () => {
      const result = await host.sync();
      expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('not with these') });
    });
    await expect(readFile(host.dropIn)).rejects.toThrow('ENOENT');
  });

  it('below a Match block, where only the real place shows what is wrong, has its old lines again', async () => {
    const [config, reloads] = [await readFile(host.sshdConfig, 'utf8'), await host.reloads()];
    const [include, ...rest] = config.trimEnd().split('\n');
    await writeFile(host.sshdConfig, `${[...rest, 'Match User git', include].join('\n')}\n`);
    for (const before of [undefined, '# ours, of before\n']) {
      if (before !== undefined) await writeFile(host.dropIn, before, { mode: 0o644 });
      expect(await host.sync()).toMatchObject({ code: 1, stderr: expect.stringContaining('sshd') });
      expect(await readFile(host.dropIn, 'utf8').catch(() => undefined)).toBe(before);
      await expect(readFile(join(host.state, 'reload-due'))).rejects.toThrow('ENOENT');
    }
    await writeFile(host.sshdConfig, config);
    await rm(host.dropIn);
    expect(await host.reloads()).toBe(reloads);
  });

  it('is told when it would start again', async () => {
    const reloads = await host.reloads();
    const result = await host.sync();
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(await host.reloads()).toBe(reloads + 1);
    expect(await readFile(host.dropIn, 'utf8')).toContain('RevokedKeys');
    await peopleLogIn();
  });
});
