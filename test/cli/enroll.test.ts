import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base64urlnopad } from '@scure/base';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadMemory } from '../../cli/authority/memory.ts';
import { listAuthorities, loadSettings } from '../../cli/authority/settings.ts';
import { authorityName } from '../../cli/paths.ts';
import { parseClientData } from '../../src/fido/client-data.ts';
import { touchDigest } from '../../src/fido/touch-digest.ts';
import { fingerprint, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { generateKey } from '../support/keys.ts';
import { haveParts } from '../support/parts.ts';
import { SSH_AGENT_PARTS } from '../support/ssh-agent.ts';
import type { Liar, Lies } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { Person } from './support/person.ts';
import { startPerson } from './support/person.ts';

const rpId = (name: string): Lies => ({
  bundle: (truth) => ({ ...truth, rpId: name }),
  invited: (truth) => ({ ...truth, rpId: name }),
});
const now = () => Math.floor(Date.now() / 1000);

describe.runIf(haveParts(SSH_AGENT_PARTS))('usher enroll', () => {
  let person: Person;
  let liar: Liar;

  beforeAll(async () => {
    person = await startPerson();
  });
  afterAll(() => person[Symbol.asyncDispose]());
  beforeEach(async () => {
    liar = await startLiar(now);
  });
  afterEach(() => liar[Symbol.asyncDispose]());

  const enroll = (address: string, ...args: string[]) =>
    person.usher(['enroll', '--with', 'soft', ...args, address]);

  it.each<[string, Lies, RegExp]>([
    [
      'is not signed by the key in the invite',
      { bundleKey: generateKey('ssh-ed25519') },
      /not signed by the key/,
    ],
    [
      'is of another authority',
      { bundle: (truth) => ({ ...truth, authority: 'https://x.example' }) },
      /is of https/,
    ],
    ['is out of date', { bundle: (truth) => ({ ...truth, freshUntil: 1 }) }, /out of date/],
  ])('does not send the invite when the bundle %s', async (_situation, lies, reason) => {
    liar.lies = lies;
    const { code, stderr } = await enroll(liar.address());
    expect(stderr).toMatch(reason);
    expect(code).toBe(1);
    expect(liar.invites).toEqual([]);
    expect(await listAuthorities(person.paths)).not.toContain(authorityName(liar.origin));
  });

  it.each<[string, Lies]>([
    ['names another person', { invited: (truth) => ({ ...truth, person: 'mallory' }) }],
    ['names another origin', { invited: (truth) => ({ ...truth, origin: 'https://x.example' }) }],
    ['names another RP id than the bundle', { invited: (truth) => ({ ...truth, rpId: 'example.org' }) }],
    ['names a foreign RP id', rpId('example.org')],
    ['names the end of a name as RP id', rpId('host')],
  ])('makes no credential when the authority %s', async (_situation, lies) => {
    liar.lies = lies;
    const touches = person.plugin.questions.length;
    expect((await enroll(liar.address())).code).toBe(1);
    expect(person.plugin.questions).toHaveLength(touches);
    expect(await listAuthorities(person.paths)).not.toContain(authorityName(liar.origin));
  });

  it.each<[string, Lies]>([
    ['id', { offered: (truth) => ({ ...truth, credentialId: 'AAAA' }) }],
    ['key', { offered: (truth) => ({ ...truth, publicKey: base64urlnopad.encode(new Uint8Array(77)) }) }],
  ])(
    'touches nothing when the authority wants to enroll a credential with another %s',
    async (_what, lies) => {
      liar.lies = lies;
      const { code, stderr } = await enroll(liar.address());
      expect(stderr).toContain('another credential than yours');
      expect(code).toBe(1);
      expect(liar.confirmed).toEqual([]);
      expect(await listAuthorities(person.paths)).not.toContain(authorityName(liar.origin));
    },
  );

  it('pins the key, keeps what the person may ask for, and touches person, credential and invite', async () => {
    const result = await enroll(liar.address(), '--json');
    expect(result, result.stderr).toMatchObject({ code: 0 });
    const { authenticator } = person.plugin;
    expect(JSON.parse(result.stdout)).toEqual({
      authority: liar.origin,
      person: 'alice',
      credentialId: authenticator.credentialId,
      access: ACCESS,
    });
    const settings = await loadSettings(person.paths, authorityName(liar.origin));
    expect(settings).toMatchObject({ bundleKey: liar.bundleFingerprint, with: 'soft', access: ACCESS });
    const [assertion] = liar.confirmed;
    const { challenge } = parseClientData(base64urlnopad.decode(assertion?.clientDataJSON ?? ''));
    const { credentialId, publicKey } = authenticator;
    const inviteId = 'ab'.repeat(32);
    const expiresAt = now();
    const digests = Array.from({ length: 130 }, (_, seconds) =>
      touchDigest({
        origin: liar.origin,
        action: { kind: 'enroll', person: 'alice', credentialId, publicKey, inviteId },
        requestId: 'E'.repeat(22),
        nonce: new Uint8Array(32).fill(7),
        expiresAt: expiresAt + seconds,
      }),
    );
    expect(digests).toContainEqual(challenge);
  });

  it.each<[string, () => Promise<readonly string[]>, boolean]>([
    ['stdin', async () => ['-'], true],
    [
      'a file',
      async () => {
        await writeFile(join(person.home, 'invite'), `${liar.address()}\n`);
        return ['--address-file', join(person.home, 'invite')];
      },
      false,
    ],
  ])(
    'reads the address from %s, so that the secret is in no list of processes',
    async (_place, args, isStdin) => {
      const stdin = isStdin ? `${liar.address()}\n` : '';
      const result = await person.usher(['enroll', '--with', 'soft', ...(await args())], { stdin });
      expect(result, result.stderr).toMatchObject({ code: 0 });
      expect(result.stderr + result.stdout).not.toContain('i'.repeat(43));
      expect(liar.invites).toEqual(['i'.repeat(43)]);
    },
  );

  it('warns when the authority has another key than before, and forgets its old log only once all went well', async () => {
    const name = authorityName(liar.origin);
    const remembered = () => loadMemory(person.paths, name);
    expect((await enroll(liar.address())).code).toBe(0);
    await person.usher(['login', '--authority', name]);
    await person.usher(['logout', '--authority', name]);
    const { checkpoint } = await remembered();
    expect(checkpoint).toContain('\n2\n');

    const key = generateKey('ssh-ed25519');
    liar.lies = {
      bundleKey: key,
      bundle: (truth) => ({ ...truth, bundleKey: formatPublicKeyLine(key.publicKey) }),
      offered: (truth) => ({ ...truth, credentialId: 'AAAA' }),
    };
    const fragment = fingerprint(key.publicKey).slice(7).replaceAll('+', '-').replaceAll('/', '_');
    const anew = liar.address().replace(/[^.]{43}$/, fragment);
    const failed = await enroll(anew);
    expect(failed.stderr).toContain('has another key than before');
    expect(failed.code).toBe(1);
    expect((await remembered()).checkpoint).toBe(checkpoint);

    const { offered: _truthful, ...lies } = liar.lies;
    liar.lies = lies;
    expect((await enroll(anew)).code).toBe(0);
    expect((await remembered()).checkpoint).toBeUndefined();
  });

  const over = (code: string): Lies => ({
    inviteProblem: { type: 'about:blank', title: 'no', status: 410, code, detail: 'no' },
  });

  it.each<[string, string, RegExp]>([
    ['was used', 'invite-used', /was used before.*\n.*tell the keeper/],
    ['has ended', 'invite-expired', /has ended.*\n.*another invite/],
  ])(
    'with an invite that %s pins the authority all the same, and touches nothing',
    async (_what, code, said) => {
      liar.lies = over(code);
      const touches = person.plugin.questions.length;
      const result = await enroll(liar.address(), '--json');
      expect(result, result.stderr).toMatchObject({ code: 0 });
      expect(result.stderr).toContain(`${liar.origin} is pinned for alice`);
      expect(result.stderr).toMatch(said);
      expect(result.stderr).not.toContain('i'.repeat(43));
      expect(JSON.parse(result.stdout)).toMatchObject({ credentialId: null, access: null });
      expect(person.plugin.questions).toHaveLength(touches);
      const name = authorityName(liar.origin);
      const settings = await loadSettings(person.paths, name);
      expect(settings).toMatchObject({
        bundleKey: liar.bundleFingerprint,
        person: 'alice',
        rpId: 'localhost',
      });
      liar.lies = {};
      expect((await person.usher(['login', '--authority', name])).code).toBe(0);
      await person.usher(['logout', '--authority', name]);
    },
  );

  it('with a used invite keeps what it knew already of the person there', async () => {
    expect((await enroll(liar.address())).code).toBe(0);
    liar.lies = over('invite-used');
    expect((await enroll(liar.address())).code).toBe(0);
    expect(await loadSettings(person.paths, authorityName(liar.origin))).toMatchObject({ access: ACCESS });
  });

  it('another credential changes nothing about where keys are', async () => {
    const kept = { ownAgent: true, caKey: '/home/alice/.ssh/ca' };
    await person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint, ...kept });
    expect((await enroll(liar.address())).code).toBe(0);
    expect(await loadSettings(person.paths, authorityName(liar.origin))).toMatchObject(kept);
    await person.enrolAt({
      origin: liar.origin,
      bundleKey: liar.bundleFingerprint,
      person: 'mallory',
      ...kept,
    });
    expect((await enroll(liar.address())).code).toBe(0);
    const settings = await loadSettings(person.paths, authorityName(liar.origin));
    expect(settings).not.toHaveProperty('ownAgent');
    expect(settings).not.toHaveProperty('caKey');
  });

  it.each<[string, Lies]>([
    ['the authority has another key', { ...over('invite-used'), bundleKey: generateKey('ssh-ed25519') }],
    ['the invite is not known', over('invite-unknown')],
  ])('pins nothing when %s', async (_situation, lies) => {
    liar.lies = lies;
    expect((await enroll(liar.address())).code).toBe(1);
    expect(await listAuthorities(person.paths)).not.toContain(authorityName(liar.origin));
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'a plugin',
      ['--with', 'absent'],
      /usher-authenticator-absent is not on PATH\n.*hint: install the plugin/,
    ],
    ['a file', ['--address-file', '/nonexistent'], /there is no such file\n.*hint: name the file/],
  ])('asks nobody when %s is missing', async (_what, args, said) => {
    const { code, stderr } = await person.usher(['enroll', ...args], { stdin: liar.address() });
    expect(stderr).toMatch(said);
    expect(code).toBeGreaterThan(0);
    expect(liar.invites).toEqual([]);
  });

  it('for a browser pins the authority and leaves the rest to the page', async () => {
    const result = await person.usher(['enroll', '--no-open', liar.address()]);
    expect(result, result.stderr).toMatchObject({ code: 0, stdout: '' });
    expect(result.stderr).toContain(
      'enroll there; when the page says that you are enrolled, type: usher login',
    );
    expect(result.stderr).not.toContain('i'.repeat(43));
    expect((await loadSettings(person.paths, authorityName(liar.origin))).with).toBe('browser');
  });
});
