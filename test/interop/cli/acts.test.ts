/** People do things to a real authority by the command: by which keys, and what becomes of it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveParts } from '../../support/parts.ts';
import type { SoftPlugin } from '../../support/soft-plugin.ts';
import { startSoftPlugin } from '../../support/soft-plugin.ts';
import { SK_DUMMY, SSH_AGENT_PARTS } from '../../support/ssh-agent.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { startVirtualKey, VIRTUAL_KEY_PARTS } from '../../support/virtual-key.ts';
import type { Terminal } from './enrolled.ts';
import { inviteFile, makeSecurityKey, openTerminal } from './enrolled.ts';

const roster = (securityKey: string) => `people:
  alice:
    logins: [alice]
    roles: [keeper]
    security_keys: [${JSON.stringify(securityKey)}]
  bob: { logins: [bob], roles: [engineer] }
roles:
  engineer: { login: { hosts: [web1], lifetime: 20h } }
  keeper:
    manage: [hosts, revoke, ca]
    login: { hosts: [web1], lifetime: 20h }
hosts:
  web1: { names: [web1.example.org] }
`;

const FIDO_PARTS = {
  ...VIRTUAL_KEY_PARTS,
  'fido2-assert': 'fido2-tools',
  'fido2-cred': 'fido2-tools',
  'fido2-token': 'fido2-tools',
};

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, ...FIDO_PARTS, [SK_DUMMY]: 'openssh-tests' }))(
  'acts by the command',
  () => {
    let plugins: readonly SoftPlugin[] = [];
    let alice: Terminal;
    let bob: Terminal;
    let usherd: Usherd;

    beforeAll(async () => {
      const [first, second] = [await startSoftPlugin(), await startSoftPlugin()];
      plugins = [first, second];
      [alice, bob] = [await openTerminal(first.directory), await openTerminal(second.directory)];
      const key = (await readFile(`${await makeSecurityKey(alice, 'sk')}.pub`, 'utf8')).trim();
      usherd = await startUsherd({ roster: roster(key) });
      for (const [terminal, person] of [[alice, 'alice'] as const, [bob, 'bob'] as const]) {
        const invite = await inviteFile(usherd, terminal, person);
        await done(terminal, 'enroll', '--address-file', invite, '--with', 'soft');
        await done(terminal, 'login');
      }
    });
    afterAll(async () => {
      for (const part of [usherd, alice, bob, ...plugins]) await part?.[Symbol.asyncDispose]();
    });

    /** @returns what it printed. */
    async function done(terminal: Terminal, ...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await terminal.usher(...args);
      if (code !== 0) throw new Error(`usher ${args.join(' ')}: ${stderr}`);
      return stdout;
    }

    async function serialOf(terminal: Terminal): Promise<string> {
      return JSON.parse(await done(terminal, 'status', '--json')).certificates[0].serial;
    }

    it('who has no right is refused after the touch, with what to do', async () => {
      for (const args of [
        ['host', 'invite', 'web1'],
        ['revoke', '--person', 'alice', '--reason', 'no'],
        ['ca', 'rotate', 'login', '--stage'],
      ]) {
        const { code, stdout, stderr } = await bob.usher(...args);
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
        expect(stderr).toMatch(/usher: error: .*right/);
        expect(stderr).toMatch(/usher: hint: the roster says who may/);
      }
      await expect(readFile(join(bob.home, 'web1.token'))).rejects.toThrow('ENOENT');
    });

    it("one of one's own goes by a signed call, without a touch", async () => {
      const serial = await serialOf(bob);
      const { code, stdout, stderr } = await bob.usher('revoke', serial, '--reason', 'not needed');
      expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: `${serial}\n` });
      expect(stderr).not.toContain('touch');
      await done(bob, 'login');
    });

    it("somebody else's goes by a touch of an sk key in a file", async () => {
      const serial = await serialOf(bob);
      const way = ['--with', 'ssh-key', '--touch-key', join(alice.home, 'sk'), '--sk-provider', SK_DUMMY];
      const revoked = await alice.usher('revoke', serial, '--reason', 'laptop lost', ...way);
      expect(revoked, revoked.stderr).toMatchObject({ code: 0, stdout: `${serial}\n` });
      expect(revoked.stderr).toMatch(/with your touch this is revoked, for good/);
      const { stderr } = await alice.usher('revoke', serial, '--reason', 'again');
      expect(stderr).toMatch(/usher: error: /);
      await done(bob, 'login');
    });

    it('everything of a person ends at once', async () => {
      const serial = await serialOf(bob);
      const revoked = (await done(alice, 'revoke', '--person', 'bob', '--reason', 'left')).trim().split('\n');
      expect(revoked).toContain(serial);
    });

    it('a login CA is replaced step by step, and each says what comes next', async () => {
      const rotate = (step: string, ...args: string[]) => alice.usher('ca', 'rotate', 'login', step, ...args);
      expect(await rotate('--activate')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/no CA key for login is coming/),
      });
      expect((await rotate('--status')).stderr).toMatch(/next: to replace the key: .* --stage/);
      const staged = await rotate('--stage');
      expect(staged, staged.stderr).toMatchObject({ code: 0 });
      const status = await rotate('--status');
      expect(status.stdout).toMatch(/^SHA256:\S+ {2}coming .*\nSHA256:\S+ {2}active /);
      expect(status.stderr).toMatch(/next: usher ca rotate login --activate/);
      const activated = await rotate('--activate');
      expect(activated, activated.stderr).toMatchObject({ code: 0 });
      await done(alice, 'login');
      expect((await rotate('--retire')).stderr).toMatch(/certificates? by SHA256:\S+ count until/);
      expect((await rotate('--status')).stderr).toMatch(
        /next: when the .*certificates? of the retired key have ended/,
      );
      const [retired] = JSON.parse(await done(alice, 'ca', 'list', '--json')).keys.filter(
        ({ purpose, state }: { purpose: string; state: string }) =>
          purpose === 'login' && state === 'retired',
      );
      const revoked = await alice.usher('ca', 'revoke', retired.name, '--reason', 'stolen');
      expect(revoked, revoked.stderr).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^alice [1-9]/),
      });
      expect((await rotate('--status')).stdout).toMatch(/^SHA256:\S+ {2}active [^\n]*\n$/);
    });

    it('the CA of hosts waits until every client has had the key', async () => {
      const rotate = (...args: string[]) => alice.usher('ca', 'rotate', 'host', ...args);
      const staged = await rotate('--stage');
      expect(staged, staged.stderr).toMatchObject({ code: 0 });
      expect((await rotate('--status')).stderr).toMatch(/next: from .* on, when every client has it/);
      expect(await rotate('--activate')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/clients learn of the key with their next login/),
      });
    });

    it('a security key in the terminal does it, too: the last one, since it is what is remembered', async () => {
      const key = await startVirtualKey();
      const way = ['--with', 'security-key', '--device', key.device];
      const invite = await inviteFile(usherd, alice, 'alice');
      await done(alice, 'enroll', '--address-file', invite, ...way);
      const invited = await done(alice, 'host', 'invite', 'web1', '--out', '-', ...way);
      await key.close();
      expect(invited).toMatch(/^usher host token v1\n/);
    });
  },
);
