import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Visitor } from '../../support/browser.ts';
import { launchBrowser, visit } from '../../support/browser.ts';
import { haveParts } from '../../support/parts.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { CONFIG, inviteFor, PAGE_PARTS, ROSTER } from './parts.ts';

describe.runIf(haveParts(PAGE_PARTS))('the page that enrols', () => {
  let usherd: Usherd;
  let browser: Browser;
  let alice: Visitor;
  /** Good until a test uses it up. */
  let invite: string;

  beforeAll(async () => {
    [usherd, browser] = await Promise.all([startUsherd({ roster: ROSTER, config: CONFIG }), launchBrowser()]);
    alice = await visit(browser);
    invite = await inviteFor(usherd, 'alice');
  });

  afterEach(async () => {
    await alice.page.unrouteAll();
    await alice.authenticator.setVerified(true);
  });

  afterAll(async () => {
    await browser?.close();
    await usherd?.[Symbol.asyncDispose]();
  });

  const heading = (name: string) => alice.page.getByRole('heading', { level: 1, name });
  const register = () => alice.page.getByRole('button', { name: 'Register this key' });
  const confirm = () => alice.page.getByRole('button', { name: 'Touch to confirm' });

  /** Every test begins with an empty page, so that an address with another fragment is loaded anew. */
  async function open(address: string): Promise<void> {
    await alice.page.goto('about:blank');
    await alice.page.goto(address);
  }

  async function credentials(): Promise<readonly { readonly label: string }[]> {
    return JSON.parse((await usherd.command('credential', 'list', 'alice', '--json')).stdout);
  }

  it('refuses an address that is not complete', async () => {
    await open(invite.slice(0, -1));
    await heading('This invite is not complete').waitFor();
  });

  it('does not send the invite to an authority with another bundle key', async () => {
    const sent: string[] = [];
    alice.page.on('request', (request) => sent.push(request.url()));
    await open(`${invite.slice(0, -43)}${'A'.repeat(43)}`);
    await alice.page.getByText('other-bundle-key').waitFor();
    alice.page.removeAllListeners('request');
    expect(sent).toContain(`${usherd.origin}/v1/bundle`);
    expect(sent).not.toContain(`${usherd.origin}/v1/enrolments`);
  });

  it('refuses an invite for somebody else than its address says', async () => {
    await open(invite.replace('#alice.', '#mallory.'));
    await alice.page.getByText('other-person').waitFor();
  });

  it('does not confirm another key than the one that was just made', async () => {
    await alice.page.route('**/offer', async (route) => {
      const response = await route.fetch();
      const reply: { credentialId: string; publicKey: string } = await response.json();
      const swapped = reply.publicKey.startsWith('A') ? 'B' : 'A';
      await route.fulfill({
        response,
        json: { ...reply, publicKey: `${swapped}${reply.publicKey.slice(1)}` },
      });
    });
    await open(invite);
    await register().click();
    await alice.page.getByText('other-key').waitFor();
    expect(await credentials()).toEqual([]);
    await alice.authenticator.clear();
  });

  it('says why a key without verification is not enough, and takes another try', async () => {
    await open(invite);
    await alice.authenticator.setVerified(false);
    await register().click();
    await alice.page.getByText('Nothing was touched').waitFor();
    await alice.authenticator.setVerified(true);
    await register().click();
    await confirm().waitFor();
    await alice.authenticator.clear();
  });

  it('goes on where the connection was lost', async () => {
    await alice.page.route('**/v1/enrolments', (route) => route.abort());
    await open(invite);
    await heading('The authority could not be reached').waitFor();
    await alice.page.unrouteAll();
    await alice.page.getByRole('button', { name: 'Try again' }).click();
    await register().waitFor();
  });

  it('enrols a key with two touches, and the invite is gone from the address bar at once', async () => {
    const requested: string[] = [];
    alice.page.on('request', (request) => requested.push(request.url()));
    await open(invite);
    await register().waitFor();
    expect(alice.page.url()).toBe(`${usherd.origin}/enroll`);
    const text = await alice.page.locator('main').innerText();
    expect(text).toContain(usherd.origin);
    expect(text).toContain('alice and deploy');
    await alice.page.getByLabel('Name of this key').fill('Blue key');
    await register().click();
    await confirm().click();
    await heading('Enrolled').waitFor();
    const done = await alice.page.locator('main').innerText();
    expect(done).toContain('usher login');
    expect(done).toContain(`usher enroll '${invite}'`);
    expect(await credentials()).toMatchObject([{ label: 'Blue key' }]);
    const secret = invite.split('.').at(-2) ?? '';
    // A browser tells the fragment to nobody; all else that was requested must not hold it.
    expect(requested.filter((url) => url.replace(/#.*/, '').includes(secret))).toEqual([]);
    expect(usherd.log()).not.toContain(secret);
  });

  it('refuses an invite that was used', async () => {
    await open(invite);
    await heading('This invite was used already').waitFor();
  });

  it('tells a key that is enrolled already', async () => {
    invite = await inviteFor(usherd, 'alice');
    await open(invite);
    await register().click();
    await alice.page.getByText('This key is enrolled already').waitFor();
  });

  it('forgets the invite when it is reloaded', async () => {
    await open(invite);
    await register().waitFor();
    await alice.page.reload();
    await heading('Open your invite again').waitFor();
  });

  it('never had the browser complain of its policy', () => {
    expect(alice.complaints).toEqual([]);
  });
});
