import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { haveParts } from '../support/parts.ts';
import { SSH_AGENT_PARTS } from '../support/ssh-agent.ts';
import type { Liar } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { Person, PersonChanges } from './support/person.ts';
import { startPerson } from './support/person.ts';
import type { Diagnosis } from './support/usher.ts';

const now = () => Math.floor(Date.now() / 1000);
const HOUR = { defaultLifetime: 3600, maxLifetime: 3600 };
const SUDO = { everywhere: false, hosts: ['*'], names: { web1: 'front-1' }, ...HOUR };
const RULES = { approvals: 0, reasonRequired: false, securityKeysOnly: false };

describe.runIf(haveParts(SSH_AGENT_PARTS))('usher doctor sudo of who is enrolled', () => {
  let person: Person;
  let liar: Liar;

  beforeAll(async () => {
    person = await startPerson();
    liar = await startLiar(now);
  });
  afterAll(async () => {
    await liar[Symbol.asyncDispose]();
    await person[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    liar.lies = {};
    const access = { ...ACCESS, sudo: { ...SUDO, ...RULES } };
    await person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint, access });
    await person.usher(['logout']);
  });

  async function doctor(host: string, changes: PersonChanges = {}) {
    const { stdout, stderr } = await person.usher(['doctor', 'sudo', host, '--json'], changes);
    if (stdout === '') throw new Error(stderr);
    // What else it were, the tests would see.
    const { outcome, checks } = JSON.parse(stdout) as Diagnosis;
    return { outcome, verdicts: checks.map(({ id, verdict }) => `${verdict} ${id}`), checks };
  }

  it('knows the CA keys, the login and the name of the host for sudo', async () => {
    expect((await person.usher(['sudo', 'web1'])).code).toBe(0);
    const { outcome, verdicts, checks } = await doctor('web1');
    expect({ outcome, verdicts }).toEqual({
      outcome: 'success',
      verdicts: [
        ...['ok cert.sudo-principal', 'ok cert.time', 'ok agent.order', 'ok cert.subject-alg'],
        'warn session.forwarded',
      ],
    });
    expect(checks[0]?.message).toContain('of alice for sudoer@front-1');
    expect((await doctor('web2')).verdicts).toContain('fail cert.sudo-principal');
  });

  it('does not need the authority', async () => {
    await person.usher(['sudo', 'web1']);
    const fetch = () => Promise.reject(new TypeError('fetch failed'));
    expect(await doctor('web1', { fetch })).toMatchObject({
      outcome: 'success',
      verdicts: expect.arrayContaining(['warn bundle']),
    });
  });

  it('finds a login certificate only, or nothing', async () => {
    expect((await doctor('web1')).verdicts).toContain('fail agent.locked-empty');
    await person.usher(['login']);
    expect((await doctor('web1')).verdicts).toContain('fail agent.has-cert');
  });

  it('speaks of the host by its name in the roster', async () => {
    await person.usher(['sudo', 'web2']);
    const { outcome, checks } = await doctor('web1');
    expect(outcome).toBe('refused');
    expect(checks[0]).toMatchObject({
      message: expect.stringContaining('sudoer@front-1'),
      hint: expect.stringMatching(/; or get a new one: usher sudo web1$/),
    });
    expect((await doctor('constructor')).checks[0]?.message).toContain('sudoer@constructor)');
  });

  it('begins with what the authority said last, unless there is a certificate for the host', async () => {
    const access = { ...ACCESS, sudo: { ...SUDO, ...RULES, hosts: ['web1', 'db'] } };
    await person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint, access });
    expect((await doctor('nohost')).verdicts[0]).toBe('warn account');
    await person.usher(['sudo', 'web1', 'db7']);
    expect((await doctor('db7')).verdicts).not.toContain('warn account');
  });

  it('says to people what becomes of each certificate, and what to do', async () => {
    await person.usher(['login']);
    await person.usher(['sudo', 'web2']);
    const { code, stdout, stderr } = await person.usher(['doctor', 'sudo', 'web1']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^1\. usher login alice@.*: for signing in; pam-ussh passes over it\n2\./);
    expect(stdout).toMatch(/\n2\. usher sudo alice@.*: passed over\n {3}cert\.sudo-principal: /);
    expect(stdout).toContain('fail  cert.sudo-principal');
    expect(stderr).toContain('checks failed');
  });

  it.each([
    ['no host', ['doctor', 'sudo'], 2],
    ['an unknown option', ['doctor', 'sudo', 'web1', '--nonsense'], 2],
    ['a file of CA keys that is not there', ['doctor', 'sudo', 'web1', '--ca-file', '/nonexistent'], 1],
    ['another authority', ['doctor', 'sudo', 'web1', '--authority', 'elsewhere'], 1],
    ['a root that is no absolute path', ['doctor', 'host', '--root', 'here'], 2],
  ])('refuses %s', async (_situation, args, code) => {
    expect(await person.usher(args)).toMatchObject({
      code,
      stdout: '',
      stderr: expect.stringMatching(/^usher: /),
    });
  });

  // The last: after a bundle with a higher number, those of before are refused.
  it('finds that the authority has no CA key for sudo', async () => {
    const isLogin = ({ purpose }: { readonly purpose: string }) => purpose === 'login';
    liar.lies = {
      bundle: (truth) => ({ ...truth, number: truth.number + 1, caKeys: truth.caKeys.filter(isLogin) }),
    };
    expect((await doctor('web1')).verdicts).toContain('fail cert.ca-in-ca_file');
  });
});
