import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { haveParts } from '../support/parts.ts';
import { SSH_AGENT_PARTS } from '../support/ssh-agent.ts';
import type { Liar } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { Person } from './support/person.ts';
import { startPerson } from './support/person.ts';

describe.runIf(haveParts(SSH_AGENT_PARTS))('a plugin that touches', () => {
  let person: Person;
  let liar: Liar;

  beforeAll(async () => {
    person = await startPerson();
  });
  afterAll(() => person[Symbol.asyncDispose]());
  beforeEach(async () => {
    liar = await startLiar(() => Math.floor(Date.now() / 1000));
    await person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint, access: ACCESS });
  });
  afterEach(() => liar[Symbol.asyncDispose]());

  /** A plugin `bad` that is this shell script. */
  async function loginWith(script: string): Promise<{ code: number; stderr: string }> {
    const directory = join(person.home, 'bin');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'usher-authenticator-bad'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const env = { PATH: `${directory}:${person.env['PATH']}` };
    return person.usher(['login', '--authority', new URL(liar.origin).host, '--with', 'bad'], { env });
  }

  it.each([
    ['fails', 'cat >/dev/null; exit 3', /did not answer \(3\)/],
    ['is killed', 'kill -9 $$', /did not answer \(killed\)/],
    ['says nothing', 'cat >/dev/null', /answered something else/],
    ['does not read', 'echo "{}"', /answered something else/],
    ['answers no JSON', 'cat >/dev/null; echo touched', /answered something else/],
    [
      'answers with a field too many',
      'cat >/dev/null; echo \'{"credentialId":"AA","clientDataJSON":"AA","authenticatorData":"AA","signature":"AA","more":1}\'',
      /answered something else/,
    ],
    ['talks too much', 'cat >/dev/null; head -c 70000 /dev/zero', /printed more than 65536 bytes/],
  ])('and %s ends the login', async (_situation, script, reason) => {
    const { code, stderr } = await loginWith(script);
    expect(stderr).toMatch(reason);
    expect(code).toBe(1);
    expect(await person.identities()).toEqual([]);
  });

  it('and is not installed is named', async () => {
    const { code, stderr } = await person.usher([
      'login',
      '--authority',
      new URL(liar.origin).host,
      '--with',
      'none',
    ]);
    expect(stderr).toContain('usher-authenticator-none is not on PATH');
    expect(code).toBe(1);
  });

  it.each([['../x'], ['X'], ['a b'], ['']])('has a plain name, not %j', async (name) => {
    const { code, stderr } = await person.usher([
      'login',
      '--authority',
      new URL(liar.origin).host,
      '--with',
      name,
    ]);
    expect(stderr).toContain('is no way to touch');
    expect(code).toBe(2);
  });

  it('is asked as docs/plugins.md says', async () => {
    const name = new URL(liar.origin).host;
    const { code } = await person.usher(['login', '--authority', name]);
    expect(code).toBe(0);
    expect(person.plugin.questions.at(-1)).toEqual({
      type: 'get',
      challenge: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      origin: liar.origin,
      rpId: 'localhost',
      credentialIds: ['AAAA'],
      userVerification: 'discouraged',
    });
  });
});
