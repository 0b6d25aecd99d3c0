/** Every screen at the width of a phone and of a desk, in both colour schemes, by keyboard alone. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Act } from '../../../src/ssh/act.ts';
import { launchBrowser, visit } from '../../support/browser.ts';
import { haveParts } from '../../support/parts.ts';
import type { RunningUsher, Terminal } from '../../support/terminal.ts';
import { openTerminal } from '../../support/terminal.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { askAct, CONFIG, enrolInBrowser, inviteFor, PAGE_PARTS, ROSTER } from './parts.ts';

const LOOKS = [
  { width: 360, colorScheme: 'light' },
  { width: 360, colorScheme: 'dark' },
  { width: 1100, colorScheme: 'light' },
  { width: 1100, colorScheme: 'dark' },
] as const;

/** A folder for pictures of every screen, for people to look at. */
const PICTURES = process.env['USHER_TEST_PICTURES'];
const KEY = `SHA256:${'kEy0'.repeat(10)}abc`;
const LONG_REASON = `see https://tickets.example.org/${'a-very-long-name-'.repeat(9)}`;
/** Of each form, with as much to show as there can be. */
const LOOKED_AT_ACTS: readonly Act[] = [
  { kind: 'revoke', target: { kind: 'serial', name: '18446744073709551615' }, reason: LONG_REASON },
  { kind: 'revoke', target: { kind: 'credential', name: 'c'.repeat(1364) }, reason: 'lost' },
  { kind: 'stage-ca', purpose: 'host', key: '' },
  {
    kind: 'activate-ca',
    purpose: 'login',
    key: KEY,
    evenWithout: Array.from({ length: 60 }, (_, index) => `web-${index + 10}.${'long.'.repeat(4)}example`),
  },
  { kind: 'revoke-ca', purpose: 'login', key: KEY, reason: 'copied from the safe' },
];
const ELSEWHERE = '2001:db8:85a3:1234:5678:8a2e:370:7334';

