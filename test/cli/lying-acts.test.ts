import { lstat, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base64urlnopad, hex } from '@scure/base';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { authorityName } from '../../cli/paths.ts';
import { touchDigest } from '../../src/fido/touch-digest.ts';
import { secretHash } from '../../src/fleet/host/secret.ts';
import { parseTokenFile } from '../../src/fleet/host/token-file.ts';
import type { ActReply, ActResult } from '../../src/http/contract/acts.ts';
import type { Act } from '../../src/ssh/act.ts';
import { formatCertificateLine } from '../../src/ssh/certificate-line.ts';
import { fingerprint, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { issue } from '../support/certificates.ts';
import { generateKey, generateSigner } from '../support/keys.ts';
import { haveParts } from '../support/parts.ts';
import { SSH_AGENT_PARTS } from '../support/ssh-agent.ts';
import type { Liar, Lies } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { ActLies } from './support/lying-acts.ts';
import { ACT_NONCE, CA_KEY } from './support/lying-acts.ts';
import type { Person } from './support/person.ts';
import { startPerson } from './support/person.ts';

const now = () => Math.floor(Date.now() / 1000);
const OTHER = generateKey('ssh-ed25519').publicKey;
const SERIAL = '2251799813685300';

describe.runIf(haveParts(SSH_AGENT_PARTS))('an authority that lies about what is done to it', () => {
  let person: Person;
  let liar: Liar;

  beforeAll(async () => {
    person = await startPerson();
    // Loads the whole command, which takes its time.
    await person.usher(['revoke', '--help']);
  });
  afterAll(() => person[Symbol.asyncDispose]());
  beforeEach(async () => {
    liar = await startLiar(now);
    await person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint, access: ACCESS });
  });
  afterEach(() => liar[Symbol.asyncDispose]());

  const usher = (...args: string[]) => person.usher([...args, '--authority', authorityName(liar.origin)]);
  const invite = (...args: string[]) => usher('host', 'invite', 'web1', '--out', tokenFile(), ...args);
  const revoke = (...args: string[]) => usher('revoke', ...args, '--reason', 'laptop lost');
  const tokenFile = () => join(person.home, 'web1.token');

  async function refused(run: () => Promise<object>, lies: ActLies, reason: RegExp): Promise<void> {
    liar.acting.lies = lies;
    const outcome = await run();
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(reason) });
    await expect(lstat(tokenFile())).rejects.toThrow('ENOENT');
  }

  const asked = (change: (truth: ActReply) => Partial<ActReply>): ActLies => ({
    asked: (truth) => ({ ...truth, ...change(truth) }),
  });
  const result = (change: object): ActLies => ({
    // What is not of the contract is refused for that alone.
    result: (truth) => ({ ...truth, ...change }) as ActResult,
  });

  /** The digest of what was asked, with what the reply says of when. */
  function digestOf(act: Act, expiresAt: number): string {
    const requestId = `A${'1'.padStart(21, '0')}`;
    const digest = touchDigest({ origin: liar.origin, action: act, requestId, nonce: ACT_NONCE, expiresAt });
    return base64urlnopad.encode(digest);
  }

  describe('is refused before the touch when', () => {
    it.each<[string, ActLies, RegExp]>([
      [
        'the touch is for another authority',
        asked(() => ({ origin: 'https://evil.example' })),
        /evil\.example/,
      ],
      ['the touch is for another RP id', asked(() => ({ rpId: 'evil.example' })), /RP id evil\.example/],
      ['the nonce is short', asked(() => ({ nonce: 'AAAA' })), /32 bytes/],
      [
        'it would be touched in an hour',
        asked(() => ({ expiresAt: now() + 3600 })),
        /within the next minutes/,
      ],
      ['it is over', asked(() => ({ expiresAt: now() - 600 })), /within the next minutes/],
    ])('%s', async (_what, lies, reason) => {
      const touches = person.plugin.questions.length;
      await refused(invite, lies, reason);
      expect(person.plugin.questions).toHaveLength(touches);
    });
  });

  describe('is refused after the touch when it says that', () => {
    it.each<[string, object]>([
      ['another host was invited', { host: 'web2' }],
      ['the token is over', { expiresAt: 1 }],
      ['the token is good for a day', { expiresAt: now() + 86_400 }],
      [
        'something else was done',
        { kind: 'revoked', host: undefined, expiresAt: undefined, count: 0, serials: [] },
      ],
    ])('%s', (_what, change) => refused(invite, result(change), /not what you touched/));

    it.each<[string, object]>([
      ['another certificate was revoked', { serials: ['2251799813685301'] }],
      ['more were named than revoked', { count: 0 }],
      ['one was revoked twice', { count: 2, serials: [SERIAL, SERIAL] }],
    ])('%s', (_what, change) => refused(() => revoke(SERIAL), result(change), /not what you touched/));
  });

  describe('is refused after the touch for a CA key when it says that', () => {
    const activate = () => usher('ca', 'rotate', 'login', '--activate', '--key', fingerprint(CA_KEY));

    it.each<[string, object]>([
      ['another key was activated', { key: formatPublicKeyLine(OTHER) }],
      ['the key of another purpose was', { purpose: 'host' }],
      ['it is something that is no key', { key: 'ssh-ed25519 AAAA' }],
      ['it is retired', { state: 'retired' }],
      ['it is revoked', { state: 'revoked' }],
      ['certificates have to be issued again', { affected: [{ holder: 'bob', certificates: 1 }] }],
    ])('%s', (_what, change) => refused(activate, result(change), /not what you touched/));

    it('a key was made, and is none', () =>
      refused(
        () => usher('ca', 'rotate', 'login', '--stage'),
        result({ key: 'ssh-ed25519 AAAA' }),
        /not what you touched/,
      ));

    it('what it does and says fits', async () => {
      expect(await activate()).toMatchObject({ code: 0, stderr: expect.stringContaining('is active') });
      const act = { kind: 'activate-ca', purpose: 'login', key: fingerprint(CA_KEY), evenWithout: [] };
      expect(liar.acting.asked.at(-1)).toEqual({ person: 'alice', act });
    });
  });

  describe('the CA key that is meant', () => {
    const inBundle = (...states: ('coming' | 'retired')[]): Lies => ({
      bundle: (truth) => ({
        ...truth,
        caKeys: [
          ...truth.caKeys,
          ...states.map((state, place) => ({
            purpose: 'login' as const,
            key: formatPublicKeyLine(place === 0 ? CA_KEY : OTHER),
            state,
          })),
        ],
      }),
    });

    it.each<[string[], Lies, number, RegExp]>([
      [['--activate'], inBundle('retired'), 1, /no CA key for login is coming/],
      [['--retire'], inBundle('coming'), 1, /no CA key for login is retired/],
      [['--retire'], inBundle('retired', 'retired'), 2, /several CA keys for login are retired/],
      [[], {}, 2, /say which step/],
      [['--stage', '--activate'], {}, 2, /say which step/],
      [['--stage', '--even-without', 'web1'], {}, 2, /goes with --activate/],
      [['--activate', '--key', 'SHA256:short'], {}, 2, /named by its fingerprint/],
    ])('%j is refused before anything is asked', async (step, lies, code, reason) => {
      liar.lies = lies;
      const outcome = await usher('ca', 'rotate', 'login', ...step);
      expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(reason) });
      expect(liar.acting.asked).toEqual([]);
    });

    it('is the only one in the bundle; hosts without it are named once, in order', async () => {
      liar.lies = inBundle('coming');
      const without = ['--even-without', 'web2', 'web1', 'web2'];
      expect(await usher('ca', 'rotate', 'login', '--activate', ...without)).toMatchObject({ code: 0 });
      const act = {
        kind: 'activate-ca',
        purpose: 'login',
        key: fingerprint(CA_KEY),
        evenWithout: ['web1', 'web2'],
      };
      expect(liar.acting.asked).toEqual([{ person: 'alice', act }]);
    });

    it('is found by the file of its public key, to be revoked', async () => {
      liar.lies = inBundle('retired');
      const file = join(person.home, 'stolen.pub');
      await writeFile(file, `${formatPublicKeyLine(CA_KEY)}\n`);
      expect(await usher('ca', 'revoke', file, '--reason', 'stolen')).toMatchObject({ code: 0 });
      const act = { kind: 'revoke-ca', purpose: 'login', key: fingerprint(CA_KEY), reason: 'stolen' };
      expect(liar.acting.asked).toEqual([{ person: 'alice', act }]);
    });
  });

  it('has what was asked touched, whatever it answers', async () => {
    const expiresAt = now() + 60;
    liar.acting.lies = asked(() => ({ expiresAt }));
    expect(await revoke('--person', 'bob')).toMatchObject({ code: 0 });
    const act: Act = { kind: 'revoke', target: { kind: 'person', name: 'bob' }, reason: 'laptop lost' };
    expect(liar.acting.asked).toEqual([{ person: 'alice', act }]);
    expect(person.plugin.questions.at(-1)?.challenge).toBe(digestOf(act, expiresAt));
  });

  it.each([
    ['--person', 'bob', 'hosts refuse them from their next sync on'],
    ['--machine', 'web1', 'clients refuse them from their next login on'],
  ])('says who refuses what was revoked: %s', async (option, name, who) => {
    const { stderr } = await revoke(option, name);
    expect(stderr).toContain(who);
  });

  it('the token is made here: the authority gets its hash alone, its holder a file of their own', async () => {
    const { code, stdout, stderr } = await invite();
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${tokenFile()}\n` });
    const file = parseTokenFile(await readFile(tokenFile(), 'utf8'));
    expect((await lstat(tokenFile())).mode & 0o777).toBe(0o600);
    await rm(tokenFile());
    expect(file).toMatchObject({ authority: liar.origin, host: 'web1' });
    expect(fingerprint(file.bundleKey)).toBe(liar.bundleFingerprint);
    const hash = base64urlnopad.encode(hex.decode(secretHash(file.token)));
    expect(liar.acting.asked).toEqual([
      { person: 'alice', act: { kind: 'invite-host', host: 'web1', tokenHash: hash } },
    ]);
    expect(stderr).not.toContain(file.token);
    expect(stderr).toContain('usher host enroll --token-file');
  });

  it('the token goes to stdout when it is asked to', async () => {
    const { code, stdout, stderr } = await usher('host', 'invite', 'web1', '--out', '-');
    expect(code).toBe(0);
    expect(stderr).not.toContain(parseTokenFile(stdout).token);
  });

  it('a file that is there stays as it is, and nobody touches', async () => {
    await writeFile(tokenFile(), 'mine');
    const outcome = await invite();
    expect(outcome).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('is there already'),
    });
    expect(await readFile(tokenFile(), 'utf8')).toBe('mine');
    await rm(tokenFile());
    expect(liar.acting.asked).toEqual([]);
  });

  it.each([['../web1'], ['Web1'], ['web1 web2'], ['*']])('%j is no host', async (host) => {
    expect(await usher('host', 'invite', host)).toMatchObject({ code: 2, stdout: '' });
    expect(liar.acting.asked).toEqual([]);
  });

  it.each<[string, ('request' | 'reply')[], number]>([
    ['before it arrived is sent again', ['request'], 1],
    ['whose reply was lost is not', ['reply'], 1],
    ['lost twice arrives once', ['request', 'reply'], 1],
  ])('a touch %s', async (_what, lost, arrived) => {
    liar.acting.lies = { lost };
    expect(await revoke(SERIAL)).toMatchObject({ code: 0, stdout: `${SERIAL}\n` });
    expect(liar.acting.touches).toHaveLength(arrived);
  });

  it.each([
    [['revoke', '--reason', 'x']],
    [['revoke', SERIAL, '--person', 'bob', '--reason', 'x']],
    [['revoke', SERIAL]],
    [['revoke', SERIAL, '--reason', '']],
    [['revoke', SERIAL, '--reason', 'two\nlines']],
    [['revoke', '0', '--reason', 'x']],
    [['revoke', '18446744073709551616', '--reason', 'x']],
    [['revoke', '--person', 'bob alice', '--reason', 'x']],
  ])('%j: exit code 2, and nothing is asked', async (args) => {
    expect(await usher(...args)).toMatchObject({ code: 2, stdout: '' });
    expect(liar.acting.asked).toEqual([]);
  });

  it.each(['public', 'certificate'])('a key is named by the fingerprint of its %s file', async (kind) => {
    const file = join(person.home, 'key.pub');
    await writeFile(
      file,
      `${kind === 'public' ? formatPublicKeyLine(OTHER, 'x@y') : formatCertificateLine(issue(generateSigner('ssh-ed25519'), { subject: OTHER }))}\n`,
    );
    expect(await revoke('--key', file)).toMatchObject({ code: 0 });
    expect(liar.acting.asked[0]?.act).toMatchObject({ target: { kind: 'key', name: fingerprint(OTHER) } });
  });

  it("one of one's own takes no touch, and somebody else's does", async () => {
    expect(await usher('login')).toMatchObject({ code: 0 });
    const touches = person.plugin.questions.length;
    expect(await revoke(SERIAL)).toMatchObject({ code: 0, stdout: `${SERIAL}\n` });
    expect(liar.revoked).toEqual([`${SERIAL} laptop lost`]);
    expect(person.plugin.questions).toHaveLength(touches);
    liar.lies = { problem: { type: 'about:blank', title: 'no', status: 404, code: 'nothing-to-revoke' } };
    expect(await revoke(SERIAL)).toMatchObject({ code: 0, stdout: `${SERIAL}\n` });
    expect(person.plugin.questions).toHaveLength(touches + 1);
  });
});
