/** `usher export`: where its values come from, and that nothing is printed of what can not be made. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bundle } from '../../src/http/contract/bundle.ts';
import { fingerprint, formatPublicKeyLine, parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { generateKey, generateSecurityKey } from '../support/keys.ts';
import type { Liar } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { Person } from './support/person.ts';
import { startPerson } from './support/person.ts';

const ROSTER = `people: {}
roles: {}
hosts:
  web1: { sudo_name: web-1 }
  web2: {}
`;
const line = () => formatPublicKeyLine(generateKey('ssh-ed25519').publicKey);
const [LOGIN, SUDO, COMING, RETIRED, GLASS] = Array.from({ length: 5 }, line);

let person: Person;
let liar: Liar;
let directory: string;
let roster: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'usher-test-export-'));
  roster = join(directory, 'roster.yaml');
  await writeFile(roster, ROSTER);
  person = await startPerson();
  liar = await startLiar(() => Math.floor(Date.now() / 1000));
  await person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint });
});
afterAll(async () => {
  await liar?.[Symbol.asyncDispose]();
  await person?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const exported = (...args: readonly string[]) => person.usher(['export', ...args]);

let said = 0;

/** One number has one content, and all of this happens within seconds. */
function say(...caKeys: Bundle['caKeys']): void {
  const later = ++said * 100;
  liar.lies = { bundle: (bundle) => ({ ...bundle, number: bundle.number + later, caKeys }) };
}

const key = (purpose: 'login' | 'sudo', text: string, state: Bundle['caKeys'][number]['state']) => ({
  purpose,
  key: text,
  state,
});

describe('the name for sudo', () => {
  it.each<[string, readonly string[], string]>([
    ['is that of the host', [], 'web1'],
    ['is the one that is given', ['--sudo-name', 'db-1'], 'db-1'],
  ])('%s', async (_name, more, name) => {
    const { stdout } = await exported('pam', '--host', 'web1', ...more);
    expect(stdout).toMatch(new RegExp(` authorized_principals=sudoer,sudoer@${name}\n$`));
  });

  it('is the one of the roster', async () => {
    const { stdout } = await exported('pam', '--host', 'web1', '--roster', roster, '--no-everywhere');
    expect(stdout).toMatch(/ authorized_principals=sudoer@web-1\n$/);
  });

  describe('without a roster and an option', () => {
    const sudo = {
      ...{ everywhere: false, hosts: ['web', 'web1'], names: { db1: 'database' }, defaultLifetime: 3600 },
      ...{ maxLifetime: 3600, approvals: 0, reasonRequired: false, securityKeysOnly: false },
    };
    const enrolled = (access: Partial<typeof ACCESS & { sudo: typeof sudo }>) =>
      person.enrolAt({
        origin: liar.origin,
        bundleKey: liar.bundleFingerprint,
        access: { ...ACCESS, ...access },
      });
    afterAll(() => person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint }));

    it('is the one that the authority told, and that is said', async () => {
      await enrolled({ sudo });
      const { stdout, stderr } = await exported('pam', '--host', 'db1');
      expect(stdout).toMatch(/sudoer@database\n$/);
      expect(stderr).toMatch(
        /^usher: warning: .*the name of db1 for sudo is database, as the authority said last\n$/,
      );
      expect(await exported('pam', '--host', 'web1')).toMatchObject({ code: 0, stderr: '' });
    });

    it.each<[string, Partial<Parameters<typeof enrolled>[0]>, string]>([
      ['it is not known', { sudo }, 'web9'],
      ['sudo is not known', {}, 'db1'],
      ['its name would be that of every host', { sudo: { ...sudo, names: { db1: '*' } } }, 'db1'],
    ])('is said to be a guess when %s', async (_situation, access, host) => {
      await enrolled(access);
      const outcome = await exported('pam', '--host', host);
      expect(outcome.stdout).toMatch(new RegExp(`sudoer@${host}\n$`));
      expect(outcome.stderr).toBe(
        `usher: warning: without --roster the name for sudo is taken to be ${host}\n`,
      );
    });
  });

  it('is not guessed when roster and option contradict each other', async () => {
    const result = await exported('pam', '--host', 'web1', '--roster', roster, '--sudo-name', 'web1');
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('web-1') });
  });
});

