/** What sudoers and PAM around pam-ussh do, with the lines that are exported for hosts: sudo's memory, `sudo -n`, the agent's socket, who is denied. */
import { chmod } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatSudoers } from '../../../src/fleet/sudoers.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { haveParts } from '../../support/parts.ts';
import type { SshAgent } from '../../support/ssh-agent.ts';
import type { Sudo } from '../../support/sudo.ts';
import { haveSudo, PAM_LINES, SUDOERS_LINES } from '../../support/sudo.ts';
import type { Session } from './session.ts';
import { ACCEPTED, accepted, carry, logged, openSession, refused, SESSION_PARTS } from './session.ts';

const NONINTERACTIVE = formatSudoers({ noninteractive: true }).split('\n');
/** What root's command tells of its environment. */
const SOCKET = 'echo "socket:$SSH_AUTH_SOCK"';

describe.runIf(haveSudo() && haveParts(SESSION_PARTS))('sudo as exported', () => {
  let session: Session;
  let place: Sudo;
  let agent: SshAgent;

  beforeAll(async () => {
    session = await openSession();
    place = session.place;
    agent = await place.startAgent();
    await carry(agent, [session.sudoKey()]);
  });
  afterAll(() => session?.[Symbol.asyncDispose]());

  const sudo = (options = {}) => place.sudo({ agent: agent.socketPath, ...options });

  describe('-n', () => {
    it('never gets as far as PAM', async () => {
      const result = await sudo({ args: ['-n'] });
      expect(result, result.reason).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toContain('a password is required');
      expect(result.log ?? []).toEqual([]);
    });

    it('is accepted by certificate when that is exported for it, and asks nobody otherwise', async () => {
      await place.writeSudoers(NONINTERACTIVE);
      try {
        accepted(await sudo({ args: ['-n'] }));
        const without = await place.sudo({ args: ['-n'] });
        expect(without).toMatchObject({ code: 1, stdout: '', hung: false });
      } finally {
        await place.writeSudoers(SUDOERS_LINES);
      }
    });
  });

  describe('asks each time', () => {
    const SUDO = "sudo sh -c 'sleep 0.2; id -un'";
    /** On one terminal, by which sudo remembers. */
    const twice = (between: string) =>
      place.asUser(['script', '-qec', `${SUDO}; ${between}; ${SUDO}`, '/dev/null'], {
        SSH_AUTH_SOCK: agent.socketPath,
      });

    it('so that the second sudo is refused when the agent is empty by then', async () => {
      const result = await twice('ssh-add -qD');
      await carry(agent, [session.sudoKey()]);
      expect(result.stdout.match(/root\r$/gm)).toHaveLength(1);
      expect(result.code).not.toBe(0);
    });

    it('which sudo of itself does not: it remembers for minutes, whatever became of the certificate', async () => {
      await place.writeSudoers([]);
      const result = await twice('ssh-add -qD');
      await place.writeSudoers(SUDOERS_LINES);
      await carry(agent, [session.sudoKey()]);
      expect(result.stdout.match(/root\r$/gm)).toHaveLength(2);
    });
  });

  describe('keeps the agent from root’s command', () => {
    it('of itself, also over ssh', async () => {
      expect(await sudo({ command: SOCKET })).toMatchObject({ code: 0, stdout: 'socket:\n' });
      await session.carry(session.sudoKey());
      expect(await session.sudo({ command: SOCKET })).toMatchObject({ code: 0, stdout: 'socket:\n' });
    });

    it('unless sudoers hands it on, which pam-ussh does not need', async () => {
      await place.writeSudoers([...SUDOERS_LINES, 'Defaults env_keep += "SSH_AUTH_SOCK"']);
      const { stdout } = await sudo({ command: SOCKET });
      await place.writeSudoers(SUDOERS_LINES);
      expect(stdout).toBe(`socket:${agent.socketPath}\n`);
    });

    it('and takes no socket that is named on the command line of sudo', async () => {
      const result = await place.sudo({ args: [`SSH_AUTH_SOCK=${agent.socketPath}`] });
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toContain('No SSH_AUTH_SOCK');
    });
  });

  it.each(['targetpw', 'rootpw'])('refuses everybody’s certificate under %s', async (setting) => {
    await place.writeSudoers([...SUDOERS_LINES, `Defaults ${setting}`]);
    const result = await sudo();
    await place.writeSudoers(SUDOERS_LINES);
    refused(result);
  });

  it('-i and -u are asked the same', async () => {
    accepted(await sudo({ args: ['-i'] }));
    const other = await sudo({ args: ['-u', 'nobody'] });
    expect(other, other.reason).toMatchObject({ code: 0, stdout: 'nobody\n' });
    await carry(agent, []);
    refused(await sudo({ args: ['-i'] }), /no certs loaded/i);
    await carry(agent, [session.sudoKey()]);
  });

  describe('sudo_denied', () => {
    it('refuses who is in it, before pam-ussh is asked, and takes them back once they are not', async () => {
      await place.write('sudo_denied', `mallory\n${place.user}\n`);
      const result = await sudo();
      expect(result, result.reason).toMatchObject({ code: 1, stdout: '', hung: false });
      expect(result.log ?? []).toEqual([]);
      await place.write('sudo_denied', 'mallory\n');
      accepted(await sudo());
    });

    it('refuses for sudo -i as well where both services are wired, and is gone around by it where one is', async () => {
      await place.write('sudo_denied', `${place.user}\n`);
      const both = await sudo({ args: ['-i'] });
      await place.writePam(PAM_LINES, ['auth sufficient pam_permit.so']);
      const [one, around] = [await sudo(), await sudo({ args: ['-i'] })];
      await place.writePam(PAM_LINES);
      await place.write('sudo_denied', '');
      for (const result of [both, one]) expect(result, result.reason).toMatchObject({ code: 1, stdout: '' });
      expect(around, around.reason).toMatchObject({ code: 0, stdout: 'root\n' });
      accepted(await sudo({ args: ['-i'] }));
    });

    it('names whole users: a part of the name is somebody else', async () => {
      await place.write('sudo_denied', `${place.user}x\n${place.user.slice(0, -1)}\n`);
      accepted(await sudo());
    });

    it('refuses over ssh as well', async () => {
      await session.carry(session.sudoKey());
      await place.write('sudo_denied', `${place.user}\n`);
      const result = await session.sudo();
      await place.write('sudo_denied', '');
      expect(result, result.reason).toMatchObject({ code: 1, stdout: '' });
      accepted(await session.sudo());
    });

    it('refuses everybody while it is missing, or can be written by everybody', async () => {
      await place.remove('sudo_denied');
      expect(await sudo()).toMatchObject({ code: 1, stdout: '', hung: false });
      await chmod(await place.write('sudo_denied', ''), 0o666);
      expect(await sudo()).toMatchObject({ code: 1, stdout: '', hung: false });
      await place.write('sudo_denied', '');
      accepted(await sudo());
    });

    it('ends there even with other ways behind it', async () => {
      await place.write('sudo_denied', `${place.user}\n`);
      await place.writePam([...PAM_LINES, 'auth sufficient pam_permit.so']);
      const result = await sudo();
      await place.write('sudo_denied', '');
      expect(result, result.reason).toMatchObject({ code: 1, stdout: '' });
      await place.writePam(PAM_LINES);
    });
  });

  it('refuses when the CA file is missing, and when the user can not read it', async () => {
    const text = `${formatPublicKeyLine(session.sudoCa.publicKey)}\n`;
    await place.remove('sudo_ca.pub');
    refused(await sudo(), /no such file/);
    await chmod(await place.write('sudo_ca.pub', text), 0o600);
    refused(await sudo(), /permission denied/);
    await place.write('sudo_ca.pub', text);
    accepted(await sudo());
  });

  it('accepts the certificate of who may do nothing, and then says that they may not', async () => {
    await place.writeSudoers(SUDOERS_LINES, false);
    const result = await sudo();
    await place.writeSudoers(SUDOERS_LINES);
    expect(result, result.reason).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/is not in the sudoers file|may not run sudo/);
    logged(result, ACCEPTED);
  });
});
