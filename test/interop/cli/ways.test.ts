import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveParts } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import { SK_DUMMY, SSH_AGENT_PARTS } from '../../support/ssh-agent.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import type { VirtualKey } from '../../support/virtual-key.ts';
import { startVirtualKey, VIRTUAL_KEY_PARTS } from '../../support/virtual-key.ts';
import type { Terminal } from './enrolled.ts';
import { inviteFile, makeSecurityKey, openTerminal, rosterFor } from './enrolled.ts';

const FIDO_PARTS = {
  ...VIRTUAL_KEY_PARTS,
  'fido2-assert': 'fido2-tools',
  'fido2-cred': 'fido2-tools',
  'fido2-token': 'fido2-tools',
};

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, ...FIDO_PARTS }))(
  'touch by a security key in the terminal',
  () => {
    let terminal: Terminal;
    let usherd: Usherd;
    let key: VirtualKey;

    beforeAll(async () => {
      key = await startVirtualKey();
      terminal = await openTerminal();
      usherd = await startUsherd({ roster: rosterFor(['alice']) });
    });
    afterAll(async () => {
      await usherd?.[Symbol.asyncDispose]();
      await terminal?.[Symbol.asyncDispose]();
      await key?.close();
    });

    it('enrolls, and then signs in again and again', async () => {
      const invite = await inviteFile(usherd, terminal, 'alice');
      const options = ['--with', 'security-key', '--device', key.device];
      const enrolled = await terminal.usher('enroll', '--address-file', invite, ...options);
      expect(enrolled, enrolled.stderr).toMatchObject({ code: 0 });
      for (const _round of [1, 2]) {
        const login = await terminal.usherWith(['login'], { env: { USHER_FIDO_DEVICE: key.device } });
        expect(login, login.stderr).toMatchObject({ code: 0 });
      }
      expect(await terminal.identities()).toContain('usher login alice@');
    });

    it('says so when the key is another one', async () => {
      const other = await startVirtualKey();
      const login = await terminal.usher('login', '--device', other.device);
      await other.close();
      expect(login).toMatchObject({ code: 1, stdout: '' });
      expect(login.stderr).toMatch(
        /usher: error: the security key did not answer: .*FIDO_ERR_NO_CREDENTIALS/,
      );
    });

    it('says so when no key is plugged in', async () => {
      const login = await terminal.usher('login');
      expect(login).toMatchObject({ code: 1, stdout: '' });
      expect(login.stderr).toContain('usher: error: no security key is plugged in');
    });
  },
);

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, [SK_DUMMY]: 'openssh-tests' }))(
  'touch by an sk SSH key from its file',
  () => {
    let terminal: Terminal;
    let usherd: Usherd;
    /** Each is good for one touch, since its counter never grows. */
    const names = ['ed1', 'ec1', 'ed2', 'ed3'];

    beforeAll(async () => {
      terminal = await openTerminal();
      const files = await Promise.all(
        names.map((name) =>
          makeSecurityKey(terminal, name, name.startsWith('ec') ? 'ecdsa-sk' : 'ed25519-sk'),
        ),
      );
      const lines = await Promise.all(files.map((file) => readFile(`${file}.pub`, 'utf8')));
      usherd = await startUsherd({
        roster: rosterFor(['alice'], { securityKeys: lines.map((line) => line.trim()) }),
      });
    });
    afterAll(async () => {
      await usherd?.[Symbol.asyncDispose]();
      await terminal?.[Symbol.asyncDispose]();
    });

    const file = (name: string) => join(terminal.home, name);
    const login = (name: string, ...args: readonly string[]) =>
      terminal.usher(
        'login',
        '--with',
        'ssh-key',
        '--touch-key',
        file(name),
        '--sk-provider',
        SK_DUMMY,
        ...args,
      );

    it('enrolls one that is made for it, with an application of its own', async () => {
      const invite = await inviteFile(usherd, terminal, 'alice');
      const options = ['--with', 'ssh-key', '--touch-key', file('made'), '--sk-provider', SK_DUMMY];
      const enrolled = await terminal.usher('enroll', '--address-file', invite, ...options);
      expect(enrolled, enrolled.stderr).toMatchObject({ code: 0 });
      expect(enrolled.stderr).toContain('usher: alice is enrolled at');
      expect(await readFile(file('made.pub'), 'utf8')).toMatch(/^sk-ssh-ed25519@openssh.com /);
    });

    it.each([['ed1'], ['ec1']])('signs in with one that stands in the roster (%s)', async (name) => {
      const result = await login(name);
      expect(result, result.stderr).toMatchObject({ code: 0 });
      expect(await terminal.identities()).toContain('(ED25519-CERT)');
    });

    it('never goes through the agent of the person', async () => {
      const listed = await terminal.identities();
      expect(listed).not.toContain('-SK');
    });

    it('refuses to certify the key that touches', async () => {
      const result = await login('ed2', '--key', file('ed2'));
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toContain('a key has one role');
    });

    it('certifies another security key, which shows that it is held', async () => {
      const subject = await makeSecurityKey(terminal, 'subject');
      const result = await login('ed2', '--key', subject);
      expect(result, result.stderr).toMatchObject({ code: 0, stdout: `${subject}-cert.pub\n` });
      const shown = await runOrThrow('ssh-keygen', ['-Lf', `${subject}-cert.pub`]);
      expect(shown).toContain('sk-ssh-ed25519-cert-v01@openssh.com user certificate');
    });

    it('leaves no file behind when it is refused', async () => {
      const subject = await makeSecurityKey(terminal, 'refused');
      const result = await login('ed3', '--key', subject, '--login', 'root');
      expect(result).toMatchObject({ code: 1, stdout: '' });
      await expect(readFile(`${subject}-cert.pub`)).rejects.toThrow('ENOENT');
    });
  },
);

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, ...FIDO_PARTS, [SK_DUMMY]: 'openssh-tests' }))(
  'where the role wants user verification',
  () => {
    let terminal: Terminal;
    let usherd: Usherd;
    let key: VirtualKey;

    beforeAll(async () => {
      key = await startVirtualKey();
      terminal = await openTerminal();
      const line = await readFile(`${await makeSecurityKey(terminal, 'sk')}.pub`, 'utf8');
      const options = { securityKeys: [line.trim()], userVerification: 'required' } as const;
      usherd = await startUsherd({ roster: rosterFor(['alice'], options) });
    });
    afterAll(async () => {
      await usherd?.[Symbol.asyncDispose]();
      await terminal?.[Symbol.asyncDispose]();
      await key?.close();
    });

    it('a security key in the terminal is asked for it', async () => {
      const invite = await inviteFile(usherd, terminal, 'alice');
      const options = ['--with', 'security-key', '--device', key.device];
      const enrolled = await terminal.usher('enroll', '--address-file', invite, ...options);
      expect(enrolled, enrolled.stderr).toMatchObject({ code: 0 });
      const login = await terminal.usher('login', '--device', key.device);
      expect(login, login.stderr).toMatchObject({ code: 0 });
    });

    it('so is an sk key that was made without it', async () => {
      const options = [
        '--with',
        'ssh-key',
        '--touch-key',
        join(terminal.home, 'sk'),
        '--sk-provider',
        SK_DUMMY,
      ];
      const login = await terminal.usher('login', ...options);
      expect(login, login.stderr).toMatchObject({ code: 0 });
    });
  },
);
