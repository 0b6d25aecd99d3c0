/** A host that is nothing but curl, tar, sha256sum and ssh-keygen, with the lines that docs/hosts.md gives, at a real usherd. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatTokenFile } from '../../../src/fleet/host/token-file.ts';
import { readPublicKeyFile } from '../../../src/ssh/key-file.ts';
import { run, runOrThrow } from '../../support/run.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { Person } from './person.ts';

const ROSTER = `
people:
  carol: { logins: [carol], roles: [engineer, keeper] }
  alice: { logins: [alice, root], roles: [engineer] }
roles:
  keeper: { manage: [hosts] }
  engineer: { login: { hosts: [web], lifetime: 8h } }
hosts:
  web1: { names: [web1, web1.example.org], groups: [web] }
`;

const page = await readFile(new URL('../../../docs/hosts.md', import.meta.url), 'utf8');
const [, BY_HAND = ''] = /```sh by-hand\n(.*?)```/s.exec(page) ?? [];

describe.each([['sh'], ['busybox sh']])('docs/hosts.md by hand, with %s', (shell) => {
  const [program = '', ...first] = shell.split(' ');
  let usherd: Usherd;
  let directory = '';

  beforeAll(async () => {
    usherd = await startUsherd({ roster: ROSTER });
    directory = await mkdtemp(join(tmpdir(), 'usher-by-hand-'));
    const carol = await Person.enrol(usherd, 'carol');
    const token = randomBytes(32).toString('base64url');
    const tokenHash = new Uint8Array(createHash('sha256').update(token).digest());
    const act = await carol.act({ kind: 'invite-host', host: 'web1', tokenHash });
    if (act.body.state !== 'done' || act.body.result.kind !== 'host-invited')
      throw new Error(JSON.stringify(act));
    const bundleKey = readPublicKeyFile(await readFile(join(usherd.dir, 'keys/bundle.pub'), 'utf8')).key;
    const file = {
      authority: usherd.origin,
      host: 'web1',
      bundleKey,
      token,
      until: act.body.result.expiresAt,
    };
    await writeFile(join(directory, 'host.token'), formatTokenFile(file), { mode: 0o600 });
    await runOrThrow('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'host_key')]);
  }, 60_000);

  afterAll(async () => {
    await usherd[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  it('enrols, checks and unpacks its files, and reports', { timeout: 60_000 }, async () => {
    const done = await run(program, [...first, '-c', BY_HAND], { cwd: directory });
    expect(done, done.stderr).toMatchObject({ code: 0 });

    const certificate = await runOrThrow('ssh-keygen', ['-L', '-f', join(directory, 'host_key-cert.pub')]);
    expect(certificate).toContain('host certificate');
    expect(certificate).toMatch(/Principals:\s+web1\s+web1\.example\.org\s+Critical Options: \(none\)/);
    expect(certificate).toMatch(/Key ID: "host:web1:[A-Za-z0-9_-]{22}"/);

    const ca = await readFile(join(usherd.dir, 'keys/login.pub'), 'utf8');
    expect(await readFile(join(directory, 'login_ca.pub'), 'utf8')).toContain(ca.split(' ')[1]);
    expect(await readFile(join(directory, 'principals'), 'utf8')).toContain('root root@web1 root@web root\n');
    expect(usherd.log()).toContain('"alarm":"unknown-serial","host":"web1","detail":"login 4711"');
  });

  it('is refused the second time: the token was used', { timeout: 60_000 }, async () => {
    const again = await run(program, [...first, '-c', BY_HAND], { cwd: directory });
    expect(again.code).not.toBe(0);
    expect(again.stderr).toContain('403');
    expect(usherd.log()).toContain('"alarm":"machine-locked"');
  });
});

it('docs/hosts.md by hand is clean to shellcheck', { timeout: 60_000 }, async () => {
  const checked = await run('shellcheck', ['-s', 'sh', '-'], { input: BY_HAND });
  expect(checked).toMatchObject({ code: 0, stdout: '' });
});
