/** A sudo CA whose keys are people's security keys, from `usher sudo-ca sign` and `usher host trust` to root on a host. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CREDENTIAL_PARTS, makeCaCredential } from '../../support/ca-credential.ts';
import { haveParts } from '../../support/parts.ts';
import { SK_DUMMY } from '../../support/ssh-agent.ts';
import { haveSudo } from '../../support/sudo.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import type { VirtualKey } from '../../support/virtual-key.ts';
import { startVirtualKey } from '../../support/virtual-key.ts';
import { makeSecurityKey } from '../cli/enrolled.ts';
import type { Account, Host } from './host.ts';
import { openAccount } from './host.ts';
import type { Person } from './person.ts';
import { enrol, openPerson, printed, SETTING_UP_MS, waitingFor } from './person.ts';
import { accepted, refused, SESSION_PARTS } from './session.ts';

const PARTS = {
  ...{ ...SESSION_PARTS, ...CREDENTIAL_PARTS },
  ...{ 'ssh-keygen': 'openssh-client', [SK_DUMMY]: 'openssh-tests' },
};

/** Who holds a CA key, and how the command is told where it is. */
interface Owner {
  readonly person: Person;
  /** As the roster has it. */
  readonly entry: string;
  readonly args: readonly string[];
}

const roster = (login: string, owners: readonly Owner[]) => `people:
  alice: { logins: [${login}], roles: [engineer] }
${owners.map(({ person }) => `  ${person.name}: { logins: [${login}], roles: [engineer] }`).join('\n')}
roles:
  engineer:
    login: { hosts: [web1], lifetime: 20h, max_lifetime: 24h }
    sudo: { hosts: [web1], lifetime: 1h }
hosts:
  web1: { names: [web1.example.org] }
sudo_ca:
${owners.map(({ person, entry }) => `  - { person: ${person.name}, ${entry} }`).join('\n')}
`;

describe.runIf(haveSudo() && haveParts(PARTS))('sudo by CA keys that people hold', () => {
  let account: Account;
  let device: VirtualKey;
  let usherd: Usherd;
  let alice: Person;
  let owners: readonly [bob: Owner, carol: Owner, dave: Owner];
  let host: Host;
  const parts = new AsyncDisposableStack();

  beforeAll(async () => {
    account = parts.use(await openAccount());
    device = parts.use(await startVirtualKey());
    alice = parts.use(await openPerson('alice'));
    owners = [
      await openOwner('bob', 'ed25519-sk'),
      await openOwner('carol', 'ecdsa-sk'),
      await openCredentialOwner('dave'),
    ];
    const edit = (text: string) => text.replace(/^ {2}sudo: .*$/m, '  sudo: touch');
    usherd = parts.use(await startUsherd({ roster: roster(account.user, owners), edit }));
    // So that it is sure that nobody uses it.
    await rm(join(usherd.dir, 'keys', 'sudo'));
    const people = [alice, ...owners.map(({ person }) => person)];
    await enrol(usherd, ...people);
    host = parts.use(await account.setUp(alice, 'web1', { trustSudoCa: () => trust(owners[0]) }));
    for (const person of people) await printed(person, 'login');
  }, SETTING_UP_MS);
  afterAll(() => parts.disposeAsync());

  async function openOwner(name: string, type: string): Promise<Owner> {
    const person = parts.use(await openPerson(name));
    const file = await makeSecurityKey(person, 'sudo-ca', type);
    const entry = `key: "${(await readFile(`${file}.pub`, 'utf8')).trim()}"`;
    return { person, entry, args: ['--ca-key', file, '--sk-provider', SK_DUMMY] };
  }

  async function openCredentialOwner(name: string): Promise<Owner> {
    const { line, credentialId } = await makeCaCredential(device, 'ssh:usher-sudo-ca');
    const entry = `key: "${line}", credential_id: ${credentialId}`;
    const args = ['--ca-key', 'credential', '--device', device.device];
    return { person: parts.use(await openPerson(name)), entry, args };
  }

  /** The owner of a key says which keys the host may trust, and the host takes it over. */
  async function trust({ person }: Owner): Promise<void> {
    const [key, statement] = [join(person.home, 'sudo-ca'), join(person.home, 'statement')];
    const files = ['--roster', join(usherd.dir, 'roster.yaml'), '--out', statement];
    await printed(person, 'sudo-ca', 'sign', '--first', '--key', key, '--sk-provider', SK_DUMMY, ...files);
    await printed(person, 'host', 'trust', '--first', '--statement', statement, '--dir', account.directory);
  }

  it.each([
    ['ed25519-sk', 0],
    ['ecdsa-sk', 1],
    ['FIDO credential', 2],
  ] as const)('is root once the owner of one of them has signed: %s', async (_kind, index) => {
    const { person, args } = owners[index];
    await printed(alice, 'logout');
    await printed(alice, 'login');
    refused(await host.sudo(alice));
    const asked = alice.usher('sudo', 'web1');
    await printed(person, 'approve', await waitingFor(person), ...args);
    const result = await asked;
    expect(result, result.stderr).toMatchObject({ code: 0 });
    accepted(await host.sudo(alice));
  });

  it('is one command for who has such a key, without another touch', async () => {
    const [{ person, args }] = owners;
    const touches = person.touches();
    await printed(person, 'sudo', 'web1', ...args);
    expect(person.touches()).toBe(touches);
    accepted(await host.sudo(person));
  });

  it('is not signed by who has no such key, or with the key of another', async () => {
    const [bob, carol] = owners;
    await printed(alice, 'logout');
    const asked = alice.usher('sudo', 'web1');
    const request = await waitingFor(bob.person);
    for (const person of [carol.person, alice])
      expect((await person.usher('approve', request, ...bob.args)).code, person.name).not.toBe(0);
    await printed(bob.person, 'reject', request);
    expect((await asked).code).toBe(1);
  });

  it('is not exported by the authority as if it were its own', async () => {
    const result = await alice.usher('export', 'ca-file', '--purpose', 'sudo');
    expect(result).toMatchObject({ code: 2, stdout: '' });
  });
});
