/** Real `usherd`, real `usher`, real Chromium: what is done to the authority itself is touched on the page, or refused there. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Bundle, BundleReply } from '../../../src/http/contract/bundle.ts';
import type { ActReview } from '../../../src/http/contract/pages.ts';
import type { Act } from '../../../src/ssh/act.ts';
import { fingerprint, parsePublicKeyLine } from '../../../src/ssh/public-key.ts';
import type { Visitor } from '../../support/browser.ts';
import { launchBrowser, visit } from '../../support/browser.ts';
import { haveParts } from '../../support/parts.ts';
import type { RunningUsher, Terminal } from '../../support/terminal.ts';
import { openTerminal } from '../../support/terminal.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { askAct, CONFIG, enrol, enrolInBrowser, PAGE_PARTS, typeCode } from './parts.ts';

const ROSTER = `
people:
  alice: { logins: [alice], roles: [engineer, keeper] }
  bob: { logins: [bob], roles: [engineer] }
roles:
  engineer:
    login: { hosts: "*" }
  keeper:
    manage: [hosts, revoke, ca]
hosts:
  web1: { names: [web1.example.org] }
  web2: { names: [web2.example.org] }
`;
const ELSEWHERE = '203.0.113.77';

describe.runIf(haveParts(PAGE_PARTS))('the page of an act', () => {
  let usherd: Usherd;
  let terminal: Terminal;
  let browser: Browser;
  let alice: Visitor;
  const running: RunningUsher[] = [];

  beforeAll(async () => {
    [usherd, terminal, browser] = await Promise.all([
      startUsherd({ roster: ROSTER, config: CONFIG }),
      openTerminal(),
      launchBrowser(),
    ]);
    alice = await visit(browser);
    await enrol(usherd, terminal, alice.page, 'alice');
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((command) => command.stop()));
    await alice.page.unrouteAll();
    await alice.page.context().setExtraHTTPHeaders({});
  });

  afterAll(async () => {
    await browser?.close();
    await terminal?.[Symbol.asyncDispose]();
    await usherd?.[Symbol.asyncDispose]();
  });

  function usher(...args: readonly string[]): RunningUsher {
    const command = terminal.usher(...args, '--with', 'browser', '--no-open');
    running.push(command);
    return command;
  }

  const tokenFile = (name: string) => join(terminal.home, name);
  const invite = (host: string, out: string) => usher('host', 'invite', host, '--out', tokenFile(out));
  const heading = (name: string) => alice.page.getByRole('heading', { level: 1, name });
  const button = (name: string) => alice.page.getByRole('button', { name });
  const mainText = () => alice.page.locator('main').innerText();

  async function open(command: RunningUsher): Promise<void> {
    await alice.page.goto(await command.said('address'));
    await typeCode(alice.page, await command.said('code'));
  }

  async function openAct({ page }: Visitor, person: string, act: Act): Promise<void> {
    const { address, code } = await askAct(usherd, person, act);
    await page.goto('about:blank');
    await page.goto(address);
    await typeCode(page, code);
    await page.locator('.statement').waitFor();
  }

  /** Lines, as everybody gets them. */
  async function loginKeys(): Promise<readonly string[]> {
    const { statement }: BundleReply = await (await fetch(`${usherd.origin}/v1/bundle`)).json();
    const bundle: Bundle = JSON.parse(Buffer.from(statement, 'base64url').toString());
    return bundle.caKeys.filter(({ purpose }) => purpose === 'login').map(({ key }) => key);
  }

  it('refuses to touch another act than the terminal asked for', async () => {
    const command = invite('web1', 'changed.token');
    await alice.page.route('**/code', async (route) => {
      await answerWith(route, (reply) => ({ ...reply, act: { ...reply.act, host: 'web2' } }) as ActReview);
    });
    await open(command);
    await heading('This page refuses to go on').waitFor();
    expect(await mainText()).toContain('other-code');
    expect(await button('Touch to invite this host').count()).toBe(0);
  });

  it('refuses in words what the person has no right to, after the touch', async () => {
    const bob = await visit(browser);
    await enrolInBrowser(usherd, bob.page, 'bob');
    await openAct(bob, 'bob', { kind: 'invite-host', host: 'web1', tokenHash: new Uint8Array(32) });
    await bob.page.getByRole('button', { name: 'Touch to invite this host' }).click();
    await bob.page.getByRole('heading', { name: 'You may not do this' }).waitFor();
    const text = await bob.page.locator('main').innerText();
    expect(text).toContain('No role of bob has the right "hosts".');
    expect(text).toContain('right-missing');
    expect(bob.complaints).toEqual([]);
    await bob.close();
  });

  it('refuses what the roster does not know, and the terminal gets no token', async () => {
    const command = invite('web9', 'unknown.token');
    await open(command);
    await button('Touch to invite this host').click();
    await heading('There is no such host').waitFor();
    const { code, stderr } = await command.ended();
    expect(code).not.toBe(0);
    expect(stderr).toContain('web9');
    await expect(stat(tokenFile('unknown.token'))).rejects.toThrow('ENOENT');
  });

  it('invites a host, and says what that means', async () => {
    const command = invite('web1', 'web1.token');
    await alice.page.context().setExtraHTTPHeaders({ 'x-forwarded-for': ELSEWHERE });
    await open(command);
    await heading('Invite a host').waitFor();
    expect(await alice.page.locator('.statement').innerText()).toBe(
      'alice lets whoever has the token enrol as web1, once.',
    );
    const warning = alice.page.getByRole('note', { name: 'The other terminal gets the token' });
    expect(await warning.innerText()).toContain(ELSEWHERE);
    await alice.page.getByText('Every field of the act').click();
    expect(await mainText()).toContain(await command.said('token +hash'));
    await button('Touch to invite this host').click();
    await heading('Invited').waitFor();
    expect((await command.ended()).code).toBe(0);
    expect(await readFile(tokenFile('web1.token'), 'utf8')).toContain('host web1');
  });

  it('revokes what a person has, and shows whose it is and why', async () => {
    const login = usher('login');
    await open(login);
    await button('Touch to allow this').click();
    expect((await login.ended()).code).toBe(0);
    const command = usher('revoke', '--person', 'alice', '--reason', '<i>laptop</i> lost');
    await open(command);
    await heading('Revoke all of a person').waitFor();
    expect(await alice.page.locator('.statement').innerText()).toBe(
      'alice revokes every certificate of alice.',
    );
    expect(await alice.page.locator('blockquote').innerText()).toBe('<i>laptop</i> lost');
    await button('Touch to revoke this').click();
    await heading('Revoked').waitFor();
    const { code, stderr } = await command.ended();
    expect(code).toBe(0);
    expect(stderr).toContain('one certificate is revoked');
  });

  it('publishes a new CA key, and refuses to let it sign for hosts that nobody waits for', async () => {
    const before = await loginKeys();
    await openAct(alice, 'alice', { kind: 'stage-ca', purpose: 'login', key: '' });
    expect(await alice.page.locator('.statement').innerText()).toBe(
      'alice publishes a new CA key for sign-in.',
    );
    await button('Touch to publish this key').click();
    await heading('Published').waitFor();
    const [made = '', ...others] = (await loginKeys()).filter((key) => !before.includes(key));
    expect(others).toEqual([]);
    const key = fingerprint(parsePublicKeyLine(made).key);
    await openAct(alice, 'alice', { kind: 'activate-ca', purpose: 'login', key, evenWithout: ['web2'] });
    const warning = alice.page.getByRole('note', { name: 'Some hosts may not trust it yet' });
    expect(await warning.innerText()).toContain('web2 refuse');
    expect((await mainText()).replaceAll(/\s/g, '')).toContain(key);
    await button('Touch to let this key sign').click();
    await heading('Refused').waitFor();
    expect(await mainText()).toContain('web2');
  });

  it('revokes a CA key only under a warning', async () => {
    const [line = ''] = await loginKeys();
    const key = fingerprint(parsePublicKeyLine(line).key);
    await openAct(alice, 'alice', { kind: 'revoke-ca', purpose: 'login', key, reason: 'copied' });
    const warning = alice.page.getByRole('note', { name: 'This can not be undone' });
    expect(await warning.innerText()).toContain('Everybody who signed in');
    await button('Touch to revoke this CA key').click();
    await heading('CA key revoked').waitFor();
    expect(await loginKeys()).not.toContain(line);
  });

  it('says so when there is nothing to revoke', async () => {
    await openAct(alice, 'alice', {
      kind: 'revoke',
      target: { kind: 'serial', name: '18446744073709551615' },
      reason: 'lost',
    });
    expect(await mainText()).toContain('18446744073709551615');
    await button('Touch to revoke this').click();
    await heading('There is nothing to revoke').waitFor();
  });

  it('never had the browser complain of its policy', () => {
    expect(alice.complaints).toEqual([]);
  });
});

async function answerWith(route: Route, change: (reply: ActReview) => ActReview): Promise<void> {
  const response = await route.fetch();
  await route.fulfill({ response, json: change(await response.json()) });
}
