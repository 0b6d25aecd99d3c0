/** `usher doctor host` with the real programs of a host: sudo's own parser, sshd's own word, libpam, pam-ussh itself, Go. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGoBuild } from '../../../cli/doctor/host/go-build.ts';
import { runAuth } from '../../../cli/doctor/host/pam-run.ts';
import { readAuthStack } from '../../../cli/doctor/host/pam-stack.ts';
import { hostFiles } from '../../../cli/doctor/host/real-files.ts';
import { parseSshdConfig } from '../../../cli/doctor/host/sshd.ts';
import { cvtsudoersArguments, parseCvtsudoers } from '../../../cli/doctor/host/sudoers-facts.ts';
import { formatPam } from '../../../src/fleet/pam.ts';
import { formatSshd } from '../../../src/fleet/sshd.ts';
import { formatSudoers } from '../../../src/fleet/sudoers.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import type { Diagnosis } from '../../cli/support/usher.ts';
import { diagnose } from '../../cli/support/usher.ts';
import { generateSigner } from '../../support/keys.ts';
import { haveParts, program } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';
import type { SshAgent } from '../../support/ssh-agent.ts';
import type { Sudo } from '../../support/sudo.ts';
import { findModule, haveSudo, openSudo, PAM_LINES, SUDOERS_LINES } from '../../support/sudo.ts';
import { pamFile } from '../../support/sudo-user.ts';
import { carry, sudoKeyFor } from '../sudo/session.ts';

const SUDO_CA = generateSigner('ssh-ed25519');
const LOGIN_CA = generateSigner('ssh-ed25519');
const line = ({ publicKey }: typeof SUDO_CA) => `${formatPublicKeyLine(publicKey)}\n`;
const ENV = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };
const failed = ({ checks }: Diagnosis) =>
  checks.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id);

const DIRECTORY = '/etc/ssh/usher';
const COMMON_AUTH =
  'auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth required pam_permit.so\n';

/** A host as usher exports it, below a directory. */
async function writeHost(root: string, changes: Readonly<Record<string, string>> = {}): Promise<void> {
  const pam = formatPam({ sudoName: 'web1', everywhere: true, directory: DIRECTORY });
  const files = {
    '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nalice:x:4000:4000::/:/bin/sh\n',
    '/etc/group': 'alice:x:4000:\nops:x:4001:alice\n',
    '/etc/hostname': 'web1\n',
    '/etc/pam.d/sudo': `${pam}@include common-auth\n`,
    '/etc/pam.d/sudo-i': `${pam}@include common-auth\n`,
    '/etc/pam.d/common-auth': COMMON_AUTH,
    '/etc/sudoers': 'Defaults env_reset\n%ops ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n',
    '/etc/sudoers.d/usher': formatSudoers({ noninteractive: true }),
    [`${DIRECTORY}/sudo_ca.pub`]: line(SUDO_CA),
    [`${DIRECTORY}/login_ca.pub`]: line(LOGIN_CA),
    [`${DIRECTORY}/sudo_denied`]: '',
    ...changes,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), text, { mode: 0o644 });
  }
}

