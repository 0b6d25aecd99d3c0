import { afterEach, describe, expect, it } from 'vitest';
import { haveParts } from '../../support/parts.ts';
import type { SoftPlugin } from '../../support/soft-plugin.ts';
import { startSoftPlugin } from '../../support/soft-plugin.ts';
import { SSH_AGENT_PARTS } from '../../support/ssh-agent.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import type { Terminal } from './enrolled.ts';
import { inviteFile, openTerminal, rosterFor } from './enrolled.ts';

describe.runIf(haveParts(SSH_AGENT_PARTS))('an authority that goes away while somebody touches', () => {
  let plugin: SoftPlugin;
  let terminal: Terminal;
  let usherd: Usherd;
  let meanwhile = async (): Promise<void> => undefined;

  afterEach(async () => {
    for (const part of [usherd, terminal, plugin]) await part?.[Symbol.asyncDispose]();
  });

  async function enroll(): Promise<void> {
    meanwhile = async () => undefined;
    plugin = await startSoftPlugin(() => meanwhile());
    terminal = await openTerminal(plugin.directory);
    usherd = await startUsherd({ roster: rosterFor(['alice']) });
    const invite = await inviteFile(usherd, terminal, 'alice');
    const enrolled = await terminal.usher('enroll', '--address-file', invite, '--with', 'soft');
    expect(enrolled, enrolled.stderr).toMatchObject({ code: 0 });
  }

  it('and comes back takes the touch', async () => {
    await enroll();
    meanwhile = async () => {
      usherd.signal('SIGKILL');
      await usherd.ended();
      await usherd.start();
    };
    const login = await terminal.usher('login');
    expect(login, login.stderr).toMatchObject({ code: 0 });
    expect(await terminal.identities()).toContain('usher login alice@');
  });

  it('and comes back late is waited for', async () => {
    await enroll();
    let back: Promise<void> = Promise.resolve();
    meanwhile = async () => {
      usherd.signal('SIGKILL');
      await usherd.ended();
      // The touch is sent while nobody listens.
      back = usherd.start();
    };
    const login = await terminal.usher('login');
    await back;
    expect(login, login.stderr).toMatchObject({ code: 0 });
  });

  it('for good ends the login with what to do, and leaves the agent alone', async () => {
    await enroll();
    meanwhile = async () => {
      usherd.signal('SIGKILL');
      await usherd.ended();
    };
    const login = await terminal.usher('login');
    expect(login).toMatchObject({ code: 1, stdout: '' });
    expect(login.stderr).toMatch(/usher: error: http:\/\/localhost:\d+ can not be reached: .*ECONNREFUSED/);
    expect(await terminal.identities()).toBe('The agent has no identities.\n');
  });
});
