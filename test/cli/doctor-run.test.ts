import { chmod, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingsFile } from '../../cli/authority/settings.ts';
import { authorityName } from '../../cli/paths.ts';
import { haveParts } from '../support/parts.ts';
import { SSH_AGENT_PARTS } from '../support/ssh-agent.ts';
import type { Liar } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { Person, PersonChanges } from './support/person.ts';
import { startPerson } from './support/person.ts';

const now = () => Math.floor(Date.now() / 1000);

describe.runIf(haveParts(SSH_AGENT_PARTS))('usher doctor finds', () => {
  let person: Person;
  let liar: Liar;

  beforeAll(async () => {
    person = await startPerson();
    liar = await startLiar(now);
    await person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint, access: ACCESS });
  });
  afterAll(async () => {
    await liar[Symbol.asyncDispose]();
    await person[Symbol.asyncDispose]();
  });

  async function verdicts(changes: PersonChanges = {}): Promise<Readonly<Record<string, string>>> {
    const { code, stdout } = await person.usher(['doctor', '--json'], changes);
    const { verdict, checks } = JSON.parse(stdout) as {
      verdict: string;
      checks: { id: string; verdict: string }[];
    };
    expect(code).toBe(verdict === 'ok' ? 0 : 1);
    return Object.fromEntries(checks.map((check) => [check.id, check.verdict]));
  }

  it('nothing wrong before the first login but the certificate that is missing', async () => {
    expect(await verdicts()).toEqual({
      settings: 'ok',
      clock: 'ok',
      bundle: 'ok',
      agent: 'ok',
      touch: 'ok',
      certificate: 'warn',
    });
  });

  it('a clock that is ahead', async () => {
    expect(await verdicts({ now: () => now() + 400 })).toMatchObject({ clock: 'fail' });
    const { stdout } = await person.usher(['doctor'], { now: () => now() + 30 * 86_400 });
    expect(stdout).toMatch(
      /fail {2}bundle: the bundle is out of date: your clock is ahead.*\n +set your clock/,
    );
    expect(stdout).not.toContain('ask the keeper');
  });

  it('an authority that does not answer', async () => {
    const fetch = () => Promise.reject(new TypeError('fetch failed'));
    expect(await verdicts({ fetch })).toMatchObject({ clock: 'fail', bundle: 'fail', agent: 'ok' });
    const { stdout } = await person.usher(['doctor'], { fetch });
    expect(stdout).toContain('the service is down: tell its keeper');
    expect(stdout).not.toContain('usher doctor');
  });

  it('an authority that shows another key', async () => {
    await person.enrolAt({ origin: liar.origin, bundleKey: `SHA256:${'A'.repeat(43)}`, access: ACCESS });
    const found = await verdicts();
    await person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint, access: ACCESS });
    expect(found).toMatchObject({ bundle: 'fail' });
  });

  it('an agent that is absent, or forwarded from elsewhere', async () => {
    expect(await verdicts({ env: { SSH_AUTH_SOCK: '' } })).toMatchObject({ agent: 'fail' });
    expect(await verdicts({ env: { SSH_AUTH_SOCK: '/nonexistent/agent' } })).toMatchObject({ agent: 'fail' });
  });

  it('settings that others may write', async () => {
    const file = settingsFile(person.paths, authorityName(liar.origin));
    await chmod(file, 0o622);
    const found = await verdicts();
    await chmod(file, 0o600);
    expect(found).toMatchObject({ settings: 'fail' });
  });

  it('a way to touch that is not installed', async () => {
    const enrolment = { origin: liar.origin, bundleKey: liar.bundleFingerprint, access: ACCESS };
    await person.enrolAt({ ...enrolment, with: 'absent' });
    expect(await verdicts()).toMatchObject({ touch: 'fail' });
    await person.enrolAt({ ...enrolment, with: 'ssh-key', touchKey: '/nonexistent' });
    expect(await verdicts()).toMatchObject({ touch: 'fail' });
    await person.enrolAt({ ...enrolment, with: 'browser' });
    expect(await verdicts()).toMatchObject({ touch: 'warn' });
    expect(await verdicts({ env: { DISPLAY: ':0' } })).toMatchObject({ touch: 'ok' });
    await person.enrolAt(enrolment);
  });

  it.each([
    [0, 'fail', 'ask the keeper of your fleet for an invite'],
    [1, 'warn', 'enroll a second one'],
    [2, 'ok', 'with 2 credentials'],
  ])('that the person has %i credentials', async (count, verdict, said) => {
    const one = { id: 'AAAA', kind: 'webauthn', label: 'key', createdAt: now() } as const;
    liar.lies = { me: (truth) => ({ ...truth, credentials: Array.from({ length: count }, () => one) }) };
    await person.usher(['login']);
    expect(await verdicts()).toMatchObject({ account: verdict });
    expect((await person.usher(['doctor'])).stdout).toContain(said);
    await person.usher(['logout']);
    liar.lies = {};
  });

  it('that nobody is enrolled', async () => {
    await rm(person.paths.authorities, { recursive: true });
    expect(await verdicts()).toEqual({ settings: 'fail', agent: 'ok' });
  });
});
