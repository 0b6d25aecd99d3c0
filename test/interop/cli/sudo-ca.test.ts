/** `usher sudo-ca publish` at a real authority: it keeps for hosts what a CA key has signed, and nothing else. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveParts } from '../../support/parts.ts';
import type { SoftPlugin } from '../../support/soft-plugin.ts';
import { startSoftPlugin } from '../../support/soft-plugin.ts';
import { SK_DUMMY, SSH_AGENT_PARTS } from '../../support/ssh-agent.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import type { Terminal } from './enrolled.ts';
import { inviteFile, makeSecurityKey, openTerminal } from './enrolled.ts';

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, [SK_DUMMY]: 'openssh-tests' }))(
  'usher sudo-ca publish',
  () => {
    let plugin: SoftPlugin;
    let terminal: Terminal;
    let usherd: Usherd;
    let roster: string;

    beforeAll(async () => {
      plugin = await startSoftPlugin();
      terminal = await openTerminal(plugin.directory);
      const line = (await readFile(`${await makeSecurityKey(terminal, 'ca')}.pub`, 'utf8')).trim();
      const text = `people:
  alice: { logins: [alice], roles: [engineer] }
roles:
  engineer: { login: { hosts: [web1], lifetime: 20h } }
hosts: { web1: {} }
sudo_ca:
  - { person: alice, state: active, key: ${JSON.stringify(line)} }
`;
      roster = join(terminal.home, 'roster.yaml');
      await writeFile(roster, text);
      const edit = (config: string) => config.replace(/^ {2}sudo: .*$/m, '  sudo: touch');
      usherd = await startUsherd({ roster: text, edit });
      const invite = await inviteFile(usherd, terminal, 'alice');
      await terminal.usher('enroll', '--address-file', invite, '--with', 'soft');
    });
    afterAll(async () => {
      for (const part of [usherd, terminal, plugin]) await part?.[Symbol.asyncDispose]();
    });

    const sign = (out: string, ...args: string[]) =>
      terminal.usher(
        ...['sudo-ca', 'sign', '--key', join(terminal.home, 'ca'), '--sk-provider', SK_DUMMY],
        ...['--roster', roster, '--out', join(terminal.home, out), ...args],
      );
    const publish = (file: string) =>
      terminal.usher('sudo-ca', 'publish', '--statement', join(terminal.home, file));

    it('is for those who are logged in', async () => {
      const signed = await sign('first', '--first');
      expect(signed, signed.stderr).toMatchObject({ code: 0 });
      expect(await publish('first')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('usher login'),
      });
    });

    it('hands statements on, each after the one before', async () => {
      expect(await terminal.usher('login')).toMatchObject({ code: 0 });
      const published = await publish('first');
      expect(published, published.stderr).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('number 1 goes to hosts with their next sync'),
      });
      expect(await publish('first')).toMatchObject({ code: 0 });
      await sign('second', '--previous', join(terminal.home, 'first'));
      expect(await publish('second')).toMatchObject({ code: 0 });
    });

    it('refuses one that went before, one that was changed, and one of another authority', async () => {
      expect(await publish('first')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/usher: error: /),
      });
      const text = await readFile(join(terminal.home, 'second'), 'utf8');
      await writeFile(join(terminal.home, 'changed'), text.replace('number 2', 'number 3'));
      expect(await publish('changed')).toMatchObject({ code: 1 });
      await writeFile(join(terminal.home, 'other'), text.replaceAll(usherd.origin, 'https://evil.example'));
      expect(await publish('other')).toMatchObject({ code: 1 });
    });
  },
);