describe.runIf(haveParts({ cvtsudoers: 'sudo', visudo: 'sudo' }))('usher doctor host --root', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'usher-test-host-'));
    await chmod(root, 0o755);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const doctor = async (changes: Readonly<Record<string, string>> = {}, user = 'alice') => {
    await writeHost(root, changes);
    return diagnose(['host', '--root', root, '--user', user], ENV);
  };
  /** The module is not in such a root, and files of a test that does not run as root are not root's. */
  const told = (diagnosis: Diagnosis) =>
    diagnosis.checks.filter(
      ({ id, message }) => id !== 'host.module' && !message.includes('others than root'),
    );

  it('finds a host as usher exports it good', async () => {
    const checks = told(await doctor());
    expect(checks.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    expect(checks).toContainEqual(expect.objectContaining({ id: 'host.sudoers', verdict: 'ok' }));
    expect(checks).toContainEqual(expect.objectContaining({ id: 'host.sshd', verdict: 'warn' }));
  });

  it.each([
    ['Defaults targetpw', 'fail', 'targetpw'],
    ['Defaults>root rootpw', 'fail', 'rootpw'],
    ['Defaults!/bin/ls runaspw', 'fail', 'runaspw'],
    ['Defaults timestamp_timeout=15', 'warn', '15 minutes'],
    ['Defaults timestamp_timeout=-1', 'warn', 'next start'],
    ['Defaults:alice timestamp_timeout=2', 'warn', '2 minutes'],
    ['Defaults:%ops timestamp_timeout=3', 'warn', '3 minutes'],
    ['Defaults env_keep += "LANG SSH_AUTH_SOCK"', 'warn', 'SSH_AUTH_SOCK'],
    ['Defaults env_keep = "SSH_*"', 'warn', 'SSH_AUTH_SOCK'],
    ['Defaults !env_reset', 'warn', 'env_reset'],
    ['Defaults !noninteractive_auth', 'warn', 'sudo -n'],
    ['Defaults !authenticate', 'warn', '!authenticate'],
    ['alice ALL = NOPASSWD: /bin/ls', 'warn', 'NOPASSWD'],
    ['Defaults broken((', 'fail', 'not well formed'],
  ])('understands "%s"', async (text, verdict, said) => {
    const { checks } = await doctor({
      '/etc/sudoers.d/usher': `${formatSudoers({ noninteractive: true })}${text}\n`,
    });
    expect(checks).toContainEqual(
      expect.objectContaining({ id: 'host.sudoers', verdict, message: expect.stringContaining(said) }),
    );
  });

  it.each([
    ['Defaults:bob timestamp_timeout=15'],
    ['bob ALL = NOPASSWD: ALL'],
    ['Defaults timestamp_timeout=15\nDefaults timestamp_timeout=0'],
    ['Defaults env_keep += "SSH_CONNECTION"'],
  ])('is not misled by "%s"', async (text) => {
    const { checks } = await doctor({
      '/etc/sudoers.d/usher': `${formatSudoers({ noninteractive: true })}${text}\n`,
    });
    expect(checks.filter(({ id }) => id === 'host.sudoers')).toMatchObject([{ verdict: 'ok' }]);
  });

  it('looks for a rule of the person and of their groups', async () => {
    const none = { '/etc/sudoers': 'bob ALL=ALL\n' };
    expect(told(await doctor(none))).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('no rule lets alice') }),
    );
    const aliased = {
      '/etc/sudoers':
        'User_Alias ADMINS = bob, %ops\nDefaults timestamp_timeout=0,noninteractive_auth\nADMINS web1=(ALL) ALL\n',
    };
    expect((await doctor(aliased)).checks.filter(({ id }) => id === 'host.sudoers')).toMatchObject([
      { verdict: 'ok' },
    ]);
    expect(failed(await doctor({}, 'carol'))).toEqual(['host.sudoers']);
  });

  it('comes to an end where files include themselves twice, and fails', async () => {
    const twice = (path: string) => `@include ${path}\n@include ${path}\n`;
    const hostile = { '/etc/sudoers.d/usher': twice('/etc/sudoers'), '/etc/pam.d/sudo': twice('sudo') };
    const { checks } = await doctor(hostile);
    for (const id of ['host.sudoers', 'host.pam-line'])
      expect(checks).toContainEqual(
        expect.objectContaining({ id, verdict: 'fail', message: expect.stringContaining('512 files') }),
      );
  });

  it('visudo takes what is exported', async () => {
    await runOrThrow(program('visudo'), ['-c', '-f', '-'], {
      input: formatSudoers({ noninteractive: true, rule: '%ops' }),
    });
  });
});

describe.runIf(haveParts({ cvtsudoers: 'sudo' }))('cvtsudoers', () => {
  it('writes what is understood, also when nothing is left', async () => {
    const user = { name: 'alice', uid: 1, groups: [] };
    const said = await run(program('cvtsudoers'), cvtsudoersArguments(user), { input: 'bob ALL=ALL\n' });
    expect(said.code, said.stderr).toBe(0);
    expect(parseCvtsudoers(said.stdout, user)).toEqual({ defaults: [], hasRule: false, isFree: false });
  });
});

