/** From one touch to root: a real `usherd`, the command, `ssh -A` into a host that was set up by what is exported, and sudo there. */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { haveParts, program } from '../../support/parts.ts';
import { run } from '../../support/run.ts';
import { SK_DUMMY } from '../../support/ssh-agent.ts';
import { haveSudo } from '../../support/sudo.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { makeSecurityKey } from '../cli/enrolled.ts';
import type { Account, Host } from './host.ts';
import { openAccount } from './host.ts';
import type { Person } from './person.ts';
import { enrol, openPerson, printed, SETTING_UP_MS } from './person.ts';
import { accepted, refused, SESSION_PARTS } from './session.ts';

const PARTS = { ...SESSION_PARTS, 'ssh-keygen': 'openssh-client', [SK_DUMMY]: 'openssh-tests' };

const roster = (login: string) => `people:
  alice:
    logins: [${login}]
    roles: [engineer]
roles:
  engineer:
    login: { hosts: [web1, web2], lifetime: 20h, max_lifetime: 24h }
    sudo: { hosts: [web1, web2], lifetime: 1h, everywhere: true }
hosts:
  web1: { names: [web1.example.org] }
  web2: { names: [web2.example.org], sudo_name: frontend-2 }
`;

describe.runIf(haveSudo() && haveParts(PARTS))('from a touch to root', () => {
  let account: Account;
  let usherd: Usherd;
  let alice: Person;
  let host: Host;
  const parts = new AsyncDisposableStack();

  beforeAll(async () => {
    account = parts.use(await openAccount());
    usherd = parts.use(await startUsherd({ roster: roster(account.user) }));
    alice = parts.use(await openPerson('alice'));
    await enrol(usherd, alice);
    host = parts.use(await account.setUp(alice, 'web1'));
  }, SETTING_UP_MS);
  afterAll(() => parts.disposeAsync());
  beforeEach(async () => {
    await alice.usher('logout');
  });

  it('one touch logs in and is root', async () => {
    const touches = alice.touches();
    await printed(alice, 'login', '--sudo', 'web1');
    expect(alice.touches()).toBe(touches + 1);
    accepted(await host.sudo(alice));
  });

  it('a login alone is not root', async () => {
    await printed(alice, 'login');
    expect(await host.login(alice, 'echo in')).toMatchObject({ code: 0, stdout: 'in\n' });
    refused(await host.sudo(alice));
  });

  it('sudo alone does not log in', async () => {
    await printed(alice, 'sudo', 'web1');
    expect((await host.login(alice, 'echo in')).code).toBe(255);
  });

  it('sudo for another host is none here, until this one is asked for as well', async () => {
    await printed(alice, 'login', '--sudo', 'web2');
    refused(await host.sudo(alice));
    await printed(alice, 'sudo', 'web1');
    accepted(await host.sudo(alice));
    // The old certificate would stand in the way of the new one, or beside it without use.
    expect((await alice.identities()).match(/usher sudo /g)).toHaveLength(1);
  });

  it('a host is known to sudo by the name that the roster gives it', async () => {
    await host.exportPam(alice, '--host', 'web2', '--roster', join(usherd.dir, 'roster.yaml'));
    await printed(alice, 'login', '--sudo', 'web1');
    refused(await host.sudo(alice));
    await printed(alice, 'sudo', '--only', 'web2');
    accepted(await host.sudo(alice));
    await host.exportPam(alice, '--host', 'web1');
    refused(await host.sudo(alice));
  });

  it('everywhere is here, too, except where a host wants its own name', async () => {
    await printed(alice, 'login');
    await printed(alice, 'sudo', '--everywhere');
    accepted(await host.sudo(alice));
    await host.exportPam(alice, '--host', 'web1', '--no-everywhere');
    refused(await host.sudo(alice));
    await host.exportPam(alice, '--host', 'web1');
  });

  it('logging out ends it, in sessions that were there before as well', async () => {
    await printed(alice, 'login', '--sudo', 'web1');
    const control = join(account.directory, 'control');
    const sshArgs = ['-o', 'ControlMaster=auto', '-o', `ControlPath=${control}`, '-o', 'ControlPersist=60'];
    try {
      accepted(await host.sudo(alice, { sshArgs }));
      await printed(alice, 'logout');
      refused(await host.sudo(alice, { sshArgs }), /no certs loaded/i);
    } finally {
      await run(program('ssh'), ['-F', 'none', '-o', `ControlPath=${control}`, '-O', 'exit', 'web1']);
    }
  });

  it.each(['ed25519-sk', 'ecdsa-sk'])('a %s key of one’s own signs at each sudo', async (type) => {
    await printed(alice, 'login');
    const key = await makeSecurityKey(alice, `id-${type}`, type);
    await printed(alice, 'sudo', 'web1', '--key', key, '--sk-provider', SK_DUMMY);
    expect(await alice.identities()).toMatch(/-SK-CERT/);
    accepted(await host.sudo(alice));
  });

  it('the serial in the host’s log is the one that the command says', async () => {
    await printed(alice, 'login', '--sudo', 'web1');
    const { certificates } = JSON.parse(await printed(alice, 'status', '--json')) as {
      certificates: readonly { readonly purpose: string; readonly serial: string }[];
    };
    const serial = certificates.find(({ purpose }) => purpose === 'sudo')?.serial;
    const result = await host.sudo(alice);
    accepted(result);
    if (result.log !== undefined) expect(result.log.at(-1)).toContain(serial);
  });
});