describe.runIf(haveParts(PAGE_PARTS))('how the pages look and read', () => {
  let usherd: Usherd;
  let terminal: Terminal;
  let browser: Browser;
  let faultsOfLook: string;
  const running: RunningUsher[] = [];

  beforeAll(async () => {
    [usherd, terminal, browser, faultsOfLook] = await Promise.all([
      startUsherd({ roster: ROSTER, config: CONFIG }),
      openTerminal(),
      launchBrowser(),
      readFile(new URL('look-faults.js', import.meta.url), 'utf8'),
    ]);
    const pinned = terminal.usher(
      'enroll',
      await inviteFor(usherd, 'alice'),
      '--with',
      'browser',
      '--no-open',
    );
    expect((await pinned.ended()).code).toBe(0);
  });

  afterAll(async () => {
    await Promise.all(running.map((command) => command.stop()));
    await browser?.close();
    await terminal?.[Symbol.asyncDispose]();
    await usherd?.[Symbol.asyncDispose]();
  });

  it.each(LOOKS)(
    'fits $width px in $colorScheme, and works by keyboard alone',
    async ({ width, colorScheme }) => {
      const visitor = await visit(browser, { width, colorScheme });
      const { page } = visitor;
      const look = (name: string) => lookAt(page, `${name}-${width}-${colorScheme}`);

      await enrolByKeyboard(page, look);
      await touchByKeyboard(page, look);
      await approveByKeyboard(page, look);
      await page.goto(`${usherd.origin}/touch#${'A'.repeat(22)}`);
      await page.getByRole('heading', { name: 'There is no such request' }).waitFor();
      await expectFocus(page, 'There is no such request');
      await look('refused');
      await page.route('**/v1/**', (route) => route.abort());
      await page.goto(`${usherd.origin}/touch#${'B'.repeat(22)}`);
      await page.getByRole('heading', { name: 'The authority could not be reached' }).waitFor();
      await expectFocus(page, 'The authority could not be reached');
      await look('unreachable');

      expect(visitor.complaints).toEqual([]);
      await visitor.close();
    },
  );

  it.each(LOOKS)('shows acts within $width px in $colorScheme, too', async ({ width, colorScheme }) => {
    const visitor = await visit(browser, { width, colorScheme });
    const { page } = visitor;
    await enrolInBrowser(usherd, page, 'alice');
    await page.context().setExtraHTTPHeaders({ 'x-forwarded-for': ELSEWHERE });
    await actByKeyboard(page, (name) => lookAt(page, `${name}-${width}-${colorScheme}`));
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  });

  async function lookAt(page: Page, name: string): Promise<void> {
    const faults = await page.evaluate(faultsOfLook);
    if (PICTURES !== undefined) {
      await mkdir(PICTURES, { recursive: true });
      await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
    }
    expect(faults, name).toEqual([]);
  }

  async function enrolByKeyboard(page: Page, look: (name: string) => Promise<void>): Promise<void> {
    await page.goto(await inviteFor(usherd, 'alice'));
    await page.getByRole('button', { name: 'Register this key' }).waitFor();
    await expectFocus(page, 'A security key for alice');
    await look('enroll');
    await page.keyboard.press('Tab');
    await expectFocus(page, 'Name of this key');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Touch to confirm' }).waitFor();
    await expectFocus(page, 'Touch it once more');
    await look('confirm');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Enrolled' }).waitFor();
    await expectFocus(page, 'Enrolled');
    await look('enrolled');
  }

  async function touchByKeyboard(page: Page, look: (name: string) => Promise<void>): Promise<void> {
    const command = terminal.usher('login', '--with', 'browser', '--no-open');
    running.push(command);
    await page.context().setExtraHTTPHeaders({ 'x-forwarded-for': ELSEWHERE });
    await page.goto(await command.said('address'));
    await page.getByLabel('Code from your terminal').waitFor();
    await expectFocus(page, 'Code from your terminal');
    await page.keyboard.type('nope');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await expectFocus(page, 'Code from your terminal');
    await look('code');
    // What was typed is selected: typing replaces it.
    await expect.poll(() => page.evaluate('getSelection().toString()')).toBe('NOPE');
    await page.keyboard.type(await command.said('code'));
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Touch to allow this' }).waitFor();
    await expectFocus(page, 'Sign-in for alice');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Key id').waitFor();
    await look('review');
    await page.keyboard.press('Tab');
    await expectFocus(page, 'Touch to allow this');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Signed in' }).waitFor();
    await expectFocus(page, 'Signed in');
    await look('signed-in');
    expect((await command.ended()).code).toBe(0);
  }

  async function actByKeyboard(page: Page, look: (name: string) => Promise<void>): Promise<void> {
    for (const [index, act] of LOOKED_AT_ACTS.entries()) {
      await openAct(page, act);
      await page.locator('.statement').waitFor();
      await page.locator('summary').press('Enter');
      await look(`act-${index}-${act.kind}`);
    }
    await openAct(page, { kind: 'invite-host', host: 'web1', tokenHash: randomBytes(32) });
    await expectFocus(page, 'Invite a host');
    for (const name of ['Every field of the act', 'Touch to invite this host']) {
      await page.keyboard.press('Tab');
      await expectFocus(page, name);
    }
    await page.keyboard.press('Enter');
    await expectFocus(page, 'Invited');
    await look('act-invited');
    await openAct(page, { kind: 'retire-ca', purpose: 'login', key: KEY });
    await page.getByRole('button', { name: 'Touch to remove this key' }).press('Enter');
    await expectFocus(page, 'There is no such CA key');
    await look('act-refused');
  }

  async function openAct(page: Page, act: Act): Promise<void> {
    const { address, code } = await askAct(usherd, 'alice', act);
    await page.goto('about:blank');
    await page.goto(address);
    await page.getByLabel('Code from your terminal').waitFor();
    await page.keyboard.type(code);
    await page.keyboard.press('Enter');
  }

  async function approveByKeyboard(page: Page, look: (name: string) => Promise<void>): Promise<void> {
    await enrolInBrowser(usherd, page, 'carol');
    const address = await waitingForApproval(page, look);
    await page.goto('about:blank');
    await page.goto(`${address}.alice`);
    await page.getByText('This is your own request').waitFor();
    await look('own-request');
    await page.goto('about:blank');
    await page.goto(address);
    await expectFocus(page, 'Your name');
    await page.keyboard.type('Carol');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await expectFocus(page, 'Your name');
    await look('name');
    await page.getByLabel('Your name').fill('carol');
    await page.keyboard.press('Enter');
    await expectFocus(page, 'alice asks for your approval');
    await look('approve');
    for (const name of [
      'Every field of the draft',
      'Answer as somebody else',
      'Approve with a touch',
      'Reject with a touch',
    ]) {
      await page.keyboard.press('Tab');
      await expectFocus(page, name);
    }
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    await expectFocus(page, 'Approved');
    await look('approved');
  }

  /** A request with as much to show as there can be. */
  async function waitingForApproval(page: Page, look: (name: string) => Promise<void>): Promise<string> {
    const options = ['--everywhere', '--only', '--reason', LONG_REASON, '--with', 'browser', '--no-open'];
    const command = terminal.usher('sudo', ...options);
    running.push(command);
    await page.goto(await command.said('address'));
    await page.getByLabel('Code from your terminal').waitFor();
    await page.keyboard.type(await command.said('code'));
    await page.keyboard.press('Enter');
    await expectFocus(page, 'Sudo for alice');
    await look('review-sudo');
    await page.getByRole('button', { name: 'Touch to allow this' }).press('Enter');
    await expectFocus(page, 'Waiting for approval');
    await look('waiting');
    return command.said('or open');
  }
});

/** The element with the focus is called so: its label, or its text. */
async function expectFocus(page: Page, name: string): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate('document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText'),
    )
    .toBe(name);
}
