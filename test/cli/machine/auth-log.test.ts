import { appendFile, mkdtemp, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAuthLog } from '../../../cli/machine/auth-log.ts';
import { isCutOff, seenIn } from '../../../cli/machine/auth-log-lines.ts';
import { realSurroundings } from '../../../cli/real-surroundings.ts';

const CA = `SHA256:${'A'.repeat(43)}`;
const OTHER_CA = `SHA256:${'B'.repeat(43)}`;
const TRUSTED = new Map([[CA, 'login'] as const]);

function accepted(serial: number, ca = CA, keyId = 'login:alice:x'): string {
  const start = 'Nov 22 03:17:38 web1 sshd[4711]: Accepted publickey for alice from 192.0.2.1 port 5000 ssh2';
  return `${start}: ED25519-CERT SHA256:${'C'.repeat(43)} ID ${keyId} (serial ${serial}) CA ED25519 ${ca}`;
}

describe('a line', () => {
  it.each([
    ['of sshd', accepted(7), 'login', 7n],
    [
      'of sshd, with the time in ISO 8601',
      accepted(7).replace(/^.*? web1/, '2026-11-22T03:17:38.1+00:00 web1'),
      'login',
      7n,
    ],
    ['of sshd since 9.8', accepted(7).replace('sshd[', 'sshd-session['), 'login', 7n],
    ['of an sshd with a log of its own', accepted(7).replace(/^.*?: /, ''), 'login', 7n],
    ['with a key id that looks like an end', accepted(7, CA, `x (serial 8) CA ED25519 ${CA}`), 'login', 7n],
    [
      'of pam-ussh',
      'pam-ussh[1]: Authentication succeded for alice. Matched principal sudoer, cert 42',
      'sudo',
      42n,
    ],
    [
      'of pam-ussh without principals',
      'pam-ussh[1]: Authentication succeeded for "alice" (cert "alice", 42)',
      'sudo',
      42n,
    ],
    [
      'of another build of it',
      'pam-ussh[1]: authentication succeeded for "alice". Matched principal "sudoer" (cert "sudo:alice:x", 42)',
      'sudo',
      42n,
    ],
  ])('%s names a certificate', (_title, line, purpose, serial) => {
    expect(seenIn(line, TRUSTED)).toEqual({ purpose, serial });
  });

  it.each([
    ['of a CA that this host does not trust', accepted(7, OTHER_CA)],
    ['of a key without a certificate', accepted(7).replace(/ ID .*/, '')],
    ['of a refusal', accepted(7).replace('Accepted', 'Failed')],
    ['with a serial that is none', accepted(7).replace('serial 7', 'serial 99999999999999999999')],
    ['of another program that quotes it', accepted(7).replace('sshd[4711]', 'mallory[1]')],
    ['of another program that quotes a whole line', accepted(7).replace('web1 ', 'web1 mallory[1]: ')],
    ['of another program without a number', accepted(7).replace('web1 ', 'web1 mallory: ')],
    [
      'of another program that quotes pam-ussh',
      'Nov 22 03:17:38 web1 x: pam-ussh[1]: Authentication succeeded for a, cert 4',
    ],
    ['that goes on', `${accepted(7)} and more`],
  ])('%s names none', (_title, line) => {
    expect(seenIn(line, TRUSTED)).toBeUndefined();
  });
});

describe('a line that sshd cut off', () => {
  const cut = (keyId: string) => accepted(7, CA, keyId).slice(0, 1023);

  it('is noticed: its certificate is not known', () => {
    expect(isCutOff(cut('x'.repeat(2000)))).toBe(true);
    expect(isCutOff(cut(`x (serial 8) CA ED25519 ${CA} ${'y'.repeat(2000)}`))).toBe(true);
    expect(isCutOff(`${accepted(7)} and more`)).toBe(true);
  });

  it('is none that is whole, of a key without a certificate, or of another program', () => {
    for (const line of [accepted(7), accepted(7, OTHER_CA), accepted(7).replace(/-CERT.*/, ' SHA256:x')])
      expect(isCutOff(line)).toBe(false);
    expect(isCutOff(cut('x'.repeat(2000)).replace('sshd[4711]', 'mallory[1]'))).toBe(false);
  });
});

describe('a log in a file', () => {
  let directory: string;
  let log: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-test-log-'));
    log = join(directory, 'auth.log');
    await writeFile(log, `${accepted(1)}\n${accepted(2)}\r\n${accepted(1)}\n`);
  });
  afterEach(() => rm(directory, { recursive: true }));

  const surroundings = realSurroundings();
  const read = async (position?: string) => {
    const { seen, position: next } = await readAuthLog(surroundings, log, position, TRUSTED);
    return { serials: seen.map(({ serial }) => serial), next };
  };

  it('is read from its beginning, each certificate once, and then from where reading stopped', async () => {
    const first = await read();
    expect(first.serials).toEqual([1n, 2n]);
    expect(first.next).toBe(`file ${(await stat(log)).ino} ${(await stat(log)).size}\n`);
    expect((await read(first.next)).serials).toEqual([]);
    await appendFile(log, `${accepted(3)}\n`);
    expect((await read(first.next)).serials).toEqual([3n]);
  });

  it('that is long is read in parts, each as much as a report holds, and says that there is more', async () => {
    const lines = Array.from({ length: 2500 }, (_, index) => `${accepted(index + 1)}\n`);
    await writeFile(log, lines.join(''));
    const parts = [];
    for (let position: string | undefined; ; ) {
      const { seen, position: next, isMoreLeft } = await readAuthLog(surroundings, log, position, TRUSTED);
      parts.push(seen.length);
      position = next;
      if (!isMoreLeft) break;
    }
    expect(parts).toEqual([1000, 1000, 500]);
  });

  it('leaves a line alone that is not whole', async () => {
    const { next } = await read();
    await appendFile(log, accepted(3));
    const half = await read(next);
    expect(half.serials).toEqual([]);
    await appendFile(log, '\n');
    expect((await read(half.next ?? next)).serials).toEqual([3n]);
  });

  it('is read to its end when it was rotated, then the new one', async () => {
    const { next } = await read();
    await appendFile(log, `${accepted(3)}\n`);
    await rename(log, `${log}.1`);
    await writeFile(log, `${accepted(4)}\n`);
    const rotated = await read(next);
    const rest = await read(rotated.next);
    expect([...rotated.serials, ...rest.serials]).toEqual([3n, 4n]);
  });

  it('is read from its beginning when the old one is gone, or was cut short', async () => {
    const { next } = await read();
    await truncate(log, 0);
    await writeFile(log, `${accepted(5)}\n`);
    expect((await read(next)).serials).toEqual([5n]);
    expect((await read('file 1 99\n')).serials).toEqual([5n]);
  });

  it('says when it can not be read', async () => {
    await rm(log);
    await expect(read()).rejects.toThrow('ENOENT');
    log = directory;
    await expect(read()).rejects.toThrow();
  });
});
