/** What every test of the pages needs. */
import { base64urlnopad } from '@scure/base';
import type { Page } from 'playwright-core';
import { touchCode, touchDigest } from '../../../src/fido/touch-digest.ts';
import { actJson } from '../../../src/http/act-json.ts';
import type { ActReply } from '../../../src/http/contract/acts.ts';
import type { Act } from '../../../src/ssh/act.ts';
import { CHROMIUM } from '../../support/browser.ts';
import { SSH_AGENT_PARTS } from '../../support/ssh-agent.ts';
import type { RunningUsher, Terminal } from '../../support/terminal.ts';
import type { Usherd } from '../../support/usherd.ts';

export const PAGE_PARTS = { [CHROMIUM]: 'chromium', ...SSH_AGENT_PARTS };

export const ROSTER = `
people:
  alice:
    logins: [alice, deploy]
    roles: [engineer, keeper]
  carol:
    logins: [carol]
    roles: [careful]
  frank:
    logins: [frank]
    roles: [operator]
roles:
  careful:
    login: { hosts: "*", lifetime: 1h, max_lifetime: 1h }
    touch: { same_machine: true }
  engineer:
    login:
      hosts: [web1, web2]
      lifetime: 20h
      max_lifetime: 24h
      source_addresses: [10.0.0.0/8]
      extensions: [permit-pty, permit-agent-forwarding]
    sudo: { hosts: [web1, web2], everywhere: true, approvals: 1, approvers: [careful] }
    touch: { user_verification: required }
  keeper:
    manage: [hosts, revoke, ca]
  operator:
    login: { hosts: [web1], lifetime: 20h }
    sudo: { hosts: [web9], lifetime: 30m }
hosts:
  web1: { names: [web1.example.org] }
  web2: { names: [web2.example.org] }
  web9: { names: [web9.example.org] }
`;

/** `X-Forwarded-For` is how a test looks as if it came from another machine. */
export const CONFIG = ['trusted_proxies: [127.0.0.1]', 'limits: { requests_per_minute: 100000 }'];

export async function inviteFor(usherd: Usherd, person: string): Promise<string> {
  const { code, stdout, stderr } = await usherd.command('invite', person);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** The way of a new person: the command first, which pins the authority; then the page. */
export async function enrol(usherd: Usherd, terminal: Terminal, page: Page, person: string): Promise<void> {
  const address = await inviteFor(usherd, person);
  const pinned = await terminal.usher('enroll', address, '--with', 'browser', '--no-open').ended();
  if (pinned.code !== 0) throw new Error(pinned.stderr);
  await register(page, address);
}

/** The page alone: enough for somebody who needs no command. */
export async function enrolInBrowser(usherd: Usherd, page: Page, person: string): Promise<void> {
  await register(page, await inviteFor(usherd, person));
}

async function register(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.getByRole('button', { name: 'Register this key' }).click();
  await page.getByRole('button', { name: 'Touch to confirm' }).click();
  await page.getByRole('heading', { name: 'Enrolled' }).waitFor();
}

/** Goes on from the command to where only others are missing. @returns the address for them */
export async function touchUntilOthers(command: RunningUsher, page: Page): Promise<string> {
  await page.goto(await command.said('address'));
  await typeCode(page, await command.said('code'));
  await page.getByRole('button', { name: 'Touch to allow this' }).click();
  await page.getByRole('heading', { name: 'Waiting for approval' }).waitFor();
  return command.said('or open');
}

/** `address` names nobody: whoever it is types their name. */
export async function openApproval(page: Page, address: string, person: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(address);
  await page.getByLabel('Your name').fill(person);
  await page.getByRole('button', { name: 'Show the request' }).click();
}

export async function typeCode(page: Page, code: string): Promise<void> {
  await page.getByLabel('Code from your terminal').fill(code);
  await page.getByRole('button', { name: 'Show the request' }).click();
}

/** Asks for an act as every command does. @returns what its terminal would show */
export async function askAct(
  usherd: Usherd,
  person: string,
  act: Act,
): Promise<{ readonly address: string; readonly code: string }> {
  const response = await fetch(`${usherd.origin}/v1/acts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ person, act: actJson(act) }),
  });
  if (!response.ok) throw new Error(await response.text());
  const { requestId, nonce, expiresAt, origin }: ActReply = await response.json();
  const statement = { origin, requestId, expiresAt, nonce: base64urlnopad.decode(nonce) };
  const code = touchCode(touchDigest({ ...statement, action: act }));
  return { address: `${origin}/touch#${requestId}`, code };
}
