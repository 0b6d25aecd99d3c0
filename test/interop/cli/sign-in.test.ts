import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveParts } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';
import type { SoftPlugin } from '../../support/soft-plugin.ts';
import { startSoftPlugin } from '../../support/soft-plugin.ts';
import { SSH_AGENT_PARTS } from '../../support/ssh-agent.ts';
import type { Sshd } from '../../support/sshd.ts';
import { LOGIN, SSHD_PARTS, startSshd } from '../../support/sshd.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import type { Terminal } from './enrolled.ts';
import { inviteFile, openTerminal, rosterFor } from './enrolled.ts';

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, ...SSHD_PARTS }))('signing in, from invite to ssh', () => {
  let plugin: SoftPlugin;
  let terminal: Terminal;
  let usherd: Usherd;
  let web1: Sshd;
  let web2: Sshd;

  beforeAll(async () => {
    plugin = await startSoftPlugin();
    terminal = await openTerminal(plugin.directory);
    usherd = await startUsherd({ roster: rosterFor([LOGIN, 'deploy']) });
    const invite = await inviteFile(usherd, terminal, 'alice');
    const enrolled = await terminal.usher('enroll', '--address-file', invite, '--with', 'soft', '--json');
    expect(enrolled, enrolled.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(enrolled.stdout)).toMatchObject({ person: 'alice', authority: usherd.origin });
    const authorities = [await loginCaLine(usherd)];
    web1 = await startSshd({ authorities, principals: { [LOGIN]: [`${LOGIN}@web1`, `${LOGIN}@web`] } });
    web2 = await startSshd({ authorities, principals: { [LOGIN]: [`${LOGIN}@web2`] } });
  });
  afterAll(async () => {
    for (const part of [web1, web2, usherd, terminal, plugin]) await part?.[Symbol.asyncDispose]();
  });

  const agent = () => terminal.agent.socketPath;

  it('an invite enrols once; after that it still makes a command know the authority', async () => {
    const touches = plugin.questions.length;
    const again = await terminal.usher(
      'enroll',
      '--address-file',
      join(terminal.home, 'invite'),
      '--with',
      'soft',
    );
    expect(again, again.stderr).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toContain('the invite was used before, so nothing was enrolled now');
    expect(plugin.questions).toHaveLength(touches);
  });

  it('who enrolled elsewhere makes a new machine know the authority by the same invite; its first login learns the rest', async () => {
    await using machine = await openTerminal(plugin.directory);
    const invite = join(terminal.home, 'invite');
    const pinned = await machine.usher('enroll', '--address-file', invite, '--with', 'soft');
    expect(pinned, pinned.stderr).toMatchObject({ code: 0 });
    const refused = await machine.usher('login');
    expect(refused.stderr).toContain('"usher login" now asks for that');
    const login = await machine.usher('login');
    expect(login, login.stderr).toMatchObject({ code: 0 });
    expect(await machine.identities()).toContain('usher login alice@');
  });

  it('one touch gives a certificate that opens web1 and not web2', async () => {
    const touches = plugin.questions.length;
    const login = await terminal.usher('login', '--login', LOGIN, '--host', 'web1');
    expect(login, login.stderr).toMatchObject({ code: 0, stdout: '' });
    expect(plugin.questions).toHaveLength(touches + 1);
    expect(login.stderr).toMatch(new RegExp(`logins +${LOGIN}\\n +hosts +web1\\n +lifetime +20h`));
    expect(await terminal.identities()).toMatch(/usher login alice@localhost:\d+ \(ED25519-CERT\)\n$/);

    const inside = await web1.login({ agent: agent(), command: 'echo inside' });
    expect(inside, inside.stderr + web1.log()).toMatchObject({ code: 0, stdout: 'inside\n' });
    const outside = await web2.login({ agent: agent() });
    expect(outside.code).toBe(255);
    await web2.waitForLog('Certificate does not contain an authorized principal');
  });

  it('a certificate for a group opens its hosts', async () => {
    const login = await terminal.usher('login', '--login', LOGIN, '--host', 'web');
    expect(login, login.stderr).toMatchObject({ code: 0 });
    expect(await web1.login({ agent: agent() })).toMatchObject({ code: 0 });
    expect((await web2.login({ agent: agent() })).code).toBe(255);
  });

  it('a new certificate takes the place of the old one, and leaves other keys alone', async () => {
    const other = join(terminal.home, 'other');
    await runOrThrow('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'my own key', '-f', other]);
    await runOrThrow('ssh-add', ['-q', other], { env: terminal.env });
    for (const _round of [1, 2]) expect((await terminal.usher('login')).code).toBe(0);
    const lines = (await terminal.identities()).trim().split('\n');
    expect(lines.filter((line) => line.includes('usher login'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('my own key'))).toHaveLength(1);

    expect(await terminal.usher('logout')).toMatchObject({ code: 0, stdout: '' });
    expect(await terminal.identities()).toMatch(/my own key \(ED25519\)\n$/);
    await runOrThrow('ssh-add', ['-q', '-d', other], { env: terminal.env });
  });

  it('with --confirm the agent asks, and without an answer signs nothing', async () => {
    const refused = await terminal.usher('login', '--host', 'web1', '--confirm');
    expect(refused.stderr).toContain('--confirm needs a program that asks you');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    const env = { SSH_ASKPASS: '/bin/true', SSH_ASKPASS_REQUIRE: 'force' };
    const login = await terminal.usherWith(['login', '--host', 'web1', '--confirm'], { env });
    expect(login, login.stderr).toMatchObject({ code: 0 });
    expect(await terminal.identities()).toContain('usher login alice@');
    // The agent itself was started without an askpass program, so nobody says yes.
    expect((await web1.login({ agent: agent() })).code).toBe(255);
    await terminal.usher('logout');
  });

  it('status answers by exit code, in words and as JSON', async () => {
    expect(await terminal.usher('status', '--quiet')).toEqual({ code: 3, stdout: '', stderr: '' });
    const none = await terminal.usher('status');
    expect(none).toMatchObject({ code: 3, stdout: '' });
    expect(none.stderr).toContain('usher: hint: get one: usher login');

    expect((await terminal.usher('login', '--for', '1h')).code).toBe(0);
    expect(await terminal.usher('status', '--quiet')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await terminal.usher('status')).stdout).toMatch(/^usher login alice@.*; 1h left, until /);
    const { valid, certificates } = JSON.parse((await terminal.usher('status', '--json')).stdout);
    expect(valid).toBe(true);
    expect(certificates).toMatchObject([
      { purpose: 'login', serial: expect.stringMatching(/^[1-9][0-9]*$/) },
    ]);
  });

  it('quiet status takes no other authority for this one, and is silent about whatever is wrong', async () => {
    const silent = (code: number) => ({ code, stdout: '', stderr: '' });
    expect(await terminal.usher('status', '--quiet', '--authority', 'ca.example.org')).toEqual(silent(3));
    const noAgent = { env: { SSH_AUTH_SOCK: '' } };
    expect(await terminal.usherWith(['status', '--quiet'], noAgent)).toEqual(silent(3));
  });

  it('what was not granted is refused after the touch, and the person is told what is', async () => {
    const denied = await terminal.usher('login', '--host', 'web2');
    expect(denied).toMatchObject({ code: 1, stdout: '' });
    expect(denied.stderr).toContain(`you may ask for ${LOGIN}, deploy on web, for up to 1d`);
    const tooLong = await terminal.usher('login', '--for', '2d');
    expect(tooLong).toMatchObject({ code: 1, stdout: '' });
    expect(tooLong.stderr).toMatch(/usher: error: /);
  });

  it('an existing key is certified in a file, the agent left alone', async () => {
    await terminal.usher('logout');
    const key = join(terminal.home, 'id_ecdsa');
    await runOrThrow('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', key]);
    const login = await terminal.usher('login', '--key', key);
    expect(login, login.stderr).toMatchObject({ code: 0, stdout: `${key}-cert.pub\n` });
    expect(await terminal.identities()).toBe('The agent has no identities.\n');
    expect((await stat(`${key}-cert.pub`)).mode & 0o777).toBe(0o644);
    const shown = await runOrThrow('ssh-keygen', ['-Lf', `${key}-cert.pub`]);
    expect(shown).toContain('ecdsa-sha2-nistp256-cert-v01@openssh.com user certificate');
    expect(await web1.login({ identityFile: key })).toMatchObject({ code: 0 });
  });

  it('certificate show says what ssh-keygen says', async () => {
    const file = join(terminal.home, 'id_ecdsa-cert.pub');
    const view = JSON.parse((await terminal.usher('certificate', 'show', file, '--json')).stdout);
    const shown = await runOrThrow('ssh-keygen', ['-Lf', file]);
    for (const fact of [view.serial, view.keyId, view.key, view.authority, ...view.principals])
      expect(shown).toContain(fact);
    expect(view.warnings).toEqual([]);
    const piped = await terminal.usherWith(['certificate', 'show', '-'], {
      input: await readFile(file, 'utf8'),
    });
    expect(piped).toMatchObject({ code: 0, stderr: '' });
    expect(piped.stdout).toContain(view.keyId);
  });

  it('the stanza of config ssh is what ssh reads', async () => {
    expect((await terminal.usher('login')).code).toBe(0);
    const { stdout } = await terminal.usher('config', 'ssh', '--host', 'web1', '*.example.org');
    const config = join(terminal.home, 'ssh_config');
    // The person's own stanza after ours, which alone would keep the certificate in the agent from being offered.
    await writeFile(config, `${stdout}\nHost *\n    IdentitiesOnly yes\n`);
    const bin = join(terminal.home, 'bin');
    await runOrThrow('sh', [
      '-c',
      `mkdir -p ${bin} && printf '#!/bin/sh\\nexec ${process.execPath} ${USHER} "$@"\\n' > ${bin}/usher && chmod +x ${bin}/usher`,
    ]);
    const env = { ...terminal.env, PATH: `${bin}:${terminal.env['PATH']}` };
    const ask = async (host: string) => (await run('ssh', ['-G', '-F', config, host], { env })).stdout;
    expect(await ask('web1')).toMatch(/^identitiesonly no$/m);
    expect(await ask('db.example.org')).toMatch(/^identityagent SSH_AUTH_SOCK$/m);
    expect(await ask('elsewhere')).toMatch(/^identitiesonly yes$/m);
    await terminal.usher('logout');
    expect(await ask('web1')).toMatch(/^identitiesonly yes$/m);
  });

  it('the doctor finds nothing wrong, and then what is', async () => {
    expect((await terminal.usher('login', '--host', 'web1')).code).toBe(0);
    const well = await terminal.usher('doctor', '--json', '--host', 'web1', '--login', LOGIN);
    const { verdict, checks } = JSON.parse(well.stdout);
    expect(well, well.stdout).toMatchObject({ code: 0 });
    expect(verdict).toBe('ok');
    expect(idsWith(checks, 'ok')).toEqual(
      expect.arrayContaining([
        'settings',
        'clock',
        'bundle',
        'agent',
        'touch',
        'certificate',
        'certificate-ca',
        'certificate-host',
      ]),
    );
    await terminal.usher('logout');
    const askpass = join(terminal.home, 'askpass');
    await writeFile(askpass, '#!/bin/sh\necho locked\n', { mode: 0o755 });
    const env = { ...terminal.env, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' };
    await runOrThrow('ssh-add', ['-x'], { env });
    const locked = await terminal.usher('doctor', '--json');
    await runOrThrow('ssh-add', ['-X'], { env });
    expect(locked.code).toBe(1);
    expect(idsWith(JSON.parse(locked.stdout).checks, 'fail')).toEqual(['agent']);
  });

  it('an absent agent is found before the touch', async () => {
    const touches = plugin.questions.length;
    const result = await terminal.usherWith(['login'], { env: { SSH_AUTH_SOCK: '' } });
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain('usher: hint: start one in this shell: eval "$(ssh-agent)"');
    expect(plugin.questions).toHaveLength(touches);
  });

  it('no secret is in the files that the command keeps', async () => {
    const { stdout } = await run('grep', [
      '-rlE',
      'PRIVATE|pollSecret|invite',
      join(terminal.home, 'config'),
      join(terminal.home, 'state'),
    ]);
    expect(stdout).toBe('');
    const { stdout: modes } = await run('find', [
      join(terminal.home, 'config'),
      join(terminal.home, 'state'),
      '-type',
      'f',
      '!',
      '-perm',
      '0600',
    ]);
    expect(modes).toBe('');
  });
});

const USHER = new URL('../../../bin/usher', import.meta.url).pathname;

interface SeenCheck {
  readonly id: string;
  readonly verdict: string;
}

function idsWith(checks: readonly SeenCheck[], verdict: string): readonly string[] {
  return checks.filter((check) => check.verdict === verdict).map(({ id }) => id);
}

async function loginCaLine(usherd: Usherd): Promise<string> {
  const reply = await fetch(`${usherd.origin}/v1/bundle`);
  const { statement } = (await reply.json()) as { statement: string };
  const bundle = JSON.parse(Buffer.from(statement, 'base64url').toString()) as {
    caKeys: { purpose: string; key: string }[];
  };
  return bundle.caKeys.find(({ purpose }) => purpose === 'login')?.key ?? '';
}
