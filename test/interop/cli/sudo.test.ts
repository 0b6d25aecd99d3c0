/** `usher sudo` and everything around it, each command as a person types it, at a real `usherd`. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CREDENTIAL_PARTS, makeCaCredential } from '../../support/ca-credential.ts';
import { haveParts } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';
import { SK_DUMMY, SSH_AGENT_PARTS } from '../../support/ssh-agent.ts';
import type { Sshd } from '../../support/sshd.ts';
import { LOGIN, SSHD_PARTS, startSshd } from '../../support/sshd.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import type { VirtualKey } from '../../support/virtual-key.ts';
import { startVirtualKey } from '../../support/virtual-key.ts';
import type { Person } from '../sudo/person.ts';
import { enrol, openPerson, printed, waitingFor } from '../sudo/person.ts';
import { makeSecurityKey } from './enrolled.ts';

const USHER = new URL('../../../bin/usher', import.meta.url).pathname;
const PEOPLE = (sudo: string) => `people:
  alice: { logins: [${LOGIN}], roles: [engineer] }
  bob: { logins: [${LOGIN}], roles: [lead] }
  carol: { logins: [${LOGIN}], roles: [lead] }
roles:
  engineer:
    login: { hosts: [web1, db1], lifetime: 20h, max_lifetime: 24h }
    sudo: ${sudo}
  lead:
    login: { hosts: [web1] }
    sudo: { hosts: [web1] }
hosts:
  web1: { names: [web1.example.org], groups: [web] }
  web2: { names: [web2.example.org], groups: [web], sudo_name: frontend-2 }
  db1: { names: [db1.example.org] }
`;

const PARTS = { ...SSH_AGENT_PARTS, ...SSHD_PARTS, [SK_DUMMY]: 'openssh-tests', pgrep: 'procps' };

describe.runIf(haveParts(PARTS))('sudo by the authority alone', () => {
  let alice: Person;
  let usherd: Usherd;

  beforeAll(async () => {
    usherd = await startUsherd({ roster: PEOPLE('{ hosts: [web, db1], lifetime: 1h, max_lifetime: 4h }') });
    alice = await openPerson('alice');
    await enrol(usherd, alice);
  });
  afterAll(async () => {
    for (const part of [alice, usherd]) await part?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await alice.usher('logout');
  });

  it('one touch gives a login and sudo, each in a certificate of its own', async () => {
    const touches = alice.touches();
    const { sudo, principals } = JSON.parse(
      await printed(alice, 'login', '--sudo', 'web1,web2', '--reason', 'disk full', '--json'),
    );
    expect(alice.touches()).toBe(touches + 1);
    expect(principals).toEqual([`${LOGIN}@web1`, `${LOGIN}@db1`]);
    expect(sudo.principals).toEqual([LOGIN, 'sudoer@web1', 'sudoer@frontend-2']);
    const shown = await runOrThrow('ssh-keygen', ['-L', '-f', '-'], { input: sudo.certificate });
    expect(shown).toMatch(/Critical Options: \(none\)\n\s+Extensions: \(none\)/);
    expect(await alice.identities()).toMatch(/usher login alice@.*\n.*usher sudo alice@.*\n$/);
    expect(await printed(alice, 'status')).toMatch(
      /usher sudo alice@.*sudoer@web1, sudoer@frontend-2; 1h left/,
    );
  });

  it('a further host joins, in one certificate; --only drops the others', async () => {
    await printed(alice, 'sudo', 'web1', '--for', '30m');
    await printed(alice, 'sudo', 'web2');
    expect(await sudoPrincipals()).toEqual([[LOGIN, 'sudoer@web1', 'sudoer@frontend-2']]);
    await printed(alice, 'sudo', 'db1', '--only');
    expect(await sudoPrincipals()).toEqual([[LOGIN, 'sudoer@db1']]);
  });

  it('what the role does not give is refused after the touch, and what it gives is said', async () => {
    const everywhere = await alice.usher('sudo', '--everywhere');
    expect(everywhere).toMatchObject({ code: 1, stdout: '' });
    const tooLong = await alice.usher('sudo', 'web1', '--for', '5h');
    expect(tooLong).toMatchObject({ code: 1, stdout: '' });
    expect(tooLong.stderr).toMatch(/usher: error: /);
    expect(await alice.identities()).toBe('The agent has no identities.\n');
  });

  it('a security key of the person goes into the agent with its certificate, and signs there', async () => {
    const key = await makeSecurityKey(alice, 'id_sudo');
    const { certificate } = JSON.parse(
      await printed(alice, 'sudo', 'web1', '--key', key, '--sk-provider', SK_DUMMY, '--json'),
    );
    expect(await alice.identities()).toMatch(/usher sudo alice@.* \(ED25519-SK-CERT\)\n$/);
    const file = join(alice.home, 'sudo-cert.pub');
    await writeFile(file, `${certificate}\n`);
    await runOrThrow('ssh-add', ['-T', file], { env: alice.env });
  });

  it('an RSA key is not certified', async () => {
    const key = join(alice.home, 'id_rsa');
    await runOrThrow('ssh-keygen', ['-q', '-t', 'rsa', '-N', '', '-f', key]);
    const refused = await alice.usher('sudo', 'web1', '--key', key);
    expect(refused.stderr).toMatch(/is an RSA key: pam-ussh has agents sign with SHA-1/);
    expect(refused.code).toBe(1);
  });

  it('a sudo certificate does not log in', async () => {
    await printed(alice, 'sudo', 'web1');
    const authorities = [await caLine(usherd, 'login')];
    await using web1 = await startSshd({ authorities, principals: { [LOGIN]: [`${LOGIN}@web1`, LOGIN] } });
    expect((await web1.login({ agent: alice.agent.socketPath })).code).toBe(255);
  });

  describe('with an agent of its own', () => {
    let web1: Sshd;
    let runtime: string;

    beforeAll(async () => {
      runtime = join(alice.home, 'run');
      await mkdir(runtime, { mode: 0o700 });
      const authorities = [await caLine(usherd, 'login')];
      const config = ['AllowAgentForwarding yes'];
      web1 = await startSshd({ authorities, principals: { [LOGIN]: [`${LOGIN}@web1`] }, config });
    });
    afterAll(async () => {
      await usher('login', '--no-own-agent');
      await web1?.[Symbol.asyncDispose]();
      const { stdout } = await run('pgrep', ['-f', `^ssh-agent -a ${runtime}/usher/agent$`]);
      for (const pid of stdout.trim().split('\n').filter(Boolean)) process.kill(Number(pid));
    });
    const usher = (...args: readonly string[]) =>
      alice.usherWith(args, { env: { XDG_RUNTIME_DIR: runtime } });

    it('a host that gets it forwarded sees our two keys, and none of the person', async () => {
      const own = join(alice.home, 'personal');
      await runOrThrow('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'personal', '-f', own]);
      await runOrThrow('ssh-add', ['-q', own], { env: alice.env });
      const login = await usher('login', '--own-agent', '--host', 'web1', '--sudo', 'web1');
      expect(login, login.stderr).toMatchObject({ code: 0 });
      const seen = await onHost('ssh-add -l');
      expect(seen).toMatch(/^256 .* usher login alice@.*\n256 .* usher sudo alice@.*\n$/);
      expect(await alice.identities()).toMatch(/^256 .* personal \(ED25519\)\n$/);
    });

    it('sudo goes there, status and doctor look there, logout empties it', async () => {
      expect((await usher('sudo', 'web2')).code).toBe(0);
      expect((await usher('status')).stdout).toContain('sudoer@web1, sudoer@frontend-2');
      expect((await usher('status', '--quiet')).code).toBe(0);
      expect((await usher('doctor')).stdout).toMatch(/ok +certificate: the certificate is valid/);
      expect((await usher('logout')).stderr).toContain('2 certificates are out of the agent');
      expect((await usher('status', '--quiet')).code).toBe(3);
    });

    it('without a runtime directory nothing is touched, and the way back is said', async () => {
      const touches = alice.touches();
      const refused = await alice.usherWith(['login'], { env: { XDG_RUNTIME_DIR: '' } });
      expect(refused.stderr).toMatch(/XDG_RUNTIME_DIR is not set.*\n.*usher login --no-own-agent/);
      expect(refused.code).toBe(1);
      expect(alice.touches()).toBe(touches);
    });

    /** By `ssh` alone, with what `usher config ssh` prints. */
    async function onHost(command: string): Promise<string> {
      const bin = join(alice.home, 'bin');
      await mkdir(bin, { recursive: true });
      const script = `#!/bin/sh\nexec ${process.execPath} ${USHER} "$@"\n`;
      await writeFile(join(bin, 'usher'), script, { mode: 0o755 });
      const { stdout } = await usher('config', 'ssh', '--host', 'web1');
      const config = join(alice.home, 'ssh_config');
      const known = join(alice.home, 'known_hosts');
      await writeFile(known, `web1 ${web1.hostKeyLine}\n`);
      const place = `Host web1\n  HostName 127.0.0.1\n  Port ${web1.port}\n`;
      // The first value counts: this host shows no certificate.
      const key = `Host web1\n  HostKeyAlias web1\n  UserKnownHostsFile ${known}\n`;
      await writeFile(config, `${key}${stdout}\n${place}  User ${LOGIN}\n`);
      const env = { ...alice.env, XDG_RUNTIME_DIR: runtime, PATH: `${bin}:${alice.env['PATH']}` };
      return runOrThrow('ssh', ['-F', config, 'web1', command], { env });
    }
  });

  async function sudoPrincipals(): Promise<readonly (readonly string[])[]> {
    const { certificates } = JSON.parse((await alice.usher('status', '--json')).stdout) as {
      certificates: readonly { readonly purpose: string; readonly principals: readonly string[] }[];
    };
    return certificates.filter(({ purpose }) => purpose === 'sudo').map(({ principals }) => principals);
  }
});

