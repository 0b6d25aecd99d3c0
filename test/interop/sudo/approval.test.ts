/** Sudo that other people have to approve, from one command to the others and to root on a host. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { haveParts } from '../../support/parts.ts';
import { haveSudo } from '../../support/sudo.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import type { Account, Host } from './host.ts';
import { openAccount } from './host.ts';
import type { Person } from './person.ts';
import { enrol, openPerson, printed, SETTING_UP_MS, waitingFor } from './person.ts';
import { accepted, refused, SESSION_PARTS } from './session.ts';

const roster = (login: string) => `people:
  alice: { logins: [${login}], roles: [engineer] }
  bob: { logins: [bob], roles: [lead] }
  carol: { logins: [carol], roles: [lead] }
  dave: { logins: [dave], roles: [engineer] }
roles:
  engineer:
    login: { hosts: [web1], lifetime: 20h, max_lifetime: 24h }
    sudo: { hosts: [web1], lifetime: 1h, approvals: 2, approvers: [lead], reason: required }
  lead:
    login: { hosts: [web1] }
hosts:
  web1: { names: [web1.example.org] }
`;
const ASK = ['sudo', 'web1', '--reason', 'disk full'];

describe.runIf(haveSudo() && haveParts(SESSION_PARTS))('sudo that two others approve', () => {
  let account: Account;
  let usherd: Usherd;
  let people: readonly [alice: Person, bob: Person, carol: Person, dave: Person];
  let host: Host;
  const parts = new AsyncDisposableStack();

  beforeAll(async () => {
    account = parts.use(await openAccount());
    usherd = parts.use(await startUsherd({ roster: roster(account.user) }));
    const open = async (name: string) => parts.use(await openPerson(name));
    people = [await open('alice'), await open('bob'), await open('carol'), await open('dave')];
    await enrol(usherd, ...people);
    host = parts.use(await account.setUp(people[0], 'web1'));
    for (const person of people) await printed(person, 'login');
  }, SETTING_UP_MS);
  afterAll(() => parts.disposeAsync());
  afterEach(async () => {
    const [alice] = people;
    await printed(alice, 'logout');
    await printed(alice, 'login');
  });

  it('is root once both have touched, and not before', async () => {
    const [alice, bob, carol] = people;
    const asked = alice.usher(...ASK);
    const request = await waitingFor(bob);
    const [before, touches] = [alice.touches(), bob.touches()];
    const shown = await bob.usher('approve', request);
    expect(shown, shown.stderr).toMatchObject({ code: 0 });
    expect(shown.stderr).toMatch(/person +alice\n(.*\n)* +hosts +web1\n(.*\n)* +reason +disk full\n/);
    expect(bob.touches()).toBe(touches + 1);
    refused(await host.sudo(alice));
    await printed(carol, 'approve', request);
    const result = await asked;
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(alice.touches()).toBe(before);
    accepted(await host.sudo(alice));
  });

  it('is refused when one of them rejects it, and the person is told by whom', async () => {
    const [alice, bob, carol] = people;
    const asked = alice.usher(...ASK);
    const request = await waitingFor(bob);
    await printed(bob, 'approve', request);
    await printed(carol, 'reject', request);
    const result = await asked;
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain('carol');
    refused(await host.sudo(alice));
  });

  it('is not approved by one person twice, by the person, or by who may not', async () => {
    const [alice, bob, carol, dave] = people;
    const asked = alice.usher(...ASK);
    const request = await waitingFor(bob);
    await printed(bob, 'approve', request);
    for (const person of [bob, alice, dave])
      expect((await person.usher('approve', request)).code, person.name).not.toBe(0);
    refused(await host.sudo(alice));
    await printed(carol, 'reject', request);
    expect((await asked).code).toBe(1);
  });

  it('does not keep the login of the same command waiting', async () => {
    const [alice, bob, carol] = people;
    await printed(alice, 'logout');
    const asked = alice.usher('login', '--sudo', 'web1', '--reason', 'disk full');
    const request = await waitingFor(bob);
    await expect
      .poll(async () => (await host.login(alice, 'echo in')).stdout, { timeout: 20_000 })
      .toBe('in\n');
    refused(await host.sudo(alice));
    for (const person of [bob, carol]) await printed(person, 'approve', request);
    const result = await asked;
    expect(result, result.stderr).toMatchObject({ code: 0 });
    accepted(await host.sudo(alice));
  });

  it('wants a reason', async () => {
    const [alice] = people;
    const result = await alice.usher('sudo', 'web1');
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('--reason');
  });
});
