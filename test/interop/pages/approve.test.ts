/** Real `usherd`, real `usher sudo`, real Chromium: what waits for other people is approved on the page, or not. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ViewReply } from '../../../src/http/contract/approvals.ts';
import type { Visitor } from '../../support/browser.ts';
import { launchBrowser, visit } from '../../support/browser.ts';
import { haveParts } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import type { Stage } from '../../support/staged-usherd.ts';
import type { RunningUsher, Terminal } from '../../support/terminal.ts';
import { openTerminal } from '../../support/terminal.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { enrol, enrolInBrowser, openApproval, PAGE_PARTS, touchUntilOthers, typeCode } from './parts.ts';

const ROSTER = `
people:
  alice: { logins: [alice], roles: [engineer] }
  bob: { logins: [bob], roles: [lead] }
  carol: { logins: [carol], roles: [lead] }
  erin: { logins: [erin], roles: [lead] }
  dave: { logins: [dave], roles: [engineer] }
roles:
  engineer:
    login: { hosts: [web1, web2] }
    sudo: { hosts: [web1, web2], everywhere: true, approvals: 2, approvers: [lead] }
    touch: { user_verification: required }
  lead:
    login: { hosts: "*" }
hosts:
  web1: { names: [web1.example.org] }
  web2: { names: [web2.example.org], sudo_name: web-two }
`;
/** usherd with a clock that a test can put forward. */
const PROGRAM = fileURLToPath(new URL('../../support/staged-usherd.ts', import.meta.url));
/** Tests leave requests behind that wait. */
const CONFIG = [
  'trusted_proxies: [127.0.0.1]',
  'limits: { requests_per_minute: 100000, waiting_per_person: 1000 }',
];
const REASON = '<b>the disk</b> of web1 is full & "quoted"';

type Approver = 'bob' | 'carol' | 'erin' | 'dave';

