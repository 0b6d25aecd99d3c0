/** Real `usherd`, real `usher`, real Chromium: from the command over the page to the certificate in the agent. */
import type { Browser, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { IssueReview } from '../../../src/http/contract/pages.ts';
import type { Visitor } from '../../support/browser.ts';
import { launchBrowser, visit } from '../../support/browser.ts';
import { haveParts } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import type { RunningUsher, Terminal } from '../../support/terminal.ts';
import { openTerminal } from '../../support/terminal.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { CONFIG, enrol, PAGE_PARTS, ROSTER, typeCode } from './parts.ts';

const ELSEWHERE = '203.0.113.77';

describe.runIf(haveParts(PAGE_PARTS))('the page that reviews and touches', () => {
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
    await alice.authenticator.setPresent(true);
  });

  afterAll(async () => {
    await browser?.close();
    await terminal?.[Symbol.asyncDispose]();
    await usherd?.[Symbol.asyncDispose]();
  });

  function login(...args: readonly string[]): RunningUsher {
    const command = terminal.usher('login', '--with', 'browser', ...args);
    running.push(command);
    return command;
  }

  const touchButton = () => alice.page.getByRole('button', { name: 'Touch to allow this' });
  const heading = (name: string) => alice.page.getByRole('heading', { level: 1, name });

  async function review(command: RunningUsher): Promise<void> {
    await alice.page.goto(await command.said('address'));
    await typeCode(alice.page, await command.said('code'));
    await touchButton().waitFor();
  }

  it('shows and touches nothing for an attacker who sends the address without the code', async () => {
    const attacker = login('--no-open');
    await alice.page.goto(await attacker.said('address'));
    await alice.page.getByLabel('Code from your terminal').waitFor();
    const text = await alice.page.locator('main').innerText();
    expect(text).not.toContain('alice');
    expect(text).not.toContain('web1');
    await typeCode(alice.page, 'AAAA-AAAA');
    await alice.page.getByRole('alert').waitFor();
    expect(await alice.page.locator('main').innerText()).not.toContain('alice');
    expect(await touchButton().count()).toBe(0);
  });

  it('shows nothing for an attacker whose address names a port where their command does not listen', async () => {
    const attacker = login('--no-open');
    await alice.page.goto(`${await attacker.said('address')}.1025.${'A'.repeat(22)}`);
    await expect.poll(() => alice.page.url()).toMatch(/^chrome-error:/);
    // Chromium is still changing over to its page of errors, from where there is no way back.
    await expect.poll(() => isDone(alice.page.goBack())).toBe(true);
    await alice.page.getByText('The command on this machine did not answer').waitFor();
    expect(await touchButton().count()).toBe(0);
  });

  it('shows nothing when the address leads to the own command, which waits for another request', async () => {
    const own = login();
    const port = (await own.opened()).split('.').at(-2);
    const attacker = login('--no-open');
    await alice.page.goto(`${await attacker.said('address')}.${port}.${'A'.repeat(22)}`);
    await alice.page.waitForURL(`http://127.0.0.1:${port}/`);
    await alice.page.goto(await attacker.said('address'));
    await alice.page.getByRole('button', { name: 'Type the code from the terminal instead' }).waitFor();
    expect(await touchButton().count()).toBe(0);
  });

  it('ends the request with the third wrong code, and tells the command', async () => {
    const command = login('--no-open');
    await alice.page.goto(await command.said('address'));
    await typeCode(alice.page, 'AAAA-AAAA');
    await alice.page.getByText('2 tries are left').waitFor();
    await typeCode(alice.page, 'BBBB-BBBB');
    await alice.page.getByText('One try is left').waitFor();
    await alice.page.reload();
    await alice.page.getByText('One try is left').waitFor();
    await typeCode(alice.page, 'CCCC-CCCC');
    await heading('Too many wrong codes').waitFor();
    const { code, stderr } = await command.ended();
    expect(code).not.toBe(0);
    expect(stderr).toContain('three wrong codes');
  });

  it('refuses to touch when the authority shows other drafts than the terminal has', async () => {
    const [command, other] = [login('--no-open'), login('--no-open', '--login', 'deploy')];
    const stolen = await reviewOf(other);
    await alice.page.route('**/code', (route) =>
      answerWith(route, (reply) => ({ ...reply, drafts: stolen.drafts })),
    );
    await alice.page.goto(await command.said('address'));
    await typeCode(alice.page, await command.said('code'));
    await heading('This page refuses to go on').waitFor();
    expect(await alice.page.locator('main').innerText()).toContain('other-request');
  });

  it('refuses to touch for another origin, and what was not typed as this code', async () => {
    const command = login('--no-open');
    await alice.page.route('**/code', (route) =>
      answerWith(route, (reply) => ({ ...reply, origin: 'https://elsewhere.example' })),
    );
    await alice.page.goto(await command.said('address'));
    await typeCode(alice.page, await command.said('code'));
    await alice.page.getByText('wrong-origin').waitFor();
    await alice.page.unrouteAll();
    await alice.page.route('**/review', (route) =>
      answerWith(route, (reply) => ({ ...reply, expiresAt: reply.expiresAt + 1 })),
    );
    await alice.page.reload();
    await alice.page.getByText('other-code').waitFor();
  });

  it('says why, and what may be asked for, when policy refuses after the touch', async () => {
    const command = login('--no-open', '--host', 'web9');
    await review(command);
    await touchButton().click();
    await heading('Refused').waitFor();
    const text = await alice.page.locator('main').innerText();
    expect(text).toContain('host-not-allowed');
    expect(text).toContain('web1 and web2');
    expect((await command.ended()).code).not.toBe(0);
  });

  it('is replaced by a newer page, and says so', async () => {
    const command = login('--no-open');
    const second = await visit(browser);
    await alice.page.goto(await command.said('address'));
    await alice.page.getByLabel('Code from your terminal').waitFor();
    await second.page.goto(await command.said('address'));
    await second.page.getByLabel('Code from your terminal').waitFor();
    await typeCode(alice.page, await command.said('code'));
    await heading('This page is no longer in use').waitFor();
    await typeCode(second.page, await command.said('code'));
    await second.page.getByRole('button', { name: 'Touch to allow this' }).waitFor();
    await second.close();
  });

  it('can not be taken over once it is proven', async () => {
    const command = login('--no-open');
    await review(command);
    const second = await visit(browser);
    await second.page.goto(await command.said('address'));
    await second.page.getByRole('heading', { name: 'This request is open in another page' }).waitFor();
    await second.close();
  });

  it('can be tried again with the right key when a stranger’s was touched', async () => {
    const command = login('--no-open');
    await review(command);
    const assertion = {
      credentialId: 'AAAA',
      clientDataJSON: 'AAAA',
      authenticatorData: 'AAAA',
      signature: 'AAAA',
    };
    await alice.page.route('**/touch', (route) => {
      const { speaker } = route.request().postDataJSON();
      return route.continue({ postData: JSON.stringify({ speaker, assertion }) });
    });
    await touchButton().click();
    await alice.page.getByText('The authority did not accept this touch').waitFor();
    await alice.page.unrouteAll();
    await touchButton().click();
    await heading('Signed in').waitFor();
    expect((await command.ended()).code).toBe(0);
  });

  it('can be tried again when the key did not verify the person', async () => {
    const command = login('--no-open');
    await review(command);
    await alice.authenticator.setVerified(false);
    await touchButton().click();
    await alice.page.getByText('Nothing was touched').waitFor();
    await alice.authenticator.setVerified(true);
    await touchButton().click();
    await heading('Signed in').waitFor();
    expect((await command.ended()).code).toBe(0);
  });

  it('sends the same touch again when the connection was lost', async () => {
    const command = login('--no-open');
    await review(command);
    await alice.page.route('**/touch', (route) => route.abort());
    await touchButton().click();
    await heading('The authority could not be reached').waitFor();
    await alice.page.unrouteAll();
    await alice.page.getByRole('button', { name: 'Try again' }).click();
    await heading('Signed in').waitFor();
    expect((await command.ended()).code).toBe(0);
  });

  it('says so when its request is not known, or its address not complete', async () => {
    await alice.page.goto(`${usherd.origin}/touch#${'A'.repeat(22)}`);
    await heading('There is no such request').waitFor();
    await alice.page.goto(`${usherd.origin}/touch#short`);
    await heading('This address is not complete').waitFor();
  });

  it('says so in a browser without WebAuthn, and leaves the request to another page', async () => {
    const command = login('--no-open');
    const old = await visit(browser, { lacksWebauthn: true });
    await old.page.goto(await command.said('address'));
    await old.page.getByRole('heading', { name: 'This browser can not use security keys' }).waitFor();
    await old.close();
    await review(command);
  });

  it('signs in on the machine of the command without a code', async () => {
    const command = login('--host', 'web1', '--for', '8h');
    await alice.page.goto(await command.opened());
    await touchButton().waitFor();
    const text = await alice.page.locator('main').innerText();
    expect(text).toContain('alice signs in as alice and deploy on web1, for 8 hours.');
    expect(text).toContain('10.0.0.0/8');
    expect(text).toContain(await command.said('code'));
    expect(alice.page.url()).not.toMatch(/\.\d+$/);
    await touchButton().click();
    await heading('Signed in').waitFor();
    expect((await command.ended()).code).toBe(0);
    const listed = await runOrThrow('ssh-add', ['-l'], { env: { SSH_AUTH_SOCK: terminal.agentSocket } });
    expect(listed).toContain('ED25519-CERT');
  });

  it('signs in from another machine with the code, and says whose terminal gets the access', async () => {
    const command = login('--no-open');
    await alice.page.context().setExtraHTTPHeaders({ 'x-forwarded-for': ELSEWHERE });
    await review(command);
    const warning = alice.page.getByRole('note', { name: 'The other terminal gets this access' });
    expect(await warning.innerText()).toContain(ELSEWHERE);
    expect(await warning.innerText()).toContain('127.0.0.1');
    await touchButton().click();
    await heading('Signed in').waitFor();
    expect((await command.ended()).code).toBe(0);
  });

  it('refuses a touch on another machine where the role says so, and takes one on the same', async () => {
    await using carols = await openTerminal();
    const carol = await visit(browser);
    await enrol(usherd, carols, carol.page, 'carol');
    const touch = carol.page.getByRole('button', { name: 'Touch to allow this' });
    const elsewhere = carols.usher('login', '--with', 'browser', '--no-open');
    await carol.page.goto(await elsewhere.said('address'));
    await typeCode(carol.page, await elsewhere.said('code'));
    await touch.click();
    await carol.page.getByRole('heading', { name: 'Touch on the machine that asked' }).waitFor();
    expect((await elsewhere.ended()).code).not.toBe(0);
    const here = carols.usher('login', '--with', 'browser');
    await carol.page.goto(await here.opened());
    await touch.waitFor();
    expect(await carol.page.locator('.statement').innerText()).toBe(
      'carol signs in as carol on every host, for 1 hour.',
    );
    await touch.click();
    expect((await here.ended()).code).toBe(0);
    await carol.close();
  });

  it('signs in and allows sudo with one touch over both certificates', async () => {
    await using franks = await openTerminal();
    const frank = await visit(browser);
    await enrol(usherd, franks, frank.page, 'frank');
    const command = franks.usher('login', '--sudo', 'web9', '--with', 'browser', '--no-open');
    await frank.page.goto(await command.said('address'));
    await typeCode(frank.page, await command.said('code'));
    await frank.page.getByRole('heading', { name: 'Sign-in and sudo for frank' }).waitFor();
    expect(await frank.page.locator('.statement').allInnerTexts()).toEqual([
      'frank signs in as frank on web1, for 20 hours.',
      'frank gets root on web9 as frank through sudo, for 30 minutes.',
    ]);
    await frank.page.getByText('frank gave no reason.').waitFor();
    await frank.page.getByRole('button', { name: 'Touch to allow this' }).click();
    await frank.page.getByRole('heading', { name: 'Signed in' }).waitFor();
    expect((await command.ended()).code).toBe(0);
    await frank.close();
  });

  it('never had the browser complain of its policy', () => {
    expect(alice.complaints).toEqual([]);
  });

  /** What the authority would show to the page of this command. */
  async function reviewOf(command: RunningUsher): Promise<IssueReview> {
    const id = new URL(await command.said('address')).hash.slice(1);
    const post = async (step: string, body: object) => {
      const response = await fetch(`${usherd.origin}/v1/requests/${id}/${step}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return response.json();
    };
    const { pageSecret } = await post('page', {});
    return post('code', { pageSecret, code: await command.said('code') });
  }
});

async function answerWith(route: Route, change: (reply: IssueReview) => IssueReview): Promise<void> {
  const response = await route.fetch();
  await route.fulfill({ response, json: change(await response.json()) });
}

function isDone(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