describe('what is refused', () => {
  it.each<[string, readonly string[], number, RegExp]>([
    [
      'a host that the roster does not have',
      ['pam', '--host', 'web9', '--roster', 'ROSTER'],
      2,
      /has no host web9/,
    ],
    ['no host', ['pam'], 2, /--host/],
    ['a roster that is not there', ['pam', '--host', 'web1', '--roster', '/nonexistent'], 1, /no such file/],
    ['a name that PAM would split', ['pam', '--host', 'web1 no_deny'], 2, /is no name of a host/],
    ['a name that ends the line', ['sshd', '--host', 'web1\nPermitRootLogin yes'], 2, /is no name of a host/],
    [
      'a directory that pam-ussh would cut',
      ['pam', '--host', 'web1', '--dir', '/etc/a=b'],
      2,
      /no absolute path/,
    ],
    ['a rule that gives more than it says', ['sudoers', '--rule', 'ALL ALL=NOPASSWD:ALL,'], 2, /is no login/],
    ['a purpose that has no such file', ['ca-file', '--purpose', 'builder'], 2, /--purpose/],
    ['no purpose', ['ca-file'], 2, /--purpose/],
  ])('%s', async (_name, args, code, message) => {
    const result = await exported(...args.map((arg) => (arg === 'ROSTER' ? roster : arg)));
    expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('a roster with faults, by its first one', async () => {
    const bad = join(directory, 'bad.yaml');
    await writeFile(bad, 'people: {}\nroles: {}\nhosts: {}\nnonsense: 1\n');
    const result = await exported('pam', '--host', 'web1', '--roster', bad);
    expect(result).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/bad\.yaml:4:\d+: /) });
  });
});

describe('CA keys', () => {
  it('are those of the purpose in every state, of the signed bundle', async () => {
    say(
      key('login', LOGIN ?? '', 'active'),
      key('sudo', SUDO ?? '', 'active'),
      key('sudo', COMING ?? '', 'coming'),
      key('sudo', RETIRED ?? '', 'retired'),
      key('login', GLASS ?? '', 'offline'),
      key('sudo', GLASS ?? '', 'offline'),
    );
    const { code, stdout } = await exported('ca-file', '--purpose', 'sudo', '--host', 'web1');
    const lines = [SUDO, COMING, RETIRED].map((text) => `${text} usher-sudo-ca\n`);
    const all = `# For web1.\n${lines.join('')}${GLASS} usher-break-glass\n`;
    expect({ code, stdout }).toEqual({ code: 0, stdout: all });
  });

  it('are those that were seen last when the authority can not be reached, and that is said', async () => {
    const fetch = () => Promise.reject(new TypeError('fetch failed'));
    const result = await person.usher(['export', 'ca-file', '--purpose', 'login'], { fetch });
    expect(result).toMatchObject({
      code: 0,
      stdout: `${LOGIN} usher-login-ca\n${GLASS} usher-break-glass\n`,
    });
    expect(result.stderr).toContain('seen last');
  });

  it('are not those that were seen last when the authority says something wrong now', async () => {
    liar.lies = { bundleKey: generateKey('ssh-ed25519') };
    const result = await exported('ca-file', '--purpose', 'login');
    expect(result).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('not signed by the key'),
    });
  });

  it('are refused when one is there for two purposes', async () => {
    say(key('login', LOGIN ?? '', 'active'), key('sudo', LOGIN ?? '', 'active'));
    expect(await exported('ca-file', '--purpose', 'sudo')).toMatchObject({ code: 1, stdout: '' });
  });

  it('of a keyless CA are not taken from the authority', async () => {
    const { publicKey } = generateSecurityKey('sk-ssh-ed25519@openssh.com');
    const peoples = key('sudo', formatPublicKeyLine(publicKey), 'active');
    say(key('login', LOGIN ?? '', 'active'), { ...peoples, signer: { person: 'carol' } });
    const file = await exported('ca-file', '--purpose', 'sudo');
    expect(file).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('usher host trust') });
    const nixos = await exported('nixos', '--host', 'web1');
    expect(nixos).toMatchObject({ code: 0, stderr: expect.stringContaining('usher host trust') });
    expect(nixos.stdout).toContain('usher-login-ca');
    expect(nixos.stdout).not.toContain('usher-sudo-ca');
  });

  it('that the roster gives to people are not taken from an authority that says that they are its own', async () => {
    say(key('login', LOGIN ?? '', 'active'), key('sudo', SUDO ?? '', 'active'));
    const { publicKey } = generateSecurityKey('sk-ssh-ed25519@openssh.com');
    const keyless = join(directory, 'keyless.yaml');
    await writeFile(
      keyless,
      `people: { carol: { logins: [carol], roles: [] } }\nroles: {}\nhosts: { web1: {} }
sudo_ca: [{ person: carol, key: ${JSON.stringify(formatPublicKeyLine(publicKey))} }]\n`,
    );
    const file = await exported('ca-file', '--purpose', 'sudo', '--roster', keyless);
    expect(file).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('usher host trust') });
    const nixos = await exported('nixos', '--host', 'web1', '--roster', keyless);
    expect(nixos.stdout).toContain('usher-login-ca');
    expect(nixos.stdout).not.toContain('usher-sudo-ca');
  });
});

