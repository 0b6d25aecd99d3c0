/** The files for a host, read by the programs that they are for. PAM's lines are tried in test/interop/sudo. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCaFile } from '../../../src/fleet/ca-file.ts';
import { hostComment } from '../../../src/fleet/host-facts.ts';
import type { NixosOptions } from '../../../src/fleet/nixos.ts';
import { formatNixos } from '../../../src/fleet/nixos.ts';
import { formatSshd } from '../../../src/fleet/sshd.ts';
import { formatSudoers } from '../../../src/fleet/sudoers.ts';
import type { HostProgram } from '../../../src/fleet/systemd.ts';
import { formatService, formatTimer } from '../../../src/fleet/systemd.ts';
import { issue, validNow } from '../../support/certificates.ts';
import { generateKey, generateSigner } from '../../support/keys.ts';
import { haveParts, program } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';
import { LOGIN, SSHD_PARTS, startSshd } from '../../support/sshd.ts';
import { writeKey } from '../sudo/session.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'usher-test-fleet-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.runIf(haveParts({ visudo: 'sudo' }))('sudoers', () => {
  it.each([
    [{ noninteractive: false }],
    [{ noninteractive: true }],
    [{ noninteractive: true, rule: '%sudo' }],
    [{ noninteractive: false, rule: 'alice' }],
  ])('%j: visudo finds nothing wrong', async (options) => {
    const file = join(directory, 'sudoers');
    await writeFile(file, hostComment('web1') + formatSudoers(options), { mode: 0o440 });
    const { code, stdout, stderr } = await run(program('visudo'), ['-c', '-f', file]);
    expect({ code, output: stdout + stderr }).toEqual({ code: 0, output: `${file}: parsed OK\n` });
    await rm(file);
  });
});

describe.runIf(haveParts(SSHD_PARTS))('sshd', () => {
  const ca = generateSigner('ssh-ed25519');
  const key = generateKey('ssh-ed25519');
  const certificate = issue(ca, { subject: key.publicKey, principals: [`${LOGIN}@web1`], ...validNow() });
  const caFile = formatCaFile([{ purpose: 'login', key: ca.publicKey, state: 'active' }], 'login');

  it('reads the drop-in as it is meant', async () => {
    const [hostKey, config] = [join(directory, 'host'), join(directory, 'sshd_config')];
    await runOrThrow('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey]);
    const dropIn = join(directory, '20-usher.conf');
    await writeFile(dropIn, hostComment('web1') + formatSshd('/etc/ssh/usher'));
    await writeFile(config, `Include ${dropIn}\nHostKey ${hostKey}\n`);
    const settings = (await runOrThrow(program('sshd'), ['-T', '-f', config])).split('\n');
    expect(settings).toEqual(
      expect.arrayContaining([
        'trustedusercakeys /etc/ssh/usher/login_ca.pub',
        'authorizedprincipalsfile /etc/ssh/usher/principals/%u',
        'revokedkeys /etc/ssh/usher/revoked_keys',
      ]),
    );
  });

  it('lets in whom the files name, and nobody while the list of revoked keys is missing', async () => {
    const place = join(directory, 'place');
    await mkdir(join(place, 'principals'), { recursive: true });
    await writeFile(join(place, 'login_ca.pub'), hostComment('web1') + caFile);
    await writeFile(join(place, 'principals', LOGIN), `${LOGIN}@web1\n`);
    await writeFile(join(place, 'revoked_keys'), '');
    const identityFile = await writeKey(join(directory, 'id'), { key, certificate, comment: 'alice' });
    await using server = await startSshd({
      authorities: [],
      principals: {},
      config: formatSshd(place).split('\n'),
    });
    const before = await server.login({ identityFile });
    expect(before, before.stderr + server.log()).toMatchObject({ code: 0 });
    await rm(join(place, 'revoked_keys'));
    expect(await server.login({ identityFile })).toMatchObject({ code: 255 });
    await writeFile(join(place, 'revoked_keys'), '');
    expect(await server.login({ identityFile })).toMatchObject({ code: 0 });
  });
});

/** Without a store: nothing is built, and nothing is written outside the test. */
const NIX = ['--store', 'dummy://'];

describe.runIf(haveParts({ 'systemd-analyze': 'systemd' }))('the units of systemd', () => {
  it.each<[HostProgram, number]>([
    ['usher', 26],
    ['script', 25],
  ])('that run %s are understood, and expose little', async (name, most) => {
    const [service, timer] = ['service', 'timer'].map((unit) => join(directory, `usher-host-sync.${unit}`));
    if (service === undefined || timer === undefined) throw new Error('there are two');
    const text = formatService({ program: name, directory: '/etc/ssh/usher' });
    // The program itself is not installed here.
    await writeFile(service, text.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));
    await writeFile(timer, formatTimer());
    expect(await run(program('systemd-analyze'), ['verify', '--man=no', service, timer])).toMatchObject({
      code: 0,
      stderr: '',
    });
    const judge = ['security', '--offline=true', `--threshold=${most}`, service];
    expect(await run(program('systemd-analyze'), judge)).toMatchObject({ code: 0 });
  });
});

