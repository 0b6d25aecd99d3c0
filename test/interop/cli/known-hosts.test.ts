/** From invite and login to real `ssh` that asks nobody about a fingerprint, and refuses what it has to. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { authorityName } from '../../../cli/paths.ts';
import { parseTokenFile } from '../../../src/fleet/host/token-file.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import { startHost } from '../../support/host-machine.ts';
import { haveParts } from '../../support/parts.ts';
import type { ProgramResult } from '../../support/run.ts';
import { run, runOrThrow } from '../../support/run.ts';
import type { SoftPlugin } from '../../support/soft-plugin.ts';
import { startSoftPlugin } from '../../support/soft-plugin.ts';
import { SSH_AGENT_PARTS } from '../../support/ssh-agent.ts';
import type { Sshd } from '../../support/sshd.ts';
import { LOGIN, SSHD_PARTS, startSshd } from '../../support/sshd.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import type { Terminal } from './enrolled.ts';
import { inviteFile, openTerminal } from './enrolled.ts';

const NAME = 'web1.example.org';

const ROSTER = `people:
  alice: { logins: ["${LOGIN}"], roles: [keeper] }
roles:
  keeper:
    manage: [hosts, revoke, ca]
    login: { hosts: [web1, web2], lifetime: 20h }
hosts:
  web1: { names: [web1.example.org, 127.0.0.1] }
  web2: { names: [web2.example.org] }
`;

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, ...SSHD_PARTS }))(
  'hosts are known by their certificates',
  () => {
    let plugin: SoftPlugin;
    let terminal: Terminal;
    let usherd: Usherd;
    let sshd: Sshd | undefined;
    let host: HostMachine | undefined;
    let stanza = '';

    beforeAll(async () => {
      plugin = await startSoftPlugin();
      terminal = await openTerminal(plugin.directory);
      usherd = await startUsherd({ roster: ROSTER });
      await usher('enroll', '--address-file', await inviteFile(usherd, terminal, 'alice'), '--with', 'soft');
      await usher('login');
      stanza = await usher('export', 'ssh-config', '--host', 'web1');
    });
    afterAll(async () => {
      for (const part of [usherd, terminal, plugin]) await part?.[Symbol.asyncDispose]();
    });
    afterEach(async () => {
      await sshd?.[Symbol.asyncDispose]();
      await host?.[Symbol.asyncDispose]();
      sshd = undefined;
      host = undefined;
    });

    /** @returns what it printed. */
    async function usher(...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await terminal.usher(...args);
      if (code !== 0) throw new Error(`usher ${args.join(' ')}: ${stderr}`);
      return stdout;
    }

    const state = (file: string) =>
      join(terminal.env['XDG_STATE_HOME'] ?? '', 'usher', authorityName(usherd.origin), file);
    const ca = (purpose: string) => join(usherd.dir, 'keys', purpose);

    /** A server that shows a host certificate by this CA key. */
    async function serve(caFile: string, ...options: string[]): Promise<number> {
      const loginCa = await readFile(`${ca('login')}.pub`, 'utf8');
      sshd = await startSshd({
        authorities: [loginCa.trim()],
        principals: { [LOGIN]: [`${LOGIN}@web1`] },
        hostCertificate: (line) => hostCertificate(caFile, line, options),
      });
      return sshd.port;
    }

    async function foreignCa(): Promise<string> {
      const file = join(terminal.home, 'foreign_ca');
      await runOrThrow('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
      return file;
    }

    async function hostCertificate(
      caFile: string,
      line: string,
      options: readonly string[],
    ): Promise<string> {
      const file = join(terminal.home, 'host_key.pub');
      await writeFile(file, `${line}\n`);
      const given = options.length === 0 ? ['-n', NAME] : options;
      await runOrThrow('ssh-keygen', [
        '-q',
        '-s',
        caFile,
        '-h',
        '-I',
        'host:web1',
        '-z',
        '7',
        ...given,
        file,
      ]);
      return (await readFile(join(terminal.home, 'host_key-cert.pub'), 'utf8')).trim();
    }

    /** web1 with new keys, and host certificates by an invite of the person. */
    async function enrol(): Promise<HostMachine> {
      const file = join(terminal.home, 'web1.token');
      await rm(file, { force: true });
      await usher('host', 'invite', 'web1');
      const token = await readFile(file, 'utf8');
      const { bundleKey } = parseTokenFile(token);
      const enrolled = await startHost('web1', { authority: usherd.origin, bundleKey, program: 'usher' });
      await enrolled.mustEnroll(token);
      return enrolled;
    }

    /** `ssh web1`, strict, with the stanza as it was exported and nothing else of trust. */
    async function ssh(port: number, trust = stanza): Promise<ProgramResult> {
      const config = join(terminal.home, 'ssh_config');
      const reach = `Host *\n  HostName 127.0.0.1\n  Port ${port}\n  User ${LOGIN}\n  BatchMode yes\n  ConnectTimeout 20\n`;
      await writeFile(config, `${trust}\n${reach}`);
      return run('ssh', ['-F', config, 'web1', 'true'], { env: terminal.env });
    }

    const check = (port: number) => terminal.usher('host', 'check', '127.0.0.1', '--port', String(port));

    it('ssh takes a host by its certificate, without a question', async () => {
      const port = await serve(ca('host'));
      const result = await ssh(port);
      expect(result, result.stderr).toMatchObject({ code: 0 });
    });

    it.each<[string, () => Promise<number>, RegExp]>([
      [
        'one that is over',
        () => serve(ca('host'), '-n', NAME, '-V', '-2h:-1h'),
        /is not valid now, but from /,
      ],
      ['one that is not valid yet', () => serve(ca('host'), '-n', NAME, '-V', '+1h:+2h'), /is not valid now/],
      [
        'that of another host',
        () => serve(ca('host'), '-n', 'web2.example.org'),
        /is for web2\.example\.org, not for web1/,
      ],
      ['one by the CA key of logins', () => serve(ca('login')), /is signed by another CA key: SHA256:/],
      [
        'one by a CA key of its own',
        async () => serve(await foreignCa()),
        /is signed by another CA key: SHA256:/,
      ],
    ])('ssh refuses %s, and host check says why', async (_what, start, reason) => {
      const port = await start();
      const { code, stderr } = await ssh(port);
      expect(code).toBe(255);
      expect(stderr).toMatch(/Host key verification failed/);
      const checked = await check(port);
      expect(checked).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/ssh does not take 127\.0\.0\.1: /),
      });
      expect(checked.stderr).toMatch(reason);
    });

    it('host check: takes a good one, and finds one without names, which is good for every host', async () => {
      const good = await check(await serve(ca('host')));
      expect(good, good.stderr).toMatchObject({ code: 0 });
      expect(good.stdout).toMatch(/^certificate 7 \(Ed25519\) for web1\.example\.org, from .*: good\n$/);
      await sshd?.stop();
      expect(await check(await serve(ca('host'), '-V', '-1h:+1h'))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/its certificate is for no host, not for web1\.example\.org/),
      });
    });

    it('host check: a host without a certificate, and none at all', async () => {
      const plain = await startSshd({ authorities: [], principals: {} });
      const checked = await check(plain.port);
      await plain.stop();
      expect(checked).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/shows no certificate/),
      });
      expect(await check(plain.port)).toMatchObject({ code: 1, stderr: expect.stringMatching(/refused/) });
    });

    it('"usher config ssh" makes the files that it names: ssh refuses every host while one is missing', async () => {
      const port = await serve(ca('host'));
      const trust = await usher('config', 'ssh', '--host', 'web1');
      const strict = 'Host *\n  StrictHostKeyChecking yes\n  GlobalKnownHostsFile /dev/null\n';
      const result = await ssh(port, `${strict}${trust}`);
      expect(result, result.stderr).toMatchObject({ code: 0 });
      await rm(state('revoked_host_keys'));
      expect(await ssh(port, `${strict}${trust}`)).toMatchObject({ code: 255 });
      await usher('config', 'ssh', '--host', 'web1');
      expect(await ssh(port, `${strict}${trust}`)).toMatchObject({ code: 0 });
      await usher('login');
    });

    it('a host enrols with an invite; what is revoked is refused from the next login on', async () => {
      await usher('host', 'invite', 'web1');
      const token = await readFile(join(terminal.home, 'web1.token'), 'utf8');
      const { bundleKey } = parseTokenFile(token);
      host = await startHost('web1', { authority: usherd.origin, bundleKey, program: 'usher' });
      await host.mustEnroll(token);
      const logged = await ssh(host.port);
      expect(logged, logged.stderr).toMatchObject({ code: 0 });
      expect(await usher('host', 'list')).toMatch(/^web1 /);
      const revoked = await usher('revoke', '--machine', 'web1', '--reason', 'disk was copied');
      expect(revoked.trim().split('\n')).toHaveLength(2);
      await usher('login');
      expect(await ssh(host.port)).toMatchObject({ code: 255 });
      expect((await check(host.port)).stderr).toMatch(/its certificate is revoked/);
    });

    it('a host key that was stolen is refused, whatever certificate is shown for it', async () => {
      host = await enrol();
      const logged = await ssh(host.port);
      expect(logged, logged.stderr).toMatchObject({ code: 0 });
      for (const key of host.keys) await usher('revoke', '--key', `${key}.pub`, '--reason', 'stolen');
      await usher('login');
      const { code, stderr } = await ssh(host.port);
      expect(code).toBe(255);
      expect(stderr).toMatch(/revoked/i);
    });

    it('of a revoked CA key nothing counts from the next login on', async () => {
      const key = `${ca('host')}.pub`;
      const port = await serve(ca('host'));
      expect(await ssh(port)).toMatchObject({ code: 0 });
      const { stderr } = await terminal.usher('ca', 'revoke', key, '--reason', 'stolen');
      expect(stderr).toMatch(/the CA key for host is revoked/);
      await usher('login');
      expect(await readFile(state('known_hosts'), 'utf8')).toMatch(/^@revoked \* /m);
      expect(await ssh(port)).toMatchObject({ code: 255 });
      expect((await check(port)).stderr).toMatch(/is signed by a CA key that is revoked/);
      expect(await usher('ca', 'list')).toMatch(/^host {4}SHA256:\S+ {2}revoked /m);
    });
  },
);
