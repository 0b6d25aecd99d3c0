/** Where people's security keys sign for sudo: no browser can make that signature, and the page says so. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprint, formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import type { Visitor } from '../../support/browser.ts';
import { launchBrowser, visit } from '../../support/browser.ts';
import { generateSecurityKey } from '../../support/keys.ts';
import { haveParts } from '../../support/parts.ts';
import type { RunningUsher, Terminal } from '../../support/terminal.ts';
import { openTerminal } from '../../support/terminal.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { CONFIG, enrol, enrolInBrowser, openApproval, PAGE_PARTS, touchUntilOthers } from './parts.ts';

const CA_KEYS = [
  generateSecurityKey('sk-ssh-ed25519@openssh.com').publicKey,
  generateSecurityKey('sk-ecdsa-sha2-nistp256@openssh.com').publicKey,
];
const ROSTER = `
people:
  alice: { logins: [alice], roles: [engineer] }
  bob: { logins: [bob], roles: [engineer] }
roles:
  engineer:
    login: { hosts: [web1] }
    sudo: { hosts: [web1] }
hosts:
  web1: { names: [web1.example.org] }
sudo_ca:
${CA_KEYS.map((key) => `  - { person: bob, key: "${formatPublicKeyLine(key)}" }`).join('\n')}
`;

describe.runIf(haveParts(PAGE_PARTS))('a request that the owner of a CA key has to sign', () => {
  let usherd: Usherd;
  let terminal: Terminal;
  let browser: Browser;
  let alice: Visitor;
  let bob: Visitor;
  let command: RunningUsher;
  let address: string;

  beforeAll(async () => {
    [usherd, terminal, browser] = await Promise.all([
      startUsherd({
        roster: ROSTER,
        config: CONFIG,
        edit: (text) => text.replace(/^ {2}sudo: .*$/m, '  sudo: touch'),
      }),
      openTerminal(),
      launchBrowser(),
    ]);
    [alice, bob] = [await visit(browser), await visit(browser)];
    await enrol(usherd, terminal, alice.page, 'alice');
    await enrolInBrowser(usherd, bob.page, 'bob');
    command = terminal.usher('sudo', 'web1', '--with', 'browser', '--no-open');
    address = await touchUntilOthers(command, alice.page);
  });

  afterAll(async () => {
    await command?.stop();
    await browser?.close();
    await terminal?.[Symbol.asyncDispose]();
    await usherd?.[Symbol.asyncDispose]();
  });

  it('says to who asked that somebody has to sign', async () => {
    const text = await alice.page.locator('main').innerText();
    expect(text).toContain('somebody has to sign with a CA key');
    expect(text).toContain(address);
  });

  it('is shown once, with each key that may sign it', async () => {
    await openApproval(bob.page, address, 'bob');
    await bob.page.getByText('You answer as bob.').waitFor();
    expect(await bob.page.locator('article').count()).toBe(1);
    const sheet = (await bob.page.locator('article').innerText()).replaceAll(/\s/g, '');
    expect(sheet).toContain('Signedbyoneof');
    for (const key of CA_KEYS) expect(sheet).toContain(fingerprint(key));
  });

  it('can not be approved on the page, which says where', async () => {
    await openApproval(bob.page, address, 'bob');
    const note = bob.page.getByRole('note', { name: 'Approve it in a terminal' });
    const [, id = ''] = /#([^.]+)\./.exec(address) ?? [];
    expect(await note.innerText()).toContain(`usher approve ${id}`);
    expect(await bob.page.getByRole('button', { name: 'Approve with a touch' }).count()).toBe(0);
  });

  it('can be rejected there', async () => {
    await openApproval(bob.page, address, 'bob');
    await bob.page.getByRole('button', { name: 'Reject with a touch' }).click();
    await bob.page.getByRole('heading', { name: 'Rejected' }).waitFor();
    const { code, stderr } = await command.ended();
    expect(code).not.toBe(0);
    expect(stderr).toContain('bob rejected this request');
    expect([...alice.complaints, ...bob.complaints]).toEqual([]);
  });
});