describe.runIf(haveParts(SSH_AGENT_PARTS))('sudo that others approve', () => {
  let people: readonly [alice: Person, bob: Person, carol: Person];
  let usherd: Usherd;

  beforeAll(async () => {
    const sudo = '{ hosts: [web1, db1], lifetime: 1h, approvals: 2, approvers: [lead], reason: required }';
    usherd = await startUsherd({ roster: PEOPLE(sudo) });
    people = await Promise.all([openPerson('alice'), openPerson('bob'), openPerson('carol')]);
    await enrol(usherd, ...people);
    await Promise.all(people.map((person) => printed(person, 'login')));
  });
  afterAll(async () => {
    for (const part of [...(people ?? []), usherd]) await part?.[Symbol.asyncDispose]();
  });

  it('is asked with a reason, seen by who may approve, and comes when enough did', async () => {
    const [alice, bob, carol] = people;
    const unsaid = await alice.usher('sudo', 'web1');
    expect(unsaid.stderr).toMatch(/usher: hint: say why: --reason/);
    expect(unsaid.code).toBe(2);

    const asked = alice.usher('sudo', 'web1', '--reason', 'the disk is full');
    const id = await waitingFor(bob);
    expect(await printed(bob, 'approvals')).toMatch(
      new RegExp(
        `^${id} {2}alice: sudo as ${LOGIN} on web1 for 1h \\(the disk is full\\); 0 of 2 approved; until `,
      ),
    );
    const first = await bob.usher('approve', id);
    expect(first.stderr).toMatch(
      /person +alice\n +sudo by +.*\n +hosts +web1\n(.*\n)* +reason +the disk is full/,
    );
    expect(first.stderr).toContain('approved: 1 of 2; it takes somebody else, too');
    const again = await bob.usher('approve', id);
    expect(again.stderr).toContain('you have approved this already');
    expect(again.code).toBe(1);
    expect(await printed(carol, 'approve', id, '--json')).toMatch(/"state": "issued"/);

    const got = await asked;
    expect(got, got.stderr).toMatchObject({ code: 0, stdout: '' });
    expect(got.stderr).toMatch(
      /it waits for 2 other people who may approve\n +they type +usher approve [\w-]{22}\n +or open +http/,
    );
    expect(await alice.identities()).toContain('usher sudo alice@');
  });

  it('a login is never held up by it', async () => {
    const [alice, bob, carol] = people;
    await printed(alice, 'logout');
    const asked = alice.usher('login', '--sudo', 'web1', '--reason', 'again');
    const id = await waitingFor(carol);
    expect((await alice.usher('status', '--quiet')).code).toBe(0);
    await printed(carol, 'reject', id);
    const ended = await asked;
    expect(ended.stderr).toContain('usher: error: carol rejected this request');
    expect(ended.code).toBe(1);
    expect(await alice.identities()).toMatch(/^256 .* usher login alice@.*\n$/);
    expect((await bob.usher('approve', id)).code).toBe(1);
  });

  it('nobody approves their own; who interrupts the command can take it back', async () => {
    const [alice, bob] = people;
    const command = start(alice, 'sudo', 'db1', '--reason', 'index is broken');
    const id = await waitingFor(bob);
    const address = await command.said(/or open +(\S+)/);
    expect((await alice.usher('approve', address)).stderr).toContain('nobody approves their own request');
    command.child.kill('SIGINT');
    expect(await command.ended).toBe(130);
    expect(command.text()).toMatch(
      /the request goes on waiting until .*\nusher: hint: take it back: usher reject '/,
    );
    expect(await waitingFor(bob)).toBe(id);
    await printed(alice, 'reject', address);
    expect(JSON.parse(await printed(bob, 'approvals', '--json'))).toMatchObject({ requests: [] });
  });

  it('a command whose authority is restarted meanwhile goes on', async () => {
    const [alice, bob, carol] = people;
    const asked = start(alice, 'sudo', 'web1', '--reason', 'restart');
    const id = await waitingFor(bob);
    usherd.signal('SIGTERM');
    await usherd.ended();
    await asked.said(/(the authority does not answer)/);
    await usherd.start();
    await printed(bob, 'approve', id);
    await printed(carol, 'approve', id);
    expect(await asked.ended, asked.text()).toBe(0);
  });
});