describe('the program for hosts without Node', () => {
  it('has the authority and the key that signed its bundle, and nothing else filled in', async () => {
    say(key('login', LOGIN ?? '', 'active'));
    const { code, stdout, stderr } = await exported('host-script');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const script = await readFile(new URL('../../share/usher-host.sh', import.meta.url), 'utf8');
    const before = script.split('\n');
    const [authority, bundleKey, ...others] = stdout.split('\n').filter((line, at) => line !== before[at]);
    expect([authority, others]).toEqual([`AUTHORITY='${liar.origin}'`, []]);
    const keyLine = bundleKey?.replace(/^BUNDLE_KEY='(.*)'$/, '$1') ?? '';
    expect(fingerprint(parsePublicKeyLine(keyLine).key)).toBe(liar.bundleFingerprint);
  });

  it('is not printed for a bundle that another key signed', async () => {
    say(key('login', LOGIN ?? '', 'active'));
    liar.lies = { ...liar.lies, bundleKey: generateKey('ssh-ed25519') };
    const result = await exported('host-script');
    expect(result).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('not signed') });
  });
});

describe('a unit of systemd', () => {
  it.each([
    ['usher', [], 'ExecStart=usher host sync\n'],
    ['the script', ['--program', 'script'], 'ExecStart=usher-host sync\n'],
  ])('runs %s', async (_program, more, line) => {
    const { stdout } = await exported('systemd', '--unit', 'service', '--dir', '/etc/usher', ...more);
    expect(stdout).toContain(line);
    expect(stdout).toContain('\nReadWritePaths=-/etc/usher -/etc/ssh/sshd_config.d\n');
  });

  it('is a timer', async () => {
    expect((await exported('systemd', '--unit', 'timer')).stdout).toContain('\n[Timer]\nOnCalendar=');
  });

  it.each([
    ['no unit', []],
    ['another unit', ['--unit', 'socket']],
    ['a directory that systemd would split', ['--unit', 'service', '--dir', '/etc/a b']],
  ])('is not made of %s', async (_what, args) => {
    expect(await exported('systemd', ...args)).toMatchObject({ code: 2, stdout: '' });
  });
});
