/** A sudo CA whose keys are people's security keys, from `usher sudo-ca sign` and `usher host trust` to root on a host. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveParts } from '../../support/parts.ts';
import { SK_DUMMY } from '../../support/ssh-agent.ts';
import { haveSudo } from '../../support/sudo.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { makeSecurityKey } from '../cli/enrolled.ts';
import type { Account, Host } from './host.ts';
import { openAccount } from './host.ts';
import type { Person } from './person.ts';
import { enrol, openPerson, printed, SETTING_UP_MS, waitingFor } from './person.ts';
import { accepted, refused, SESSION_PARTS } from './session.ts';

const PARTS = { ...SESSION_PARTS, 'ssh-keygen': 'openssh-client', [SK_DUMMY]: 'openssh-tests' };

const roster = (login: string, caKeys: Readonly<Record<string, string>>) => `people:
  alice: { logins: [${login}], roles: [engineer] }
  bob: { logins: [${login}], roles: [engineer] }
  carol: { logins: [${login}], roles: [engineer] }
roles:
  engineer:
    login: { hosts: [web1], lifetime: 20h, max_lifetime: 24h }
    sudo: { hosts: [web1], lifetime: 1h }
hosts:
  web1: { names: [web1.example.org] }
sudo_ca:
${Object.entries(caKeys)
  .map(([person, key]) => `  - { person: ${person}, key: "${key.trim()}" }`)
  .join('\n')}
`;

describe.runIf(haveSudo() && haveParts(PARTS))('sudo by CA keys that people hold', () => {
  let account: Account;
  let usherd: Usherd;
  let people: readonly [alice: Person, bob: Person, carol: Person];
  let bobsKey: readonly string[];
  let carolsKey: readonly string[];
  let host: Host;

  beforeAll(async () => {
    account = await openAccount();
    people = await Promise.all([openPerson('alice'), openPerson('bob'), openPerson('carol')]);
    const [alice, bob, carol] = people;
    const files = [
      await makeSecurityKey(bob, 'sudo-ca', 'ed25519-sk'),
      await makeSecurityKey(carol, 'sudo-ca', 'ecdsa-sk'),
    ];
    const [bobs = '', carols = ''] = await Promise.all(files.map((file) => readFile(`${file}.pub`, 'utf8')));
    [bobsKey = [], carolsKey = []] = files.map((file) => ['--ca-key', file, '--sk-provider', SK_DUMMY]);
    usherd = await startUsherd({
      roster: roster(account.user, { bob: bobs, carol: carols }),
      edit: (text) => text.replace(/^ {2}sudo: .*$/m, '  sudo: touch'),
    });
    await rm(join(usherd.dir, 'keys', 'sudo_ca'), { force: true });
    await enrol(usherd, ...people);
    host = await account.setUp(alice, 'web1', { trustSudoCa: () => trust(bob, files[0] ?? '') });
    for (const person of people) await printed(person, 'login');
  }, SETTING_UP_MS);
  afterAll(async () => {
    for (const part of [host, ...(people ?? []), usherd, account]) await part?.[Symbol.asyncDispose]();
  });

  /** A person with a key says which keys the host may trust, and the host takes it over. */
  async function trust(person: Person, key: string): Promise<void> {
    const statement = join(person.home, 'statement');
    const files = ['--roster', join(usherd.dir, 'roster.yaml'), '--out', statement];
    await printed(person, 'sudo-ca', 'sign', '--first', '--key', key, '--sk-provider', SK_DUMMY, ...files);
    await printed(person, 'host', 'trust', '--first', '--statement', statement, '--dir', account.directory);
  }

  it('is root once one of them has signed, whichever', async () => {
    const [alice, bob, carol] = people;
    for (const [approver, key] of [[bob, bobsKey] as const, [carol, carolsKey] as const]) {
      await printed(alice, 'logout');
      await printed(alice, 'login');
      refused(await host.sudo(alice));
      const asked = alice.usher('sudo', 'web1');
      await printed(approver, 'approve', await waitingFor(approver), ...key);
      const result = await asked;
      expect(result, result.stderr).toMatchObject({ code: 0 });
      accepted(await host.sudo(alice));
    }
  });

  it('is one command for who has such a key, without another touch', async () => {
    const [, bob] = people;
    const touches = bob.touches();
    await printed(bob, 'sudo', 'web1', ...bobsKey);
    expect(bob.touches()).toBe(touches);
    accepted(await host.sudo(bob));
  });

  it('is not signed by who has no such key, or with the key of another', async () => {
    const [alice, bob, carol] = people;
    await printed(alice, 'logout');
    const asked = alice.usher('sudo', 'web1');
    const request = await waitingFor(bob);
    expect((await carol.usher('approve', request, ...bobsKey)).code).not.toBe(0);
    expect((await alice.usher('approve', request, ...bobsKey)).code).not.toBe(0);
    await printed(bob, 'reject', request);
    expect((await asked).code).toBe(1);
  });

  it('is not exported by the authority as if it were its own', async () => {
    const [alice] = people;
    const result = await alice.usher('export', 'ca-file', '--purpose', 'sudo');
    expect(result).toMatchObject({ code: 2, stdout: '' });
  });
});