describe.runIf(
  haveParts({
    ...SSH_AGENT_PARTS,
    ...CREDENTIAL_PARTS,
  }),
)('sudo by a CA key that is a FIDO credential', () => {
  let key: VirtualKey;
  let people: readonly [alice: Person, bob: Person];
  let usherd: Usherd;

  beforeAll(async () => {
    key = await startVirtualKey();
    const { line, credentialId } = await makeCaCredential(key, 'ssh:usher-sudo-ca');
    const roster = `${PEOPLE('{ hosts: [web1] }')}sudo_ca:
  - { person: bob, key: "${line}", credential_id: ${credentialId} }
`;
    usherd = await startUsherd({
      roster,
      edit: (text) => text.replace(/^ {2}sudo: .*$/m, '  sudo: touch'),
    });
    await rm(join(usherd.dir, 'keys', 'sudo'));
    people = await Promise.all([openPerson('alice'), openPerson('bob')]);
    await enrol(usherd, ...people);
    await Promise.all(people.map((person) => printed(person, 'login')));
  });
  afterAll(async () => {
    for (const part of [...(people ?? []), usherd, key]) await part?.[Symbol.asyncDispose]();
  });

  it('it signs what somebody else asks for', async () => {
    const [alice, bob] = people;
    const asked = alice.usher('sudo', 'web1', '--json');
    const approved = await bob.usher('approve', await waitingFor(bob), '--device', key.device);
    expect(approved, approved.stderr).toMatchObject({ code: 0 });
    const got = await asked;
    expect(got, got.stderr).toMatchObject({ code: 0 });
    const shown = await runOrThrow('ssh-keygen', ['-L', '-f', '-'], {
      input: JSON.parse(got.stdout).certificate,
    });
    expect(shown).toMatch(/Signing CA: ECDSA-SK .*\(using sk-ecdsa-sha2-nistp256@openssh.com\)/);
  });

  it('it signs what its owner asks for, with no other touch', async () => {
    const [, bob] = people;
    const touches = bob.touches();
    await printed(bob, 'sudo', 'web1', '--ca-key', 'credential', '--device', key.device);
    expect(bob.touches()).toBe(touches);
    expect(await bob.identities()).toContain('usher sudo bob@');
    await printed(bob, 'sudo', 'web1', '--device', key.device);
    expect(bob.touches()).toBe(touches);
  });
});

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly text: () => string;
  readonly said: (pattern: RegExp) => Promise<string>;
}

/** A command that is not waited for. */
function start(person: Person, ...args: readonly string[]): Started {
  const child = spawn(process.execPath, [USHER, ...args], {
    env: { ...process.env, ...person.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(() => child.exitCode);
  const said = async (pattern: RegExp) => {
    await expect.poll(() => stderr, { timeout: 20_000 }).toMatch(pattern);
    return pattern.exec(stderr)?.[1] ?? '';
  };
  return { child, ended, text: () => stderr, said };
}

async function caLine(usherd: Usherd, purpose: string): Promise<string> {
  const reply = await fetch(`${usherd.origin}/v1/bundle`);
  const { statement } = (await reply.json()) as { statement: string };
  const bundle = JSON.parse(Buffer.from(statement, 'base64url').toString()) as {
    caKeys: { purpose: string; key: string }[];
  };
  return bundle.caKeys.find((key) => key.purpose === purpose)?.key ?? '';
}
