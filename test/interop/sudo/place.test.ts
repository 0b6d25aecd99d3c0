/** That the support for tests with real sudo leaves nothing behind, and does not take no answer for a yes. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { generateKey } from '../../support/keys.ts';
import { run } from '../../support/run.ts';
import { haveSudo, openSudo } from '../../support/sudo.ts';
import { loginService, pamFile, sudoersFile } from '../../support/sudo-user.ts';

const authorities = [formatPublicKeyLine(generateKey('ssh-ed25519').publicKey)];

describe.runIf(haveSudo())('a place for sudo', () => {
  it('has no user, no file and no agent any more when the test is over', async () => {
    const place = await openSudo({ authorities });
    const { user, directory, uid } = place;
    const agent = await place.startAgent();
    expect(await readFile('/etc/passwd', 'utf8')).toContain(`${user}:`);
    expect([pamFile(user), sudoersFile(user), directory].map((path) => existsSync(path))).not.toContain(
      false,
    );
    await place[Symbol.asyncDispose]();
    expect(await readFile('/etc/passwd', 'utf8')).not.toContain(`${user}:`);
    expect(await readFile('/etc/group', 'utf8')).not.toContain(`${user}:`);
    const left = [
      pamFile(user),
      pamFile(loginService(user)),
      sudoersFile(user),
      directory,
      `/proc/${agent.pid}`,
    ];
    expect(left.filter((path) => existsSync(path))).toEqual([]);
    expect((await run('find', ['/tmp', '-maxdepth', '1', '-uid', `${uid}`])).stdout).toBe('');
  });

  it('sweeps what a killed run has left', async () => {
    const user = 'usher-test-4194305-abcdef';
    await run('useradd', ['--no-create-home', user]);
    const files = [pamFile(user), pamFile(loginService(user)), `${sudoersFile(user)}.new`];
    for (const path of files) await writeFile(path, '# left over\n');
    await using place = await openSudo({ authorities });
    expect(place.user).not.toBe(user);
    expect(await readFile('/etc/passwd', 'utf8')).not.toContain(`${user}:`);
    expect(files.filter((path) => existsSync(path))).toEqual([]);
  });

  it('does not touch what sudo asks of others, and PAM refuses the user without a certificate', async () => {
    await using place = await openSudo({ authorities });
    const result = await place.sudo();
    expect(result, result.reason).toMatchObject({ code: 1, stdout: '', hung: false });
    expect(result.stderr).toContain('No SSH_AUTH_SOCK');
    expect(await run('sudo', ['-n', 'id', '-un'])).toMatchObject({ code: 0, stdout: 'root\n' });
  });

  it('ends a sudo that waits for an agent that never answers', async () => {
    await using place = await openSudo({ authorities });
    const silent = createServer();
    const socket = join(place.directory, 'silent');
    await new Promise<void>((resolve) => silent.listen(socket, resolve));
    await run('chmod', ['777', socket]);
    const result = await place.sudo({ agent: socket, patience: 1_000 });
    silent.close();
    expect(result, result.reason).toMatchObject({ hung: true, stdout: '' });
    expect(result.code).not.toBe(0);
  });
});
