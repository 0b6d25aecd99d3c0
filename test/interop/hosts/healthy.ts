/** What every program that keeps a host does while all is well, judged by the real `ssh` and `sshd`. */
import { chmod, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseCertificateLine } from '../../../src/ssh/certificate-line.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import type { HostProgramName } from '../../support/host-program.ts';
import { LOGIN } from '../../support/sshd.ts';
import type { Fleet, LoginFiles } from './fleet.ts';
import { ROSTER, startFleet } from './fleet.ts';
import { snapshot, snapshotOf } from './snapshot.ts';

const CERTIFICATE = 'ssh_host_ed25519_key-cert.pub';

export function describeHealthy(program: HostProgramName): void {
  let fleet: Fleet;
  let host: HostMachine;
  let login: LoginFiles;
  let token: string;

  beforeAll(async () => {
    fleet = await startFleet();
    host = await fleet.start('web1', program);
    login = await fleet.login();
    token = await fleet.invite('web1');
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });

  const visit = (files: Pick<LoginFiles, 'identityFile'> = login) =>
    host.visit({ ...files, knownHosts: fleet.knownHosts });
  const certificate = async () => parseCertificateLine(await host.file(CERTIFICATE)).certificate.fields;

  async function synced(...options: readonly string[]) {
    const result = await host.sync(...options);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    return result;
  }

  async function isIn(files?: Pick<LoginFiles, 'identityFile'>) {
    const result = await visit(files);
    expect(result, result.stderr).toMatchObject({ code: 0 });
  }

  it('does nothing before it is enrolled', async () => {
    expect((await visit()).stderr).toContain('Host key verification failed');
    const result = await host.sync();
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('enroll') });
  });

  it('is enrolled by a token: people log in without a question', async () => {
    const enrolled = await host.enroll(token);
    expect(enrolled, enrolled.stderr).toMatchObject({ code: 0 });
    await isIn();
    expect((await certificate()).principals).toEqual(['web1', 'web1.example.org']);
  });

  it('keeps what everybody reads as root’s, and its secrets to itself, whatever the umask was', async () => {
    for (const name of [...(await readdir(host.directory)), `principals/${LOGIN}`]) {
      const { mode, uid } = await stat(join(host.directory, name));
      expect([name, mode & 0o777, uid]).toEqual([name, name === 'principals' ? 0o755 : 0o644, uid]);
    }
    expect((await stat(host.state)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(host.state))
      expect([name, (await stat(join(host.state, name))).mode & 0o077]).toEqual([name, 0]);
  });

  it('changes nothing and reloads nothing when nothing is new', async () => {
    const [before, reloads] = [await snapshot(host), await host.reloads()];
    await synced();
    expect(await snapshot(host)).toEqual(before);
    expect(await host.reloads()).toBe(reloads);
  });

  it('shows its token again without being locked', async () => {
    const again = await host.enroll(token);
    expect(again, again.stderr).toMatchObject({ code: 0 });
  });

  it('refuses a revoked certificate after one sync, without a reload', async () => {
    const revoked = await fleet.login();
    await isIn(revoked);
    const reloads = await host.reloads();
    const target = { kind: 'serial', name: String(revoked.serial) } as const;
    await fleet.keep({ kind: 'revoke', target, reason: 'laptop lost' });
    await synced();
    expect(await visit(revoked)).toMatchObject({ code: 255 });
    await isIn();
    expect(await host.reloads()).toBe(reloads);
  });

  it('says in a dry run what would change, and changes nothing', async () => {
    const other = await fleet.login();
    const target = { kind: 'serial', name: String(other.serial) } as const;
    await fleet.keep({ kind: 'revoke', target, reason: 'laptop lost' });
    const [before, state] = [await snapshot(host), await snapshotOf(host.state)];
    const { stdout } = await synced('--dry-run');
    expect(stdout).toContain('revoked_keys');
    expect(await snapshot(host)).toEqual(before);
    expect(await snapshotOf(host.state)).toEqual(state);
    await synced();
    expect(await snapshot(host)).not.toEqual(before);
  });

  it('renews its certificates when the roster gives it other names, and tells sshd', async () => {
    const reloads = await host.reloads();
    const before = await certificate();
    await fleet.loadRoster(ROSTER.replace('web1.example.org', 'www.example.org'));
    await synced();
    expect((await certificate()).principals).toEqual(['web1', 'www.example.org']);
    expect((await certificate()).serial).not.toBe(before.serial);
    expect(await host.reloads()).toBe(reloads + 1);
    await isIn();
  });

  it('renews once when two runs begin at the same time', async () => {
    await fleet.loadRoster(ROSTER.replace('web1.example.org', 'twice.example.org'));
    const count = fleet.relay.requests.length;
    await Promise.all([synced(), synced()]);
    const requests = fleet.relay.requests.slice(count);
    expect(requests.filter((each) => each === 'POST /v1/hosts/certificates')).toHaveLength(1);
    expect(fleet.usherd.log()).not.toContain('ALARM');
  });

  it('takes the principals of a login away that is gone from the roster', async () => {
    await fleet.loadRoster(ROSTER.replace(`[${LOGIN}]`, `[${LOGIN}, deploy]`));
    await synced();
    expect(await host.file('principals/deploy')).toBe('deploy@web1\ndeploy@web\ndeploy\n');
    await fleet.loadRoster(ROSTER);
    await synced();
    expect(await readdir(join(host.directory, 'principals'))).toEqual(['carol', LOGIN].sort());
  });

  it('puts right what somebody changed: contents, modes, links', async () => {
    const before = await snapshot(host);
    await writeFile(join(host.directory, 'login_ca.pub'), 'nothing\n');
    await chmod(join(host.directory, 'revoked_keys'), 0o666);
    await rm(join(host.directory, 'principals', LOGIN));
    const elsewhere = join(host.state, '../elsewhere');
    await writeFile(elsewhere, 'not ours\n');
    await symlink(elsewhere, join(host.directory, 'principals', LOGIN));
    await writeFile(join(host.directory, 'principals/mallory'), `${LOGIN}@web1\n`);
    await synced();
    expect(await snapshot(host)).toEqual(before);
    expect(await readFile(elsewhere, 'utf8')).toBe('not ours\n');
    await isIn();
  });

  it('reports what it trusts, shows and has seen', async () => {
    await isIn();
    const count = fleet.relay.requests.length;
    await synced();
    expect(fleet.relay.requests.slice(count)).toContain('POST /v1/hosts/report');
    expect(fleet.usherd.log()).not.toContain('ALARM');
    const position = await readFile(join(host.state, 'seen'), 'utf8');
    expect(position).toBe(`file ${(await stat(host.log)).ino} ${(await stat(host.log)).size}\n`);
  });

  it('raises an alarm by a certificate that nobody issued, once, also when the log was rotated', async () => {
    await isIn(await fleet.forge(7n));
    await rename(host.log, `${host.log}.1`);
    await writeFile(host.log, '');
    await synced();
    expect(alarms(fleet)).toEqual(['unknown-serial']);
    await synced();
    expect(alarms(fleet)).toEqual(['unknown-serial']);
  });
}

function alarms({ usherd }: Fleet): readonly string[] {
  const lines = usherd.log().split('\n');
  return lines.flatMap((line) => /"alarm":"([a-z-]+)".*"ALARM"/.exec(line)?.[1] ?? []);
}