describe.runIf(haveParts({ 'nix-instantiate': 'nix-bin' }))('the NixOS module', () => {
  const ca = generateSigner('ssh-ed25519').publicKey;
  const OPTIONS: NixosOptions = {
    sudoName: 'web-1',
    everywhere: true,
    directory: '/etc/ssh/usher',
    noninteractive: true,
    loginCa: formatCaFile([{ purpose: 'login', key: ca, state: 'active' }], 'login'),
    sudoCa: formatCaFile([{ purpose: 'sudo', key: ca, state: 'active' }], 'sudo'),
  };

  async function evaluate(options: NixosOptions, group = 'null'): Promise<Record<string, unknown>> {
    const file = join(directory, 'usher.nix');
    await writeFile(file, formatNixos(options));
    await runOrThrow(program('nix-instantiate'), [...NIX, '--parse', file]);
    const how = ['--eval', '--strict', '--json', join(import.meta.dirname, 'options.nix')];
    const given = ['--arg', 'module', `import ${file}`, '--arg', 'group', group];
    return JSON.parse(await runOrThrow(program('nix-instantiate'), [...NIX, ...how, ...given]));
  }

  it('sets what is declared, each as it takes it', async () => {
    expect(await evaluate(OPTIONS)).toEqual({
      'security.pam.ussh.enable': true,
      'security.pam.ussh.control': 'sufficient',
      'security.pam.ussh.caFile': '/etc/ssh/usher/sudo_ca.pub',
      'security.pam.ussh.authorizedPrincipals': 'sudoer,sudoer@web-1',
      // Before pam_ussh, which is at 11300 here.
      'security.pam.services.sudo.rules.auth.usher-denied.order': 11290,
      'security.pam.services.sudo.rules.auth.usher-denied.control': 'requisite',
      'security.pam.services.sudo.rules.auth.usher-denied.modulePath': 'pam_listfile.so',
      'security.pam.services.sudo.rules.auth.usher-denied.args': [
        ...['item=user', 'sense=deny', 'file=/etc/ssh/usher/sudo_denied', 'onerr=fail'],
      ],
      'security.sudo.extraConfig': 'Defaults timestamp_timeout=0\nDefaults noninteractive_auth\n',
      'services.openssh.settings.TrustedUserCAKeys': '/etc/ssh/usher/login_ca.pub',
      'services.openssh.settings.AuthorizedPrincipalsFile': '/etc/ssh/usher/principals/%u',
      'services.openssh.settings.RevokedKeys': '/etc/ssh/usher/revoked_keys',
      'systemd.tmpfiles.rules': [
        'd /etc/ssh/usher 0755 root root -',
        'd /etc/ssh/usher/principals 0755 root root -',
        'f /etc/ssh/usher/revoked_keys 0644 root root -',
        'f /etc/ssh/usher/sudo_denied 0644 root root -',
        `C /etc/ssh/usher/login_ca.pub 0644 root root - <usher-login-ca:${OPTIONS.loginCa}>`,
        `C /etc/ssh/usher/sudo_ca.pub 0644 root root - <usher-sudo-ca:${OPTIONS.sudoCa}>`,
      ],
      assertions: [{ assertion: true, message: expect.stringContaining('group') }],
    });
  });

  it('brings no keys and no principal of every host where it is not to', async () => {
    const { loginCa, sudoCa, ...rest } = OPTIONS;
    const set = await evaluate({ ...rest, everywhere: false, noninteractive: false });
    expect(set['security.pam.ussh.authorizedPrincipals']).toBe('sudoer@web-1');
    expect(set['security.sudo.extraConfig']).toBe('Defaults timestamp_timeout=0\n');
    expect(set['systemd.tmpfiles.rules']).toHaveLength(4);
  });

  it.each<[HostProgram, string]>([
    ['usher', '/run/current-system/sw/bin/usher host sync'],
    ['script', '/shell SCRIPT sync'],
  ])('has a timer by which %s keeps the host', async (sync, command) => {
    const script = join(directory, 'usher-host');
    await writeFile(script, '#!/bin/sh\n');
    const set = await evaluate({ ...OPTIONS, sync });
    const service = set['systemd.services.usher-host-sync.serviceConfig'];
    expect(service).toMatchObject({
      ProtectSystem: 'strict',
      ReadWritePaths: expect.stringContaining('/etc/ssh/usher'),
    });
    const { ExecStart } = Value.Parse(Type.Object({ ExecStart: Type.String() }), service);
    expect(ExecStart.replace(/ \/nix\/store\/\S+-usher-host /, ' SCRIPT ')).toBe(command);
    expect(set).toMatchObject({
      'services.openssh.settings.HostCertificate': '/etc/ssh/usher/ssh_host_ed25519_key-cert.pub',
      'systemd.timers.usher-host-sync.wantedBy': ['timers.target'],
      'systemd.timers.usher-host-sync.timerConfig': { OnCalendar: '*:0/5', Persistent: 'true' },
    });
  });

  it('fails where somebody sets a group', async () => {
    expect(await evaluate(OPTIONS, '"wheel"')).toMatchObject({ assertions: [{ assertion: false }] });
  });
});