describe.runIf(haveParts(PAGE_PARTS))('the page that approves', () => {
  let place: string;
  let usherd: Usherd;
  let terminal: Terminal;
  let browser: Browser;
  let alice: Visitor;
  const approvers = new Map<Approver, Visitor>();
  const running: RunningUsher[] = [];
  /** Of a request that the tests leave as it is. */
  let waiting: string;

  const stage = (set: Stage) => writeFile(join(place, 'stage.json'), JSON.stringify(set));

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'usher-approve-'));
    const env = { USHERD_STAGE: join(place, 'stage.json') };
    [usherd, terminal, browser] = await Promise.all([
      startUsherd({ roster: ROSTER, config: CONFIG, program: PROGRAM, env }),
      openTerminal(),
      launchBrowser(),
    ]);
    alice = await visit(browser);
    await enrol(usherd, terminal, alice.page, 'alice');
    for (const person of ['bob', 'carol', 'erin', 'dave'] as const) {
      const visitor = await visit(browser);
      approvers.set(person, visitor);
      await enrolInBrowser(usherd, visitor.page, person);
    }
    waiting = (await web1()).address;
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((command) => command.stop()));
    await stage({});
    for (const { page } of [alice, ...approvers.values()]) {
      await page.unrouteAll();
      // Each test begins with an empty page that remembers nobody.
      if (page.url().startsWith(usherd.origin)) await page.evaluate('localStorage.clear()');
      await page.goto('about:blank');
    }
  });

  afterAll(async () => {
    await browser?.close();
    await terminal?.[Symbol.asyncDispose]();
    await usherd?.[Symbol.asyncDispose]();
    if (place !== undefined) await rm(place, { recursive: true });
  });

  function of(person: Approver): Visitor {
    const visitor = approvers.get(person);
    if (visitor === undefined) throw new TypeError(`${person} is nobody`);
    return visitor;
  }

  /** Asks in the terminal and touches on the page, as far as it goes without others. */
  async function ask(...args: readonly string[]): Promise<{ command: RunningUsher; address: string }> {
    const command = terminal.usher('sudo', ...args, '--with', 'browser', '--no-open');
    running.push(command);
    return { command, address: await touchUntilOthers(command, alice.page) };
  }

  const web1 = () => ask('web1', '--only', '--reason', REASON);

  async function open(person: Approver, address: string): Promise<Page> {
    const { page } = of(person);
    await openApproval(page, address, person);
    return page;
  }

  it('shows nothing for a wrong secret, or an address that is cut short', async () => {
    const wrong = waiting.replace(/\.[^.]+$/, `.${'A'.repeat(43)}`);
    const page = await open('bob', wrong);
    await heading(page, 'There is no such request').waitFor();
    expect(await page.locator('main').innerText()).not.toContain('alice');
    await page.goto('about:blank');
    await page.goto(waiting.slice(0, -1));
    await heading(page, 'This address is not complete').waitFor();
  });

  it('refuses who may not approve, and approves nothing by it', async () => {
    const page = await open('dave', waiting);
    await approve(page).click();
    await heading(page, 'You can not approve this request').waitFor();
    const view = await open('bob', waiting);
    await view.getByText('0 of 2 given').waitFor();
  });

  it('refuses to let who asks approve, and lets them take it back', async () => {
    const { command, address } = await web1();
    await alice.page.goto('about:blank');
    await alice.page.goto(`${address}.alice`);
    await alice.page.getByText('This is your own request').waitFor();
    expect(await approve(alice.page).count()).toBe(0);
    await alice.page.getByRole('button', { name: 'Take it back with a touch' }).click();
    await heading(alice.page, 'Rejected').waitFor();
    const { code, stderr } = await command.ended();
    expect(code).not.toBe(0);
    expect(stderr).toContain('alice rejected this request');
  });

  it('refuses who approves a second time', async () => {
    const { address } = await web1();
    const page = await open('bob', address);
    await approve(page).click();
    await heading(page, 'Approved').waitFor();
    expect(await page.locator('main').innerText()).toContain('one other person has to approve as well');
    await page.evaluate('localStorage.clear()');
    await open('bob', address);
    await approve(page).click();
    await heading(page, 'You have approved this already').waitFor();
  });

  it('refuses a touch of somebody else than the name says', async () => {
    const page = await open('bob', waiting);
    const carols = await open('carol', waiting);
    await carols.route('**/answer', (route) => {
      const body = route.request().postDataJSON();
      return route.continue({ postData: JSON.stringify({ ...body, person: 'bob' }) });
    });
    await approve(carols).click();
    await carols.getByText('The authority did not accept this touch').waitFor();
    await page.getByText('0 of 2 given').waitFor();
  });

  it('refuses to touch when what is shown does not fit together', async () => {
    const page = of('bob').page;
    for (const [change, code] of [
      [{ origin: 'https://elsewhere.example' }, 'wrong-origin'],
      [{ requestId: 'A'.repeat(22) }, 'other-request'],
      [{ person: 'erin' }, 'other-person'],
      [{ reason: '\u202ereversed' }, 'bad-reason'],
    ] as const) {
      await page.route('**/view', (route) => answerWith(route, (reply) => ({ ...reply, ...change })));
      await open('bob', waiting);
      await page.getByText(code).waitFor();
      expect(await approve(page).count()).toBe(0);
      await page.unrouteAll();
    }
  });

  it('has nothing accepted when the authority was shown something else than the person', async () => {
    const { address } = await web1();
    const page = of('bob').page;
    const refusal = page.getByText('The authority did not accept this touch');
    await page.route('**/view', (route) =>
      answerWith(route, (reply) => ({ ...reply, reason: 'nothing much' })),
    );
    await open('bob', address);
    await approve(page).click();
    await refusal.waitFor();
    await page.unrouteAll();
    // A rejection can not be turned into an approval on its way.
    await open('bob', address);
    await page.route('**/answer', (route) => {
      const body = route.request().postDataJSON();
      return route.continue({ postData: JSON.stringify({ ...body, answer: 'approve' }) });
    });
    await reject(page).click();
    await refusal.waitFor();
    await page.unrouteAll();
    await reject(page).click();
    await heading(page, 'Rejected').waitFor();
  });

  it('ends when the request has waited too long, on the page and at the authority', async () => {
    const page = await open('bob', waiting);
    await approve(page).waitFor();
    await stage({ clockOffset: 1_801 });
    await approve(page).click();
    await heading(page, 'The request has ended').waitFor();
    await open('carol', waiting);
    await heading(of('carol').page, 'The request has ended').waitFor();
  });

  it('ends by itself when its time is over', async () => {
    const page = of('bob').page;
    const ended = Math.floor(Date.now() / 1000) + 3;
    await page.route('**/view', (route) => answerWith(route, (reply) => ({ ...reply, approveBy: ended })));
    await open('bob', waiting);
    await approve(page).waitFor();
    await heading(page, 'The request has ended').waitFor();
  });

  it('rejects: the command is told by whom, and everybody else that it is over', async () => {
    const { command, address } = await web1();
    const [bobs, carols] = [await open('bob', address), await open('carol', address)];
    await approve(bobs).waitFor();
    await reject(carols).click();
    await heading(carols, 'Rejected').waitFor();
    const { code, stderr } = await command.ended();
    expect(code).not.toBe(0);
    expect(stderr).toContain('carol rejected this request');
    await approve(bobs).click();
    await heading(bobs, 'This request was rejected').waitFor();
    expect(await bobs.locator('main').innerText()).toContain('Carol rejected this request');
  });

  it('sends the same answer again when the connection was lost', async () => {
    const { address } = await web1();
    const page = await open('bob', address);
    await page.route('**/answer', (route) => route.abort());
    await approve(page).click();
    await heading(page, 'The authority could not be reached').waitFor();
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await heading(page, 'Approved').waitFor();
  });

  it('can be tried again when nothing was touched, and by somebody else', async () => {
    const { address } = await web1();
    const page = await open('bob', address);
    await of('bob').authenticator.setVerified(false);
    await approve(page).click();
    await page.getByText('Nothing was touched').waitFor();
    await of('bob').authenticator.setVerified(true);
    await page.getByRole('button', { name: 'Answer as somebody else' }).click();
    await page.getByLabel('Your name').fill('Not A Name');
    await page.getByRole('button', { name: 'Show the request' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Your name').fill('bob');
    await page.keyboard.press('Enter');
    await approve(page).click();
    await heading(page, 'Approved').waitFor();
  });

  it('shows who asks for what, from where, until when, and why, as text', async () => {
    const page = await open('bob', waiting);
    await approve(page).waitFor();
    const text = await page.locator('main').innerText();
    expect(text).toContain('alice gets root on web1 as alice through sudo, for 1 hour.');
    expect(text).toContain(REASON);
    expect(await page.locator('main b').count()).toBe(0);
    for (const part of [
      '127.0.0.1',
      '0 of 2 given',
      'Ed25519, not in a security key',
      'sudo CA',
      'Waits until',
      'UTC',
    ])
      expect(text).toContain(part);
    expect(text).toContain('You answer as bob.');
  });

  it('has who asks review the reason, and says how many have to approve', async () => {
    const command = terminal.usher(
      'sudo',
      'web1',
      '--only',
      '--reason',
      REASON,
      '--no-open',
      '--with',
      'browser',
    );
    running.push(command);
    const { page } = alice;
    await page.goto(await command.said('address'));
    await typeCode(page, await command.said('code'));
    await heading(page, 'Sudo for alice').waitFor();
    await page.getByRole('note', { name: 'After your touch, 2 other people have to approve' }).waitFor();
    expect(await page.locator('blockquote').innerText()).toBe(REASON);
    await page.getByRole('button', { name: 'Touch to allow this' }).click();
    await heading(page, 'Waiting for approval').waitFor();
    expect(await page.locator('main').innerText()).toContain(await command.said('or open'));
  });

  it('says with weight that somebody gets every host', async () => {
    const { address } = await ask('--everywhere', '--only', '--reason', 'all of them');
    const page = await open('bob', address);
    await page.getByRole('note', { name: 'Root on every host' }).waitFor();
    expect(await page.locator('.statement').innerText()).toContain('alice gets root on every host as alice');
  });

  it('approves with two people, and the terminal gets the certificate', async () => {
    const { command, address } = await ask('web1', 'web2', '--only', '--reason', REASON);
    const [bobs, erins] = [await open('bob', address), await open('erin', address)];
    await approve(erins).waitFor();
    expect(await erins.locator('main').innerText()).toContain(await command.said('tell them'));
    await approve(bobs).click();
    await heading(bobs, 'Approved').waitFor();
    const carols = await open('carol', address);
    await carols.getByText('1 of 2 given').waitFor();
    await approve(carols).click();
    await heading(carols, 'Approved').waitFor();
    expect(await carols.locator('main').innerText()).toContain('it was the last one that was needed');
    expect((await command.ended()).code).toBe(0);
    expect(await principalsInAgent()).toEqual(['alice', 'sudoer@web-two', 'sudoer@web1']);
    await approve(erins).click();
    await heading(erins, 'This request was answered already').waitFor();
  });

  it('lets its secret stand in no address bar, request, storage or log, and forgets it when reloaded', async () => {
    const { address } = await web1();
    const secret = address.split('.').at(-1) ?? '';
    const { page } = of('bob');
    const requested: string[] = [];
    page.on('request', (request) => requested.push(request.url()));
    await open('bob', address);
    await approve(page).waitFor();
    expect(page.url()).toBe(`${usherd.origin}/approve`);
    await approve(page).click();
    await heading(page, 'Approved').waitFor();
    page.removeAllListeners('request');
    expect(requested.filter((url) => url.replace(/#.*/, '').includes(secret))).toEqual([]);
    expect(usherd.log()).not.toContain(secret);
    const kept = await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])');
    expect(kept).toBe('[{"usher-approver":"bob"},{},""]');
    await page.reload();
    await heading(page, 'Open the address again').waitFor();
  });

  it('knows again who answered last in this browser, and takes the word of an address over it', async () => {
    const { address } = await web1();
    const page = await open('bob', address);
    await approve(page).click();
    await heading(page, 'Approved').waitFor();
    await page.goto('about:blank');
    await page.goto(address);
    await page.getByText('You answer as bob.').waitFor();
    await page.goto('about:blank');
    await page.goto(`${address}.carol`);
    await page.getByText('You answer as carol.').waitFor();
  });

  it('says so in a browser without WebAuthn', async () => {
    const old = await visit(browser, { lacksWebauthn: true });
    await old.page.goto(`${usherd.origin}/approve#${'A'.repeat(22)}.${'B'.repeat(43)}`);
    await heading(old.page, 'This browser can not use security keys').waitFor();
    await old.close();
  });

  it('never had the browser complain of its policy', () => {
    expect([alice, ...approvers.values()].flatMap(({ complaints }) => complaints)).toEqual([]);
  });

  async function principalsInAgent(): Promise<readonly string[]> {
    const env = { SSH_AUTH_SOCK: terminal.agentSocket };
    const lines = (await runOrThrow('ssh-add', ['-L'], { env })).split('\n');
    const certificate = join(place, 'cert.pub');
    await writeFile(certificate, lines.find((line) => line.includes('-cert-v01@')) ?? '');
    const shown = await runOrThrow('ssh-keygen', ['-L', '-f', certificate]);
    const [, list = ''] = /Principals:\s*\n([\s\S]*?)\n\s+Critical/.exec(shown) ?? [];
    return list
      .split('\n')
      .map((line) => line.trim())
      .sort();
  }
});

function heading(page: Page, name: string) {
  return page.getByRole('heading', { level: 1, name });
}

function approve(page: Page) {
  return page.getByRole('button', { name: 'Approve with a touch' });
}

function reject(page: Page) {
  return page.getByRole('button', { name: 'Reject with a touch' });
}

async function answerWith(route: Route, change: (reply: ViewReply) => ViewReply): Promise<void> {
  const response = await route.fetch();
  await route.fulfill({ response, json: change(await response.json()) });
}