describe.runIf(haveParts({ sshd: 'openssh-server', 'ssh-keygen': 'openssh-client' }))('sshd -T', () => {
  it('says what is exported', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-test-sshd-'));
    // sshd as root wants its empty directory, which only its service makes.
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    try {
      await runOrThrow('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'key')]);
      await writeFile(
        join(directory, 'config'),
        `HostKey ${join(directory, 'key')}\n${formatSshd(DIRECTORY)}`,
      );
      const text = await runOrThrow(program('sshd'), ['-T', '-f', join(directory, 'config')]);
      const config = parseSshdConfig(text);
      expect(config.get('trustedusercakeys')).toEqual([`${DIRECTORY}/login_ca.pub`]);
      expect(config.get('authorizedprincipalsfile')).toEqual([`${DIRECTORY}/principals/%u`]);
      expect(config.get('revokedkeys')).toEqual([`${DIRECTORY}/revoked_keys`]);
      expect(config.get('allowagentforwarding')).toEqual(['yes']);
      expect(config.get('disableforwarding')).toEqual(['no']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

/** Who writes into /etc/pam.d has to be root. */
const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot && haveParts({ pamtester: 'pamtester' }))('libpam and the doctor agree', () => {
  const name = `usher-test-${process.pid}-stack`;
  const inner = `${name}-inner`;
  const PLACES = { YES: 'pam_permit.so', NO: 'pam_deny.so', PASS: 'pam_faildelay.so delay=1', INNER: inner };
  const withModules = (text: string) =>
    Object.entries(PLACES).reduce((lines, [word, module]) => lines.replaceAll(word, module), text);
  const rest = 'account required pam_permit.so\n';

  beforeAll(() => writeFile(pamFile(inner), withModules('auth sufficient YES\nauth required NO\n')));
  afterAll(async () => {
    for (const each of [name, inner]) await rm(pamFile(each), { force: true });
  });

  it.each([
    ['auth required YES\n'],
    ['auth required NO\n'],
    ['auth required PASS\n'],
    ['auth requisite YES\nauth sufficient NO\n'],
    ['auth requisite YES\nauth sufficient NO\nauth required NO\n'],
    ['auth required NO\nauth sufficient YES\n'],
    ['auth sufficient YES\nauth required NO\n'],
    ['auth optional YES\n'],
    ['auth optional NO\n'],
    ['auth optional NO\nauth required YES\n'],
    ['auth [success=1 default=ignore] YES\nauth requisite NO\nauth required YES\n'],
    ['auth [success=1 default=ignore] NO\nauth requisite NO\nauth required YES\n'],
    ['auth [success=1 default=ignore] YES\nauth requisite NO\n'],
    ['auth required YES\nauth [success=2] YES\nauth required PASS\n'],
    ['auth required YES\nauth [success=1] YES\nauth required NO\n'],
    ['auth substack INNER\n'],
    ['auth substack INNER\nauth required NO\n'],
    ['auth include INNER\nauth required NO\n'],
    ['@include INNER\nauth required NO\n'],
    ['auth [default=1] NO\nauth substack INNER\nauth required YES\n'],
    ['auth required NO\nauth [default=reset] PASS\nauth required YES\n'],
    ['auth [success=bad] YES\nauth sufficient YES\n'],
    ['auth required YES # not \\\nauth required NO\n'],
    ['auth required \\\n YES\n'],
    ['auth sometimes YES\nauth required YES\n'],
    ['@include absent-usher-test\nauth required YES\n'],
  ])('about %j', async (text) => {
    await writeFile(pamFile(name), withModules(text) + rest);
    const { code } = await run(program('pamtester'), [name, 'root', 'authenticate']);
    const stack = readAuthStack(hostFiles('/'), name);
    const { success } = runAuth(stack?.steps ?? [], ({ path }) => {
      if (path === PLACES.YES) return 'success';
      return path === PLACES.NO ? 'auth_err' : 'ignore';
    });
    expect(success && stack?.faults.length === 0).toBe(code === 0);
  });
});

describe.runIf(haveSudo() && haveParts({ cvtsudoers: 'sudo' }))(
  'usher doctor host and real sudo agree',
  () => {
    let place: Sudo;
    let agent: SshAgent;

    beforeAll(async () => {
      place = await openSudo({ authorities: [line(SUDO_CA).trim()] });
      agent = await place.startAgent();
      await carry(agent, [sudoKeyFor(place.user, SUDO_CA)]);
    });
    afterAll(() => place?.[Symbol.asyncDispose]());

    /** What is wrong for this user. What other tests do to /etc meanwhile is not meant: visudo may see one of their files vanish. */
    async function doctor() {
      const { checks } = await diagnose(['host', '--user', place.user], ENV);
      const about = checks.filter(
        ({ verdict, message }) => verdict === 'fail' && !message.startsWith('visudo'),
      );
      return [...new Set(about.map(({ id }) => id))].filter((id) => id !== 'host.sshd' && id !== 'host.krl');
    }
    const ussh = (moduleArguments: string) => `auth sufficient ${findModule()} ${moduleArguments}`;
    const denyList = () =>
      `auth requisite pam_listfile.so item=user sense=deny file=${place.directory}/sudo_denied onerr=fail`;
    const caFile = () => `ca_file=${place.directory}/sudo_ca.pub`;
    const withCertificate = async () => (await place.sudo({ agent: agent.socketPath })).code;
    const withNothing = async () => (await place.sudo()).code;

    it('that what is exported is good', async () => {
      await place.writePam(PAM_LINES);
      await place.writeSudoers(SUDOERS_LINES);
      expect(await doctor()).toEqual([]);
      expect(await withCertificate()).toBe(0);
      expect(await withNothing()).not.toBe(0);
    });

    it('that group= lets everybody in', async () => {
      await place.writePam([denyList(), ussh(`${caFile()} authorized_principals=sudoer@web1 group=absent`)]);
      expect(await doctor()).toEqual(['host.pam-line']);
      expect(await withNothing()).toBe(0);
    });

    it('that a bare option is the end of sudo', async () => {
      await place.writePam([denyList(), ussh(`${caFile()} authorized_principals=sudoer@web1 group`)]);
      expect(await doctor()).toEqual(['host.pam-line']);
      expect(await withCertificate()).not.toBe(0);
    });

    it('that without a refusal at the end everybody gets in', async () => {
      const auth = `${denyList()}\n${ussh(`${caFile()} authorized_principals=sudoer@web1`)}\n`;
      await writeFile(
        pamFile(place.user),
        `${auth}account required pam_permit.so\nsession required pam_permit.so\n`,
      );
      expect(await doctor()).toEqual(['host.pam-line']);
      expect(await withNothing()).toBe(0);
    });

    it('that a value ends at its "="', async () => {
      await place.writePam([denyList(), ussh(`${caFile()} authorized_principals=sudoer@web1=x`)]);
      expect(await doctor()).toEqual(['host.pam-line']);
      expect(await withCertificate()).toBe(0);
    });

    it('that an empty file of principals opens the gate, and one with stray blanks closes it', async () => {
      const path = await place.write('names', '');
      await place.writePam([denyList(), ussh(`${caFile()} authorized_principals_file=${path}`)]);
      await carry(agent, [sudoKeyFor(place.user, SUDO_CA, { principals: [place.user] })]);
      expect(await doctor()).toEqual(['host.principals-file']);
      expect(await withCertificate()).toBe(0);
      await carry(agent, [sudoKeyFor(place.user, SUDO_CA)]);
      await place.write('names', 'sudoer@web1 \n');
      expect(await doctor()).toEqual(['host.principals-file']);
      expect(await withCertificate()).not.toBe(0);
    });

    it('that nobody gets in by CA keys that the person can not read', async () => {
      await place.writePam(PAM_LINES);
      const path = join(place.directory, 'sudo_ca.pub');
      await chmod(path, 0o600);
      expect(await doctor()).toEqual(['host.ca_file']);
      expect(await withCertificate()).not.toBe(0);
      await chmod(path, 0o644);
    });

    it('that nobody gets in while the list of who is denied is missing', async () => {
      await place.remove('sudo_denied');
      expect(await doctor()).toEqual(['host.sudo_denied']);
      expect(await withCertificate()).not.toBe(0);
      await place.write('sudo_denied', `${place.user}\n`);
      expect(await doctor()).toEqual([]);
      expect(await withCertificate()).not.toBe(0);
    });

    it('that the list behind the certificate denies nobody', async () => {
      await place.writePam([ussh(`${caFile()} authorized_principals=sudoer@web1`), denyList()]);
      expect(await doctor()).toEqual(['host.sudo_denied']);
      expect(await withCertificate()).toBe(0);
      await place.write('sudo_denied', '');
    });

    it('that sudo -i goes around what only sudo is wired with', async () => {
      await place.writePam(PAM_LINES, ['auth sufficient pam_permit.so']);
      const login = () => place.sudo({ args: ['-i'] });
      expect((await doctor()).sort()).toEqual(['host.pam-line', 'host.sudo_denied']);
      expect((await login()).code).toBe(0);
      await place.writePam(PAM_LINES);
      expect(await doctor()).toEqual([]);
      expect((await login()).code).not.toBe(0);
    });

    it('that rootpw makes it another account', async () => {
      await place.writePam(PAM_LINES);
      await place.writeSudoers([...SUDOERS_LINES, 'Defaults rootpw']);
      expect(await doctor()).toEqual(['host.sudoers']);
      expect(await withCertificate()).not.toBe(0);
      await place.writeSudoers(SUDOERS_LINES);
    });

    it('that somebody without a rule gets nowhere', async () => {
      await place.writeSudoers(SUDOERS_LINES, false);
      const { checks } = await diagnose(['host', '--user', place.user], ENV);
      expect(checks).toContainEqual(
        expect.objectContaining({ verdict: 'warn', message: expect.stringContaining('no rule lets') }),
      );
      expect(await withCertificate()).not.toBe(0);
      await place.writeSudoers(SUDOERS_LINES);
    });

    it('knows the build of the module', async () => {
      const { checks } = await diagnose(['host', '--user', place.user], ENV);
      expect(checks.filter(({ id }) => id === 'host.module')).toMatchObject([
        { verdict: expect.stringMatching(/ok|warn/), message: expect.stringContaining('touch') },
      ]);
    });

    it('to a person who is not root, what they may see, and what becomes of their agent', async ({
      skip,
    }) => {
      const bin = join(import.meta.dirname, '../../../bin/usher');
      if ((await place.asUser(['test', '-r', bin])).code !== 0)
        skip('the checkout is not for everybody to read');
      const asUser = async (env: Readonly<Record<string, string>>) => {
        const { stdout } = await place.asUser([process.execPath, bin, 'doctor', 'host', '--json'], env);
        // What else it were, the test would see.
        return (JSON.parse(stdout) as Diagnosis).checks.map(({ id, verdict }) => `${verdict} ${id}`);
      };
      expect(await asUser({})).toContain('warn host.sudoers');
      await carry(agent, [sudoKeyFor(place.user, SUDO_CA)]);
      // Then sudo itself says which service is the person's, and its rules.
      await place.writeSudoers([...SUDOERS_LINES, 'Defaults noninteractive_auth']);
      const found = await asUser({ SSH_AUTH_SOCK: agent.socketPath });
      expect(found).toEqual(
        expect.arrayContaining(['ok host.sudoers', 'ok session.forwarded', 'ok cert.sudo-principal']),
      );
      expect(found).not.toContain('fail host.pam-line');
      expect(await withCertificate()).toBe(0);
    });
  },
);

describe.runIf(haveParts({ go: 'golang-go' }))('what Go says of a build', () => {
  it('is what the doctor reads', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-test-go-'));
    const env = {
      GO111MODULE: 'on',
      GOFLAGS: '-mod=mod',
      GOPROXY: 'off',
      GOCACHE: join(directory, 'cache'),
      HOME: directory,
    };
    try {
      await mkdir(join(directory, 'x'));
      await writeFile(join(directory, 'x/go.mod'), 'module golang.org/x/crypto\n');
      await writeFile(join(directory, 'x/x.go'), 'package crypto\n\nvar X = "x"\n');
      await writeFile(
        join(directory, 'main.go'),
        'package main\n\nimport "golang.org/x/crypto"\n\nfunc main() { println(crypto.X) }\n',
      );
      const modules =
        'module example.org/m\n\nrequire golang.org/x/crypto v0.55.0\n\nreplace golang.org/x/crypto => ./x\n';
      await writeFile(join(directory, 'go.mod'), modules);
      await runOrThrow(program('go'), ['build', '-o', 'm', '.'], { env, cwd: directory });
      const said = await runOrThrow(program('go'), ['version', '-m', join(directory, 'm')], { env });
      const build = readGoBuild(new Uint8Array(await readFile(join(directory, 'm'))));
      expect(said).toContain(`: ${build?.goVersion}\n`);
      expect(said).toMatch(/dep\tgolang\.org\/x\/crypto\tv0\.55\.0/);
      // A local copy may be anything, whatever it is called.
      expect(build?.modules.get('golang.org/x/crypto')).toBe('(devel)');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
