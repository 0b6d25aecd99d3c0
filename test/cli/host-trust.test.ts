/** `usher host trust`: what gets into a host's file of sudo CA keys, and how. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../cli/run.ts';
import { formatSudoCaFile } from '../../src/fleet/sudo-ca-file.ts';
import { formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { CAROL, DAVE, GONE, STATEMENT, sign, signedText } from '../fleet/statements.ts';

const STAGED = fileURLToPath(new URL('../support/staged-trust.ts', import.meta.url));

let directory: string;
let file: string;

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'usher-test-host-')), 'etc', 'usher');
  file = join(directory, 'sudo_ca.pub');
});
afterEach(() => rm(join(directory, '../..'), { recursive: true, force: true }));

async function trust(text: string, ...more: readonly string[]) {
  const output = { stdout: '', stderr: '' };
  const stdin = new PassThrough();
  stdin.end(text);
  const code = await run(['host', 'trust', '--statement', '-', '--dir', directory, ...more], {
    stdin,
    stdout: { write: (part) => (output.stdout += part) },
    stderr: { write: (part) => (output.stderr += part) },
    env: { HOME: '/nonexistent' },
    fetch: () => Promise.reject(new Error('no network here')),
    now: () => 0,
    randomBytes: (length) => new Uint8Array(length),
    sleep: async () => undefined,
  });
  return { code, ...output };
}

/** The command as a process of its own, which waits before it puts the file in place. */
function stage(text: string) {
  const statement = join(directory, 'statement');
  writeFileSync(statement, text);
  const child = spawn(process.execPath, [STAGED, '--statement', statement, '--dir', directory]);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
  });
  const ended = once(child, 'close').then(([code]: unknown[]) => ({ code, stderr }));
  const failed = () =>
    ended.then(() => {
      throw new Error(`it ended before: ${stderr}`);
    });
  return {
    isAboutToInstall: () => Promise.race([once(child.stdout, 'data'), failed()]),
    goOn: () => child.stdin.end('go on\n'),
    ended,
  };
}

const first = () => trust(signedText(STATEMENT, CAROL), '--first');
const NEXT = { ...STATEMENT, number: 8, keys: STATEMENT.keys.filter(({ state }) => state !== 'retired') };

describe('the first statement', () => {
  it('is taken over with --first alone, readable for everybody whatever the umask', async () => {
    const refused = await trust(signedText(STATEMENT, CAROL));
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('--first') });
    await rm(directory, { recursive: true });
    const before = process.umask(0o077);
    const taken = await first().finally(() => process.umask(before));
    expect(taken).toMatchObject({ code: 0, stderr: expect.stringContaining('root on this host') });
    expect(await readFile(file, 'utf8')).toBe(formatSudoCaFile(sign(STATEMENT)));
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    expect((await stat(directory)).mode & 0o777).toBe(0o755);
    expect(await readdir(directory)).toEqual(['sudo_ca.pub']);
  });

  it('is not taken over where something is, whatever it is', async () => {
    await first();
    const again = await trust(signedText({ ...STATEMENT, number: 9 }, CAROL), '--first');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') });
    await writeFile(file, `${formatPublicKeyLine(GONE.publicKey)}\n`);
    expect(await first()).toMatchObject({ code: 1 });
    expect(await readFile(file, 'utf8')).toBe(`${formatPublicKeyLine(GONE.publicKey)}\n`);
  });

  it('is not taken over when a retired key signed it', async () => {
    const result = await trust(signedText(STATEMENT, GONE), '--first');
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no key that the statement itself names'),
    });
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });
});

describe('the next statement', () => {
  beforeEach(first);

  it('replaces keys and statement, and says what changed', async () => {
    const next = sign(NEXT, DAVE);
    const { code, stdout } = await trust(next.text);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [
        '- number 7',
        `- key retired ${formatPublicKeyLine(GONE.publicKey, 'gone')}`,
        '+ number 8',
        '',
      ].join('\n'),
    });
    expect(await readFile(file, 'utf8')).toBe(formatSudoCaFile(next));
  });

  it('changes nothing with --dry-run, and says what it would change', async () => {
    const before = await readFile(file, 'utf8');
    const result = await trust(signedText(NEXT, CAROL), '--dry-run');
    expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('+ number 8') });
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it('is refused with --dry-run as without', async () => {
    expect(await trust(signedText(NEXT, GONE), '--dry-run')).toMatchObject({ code: 1, stdout: '' });
  });

  it('is nothing new when it is there already', async () => {
    const result = await trust(signedText(STATEMENT, CAROL));
    expect(result).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('already') });
  });

  it('does not bring back what somebody took out by hand, when it is there already', async () => {
    const line = `\n${formatPublicKeyLine(CAROL.publicKey, 'carol')}\n`;
    const changed = (await readFile(file, 'utf8')).replace(line, '\n');
    await writeFile(file, changed);
    const again = await trust(signedText(STATEMENT, CAROL));
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('changed it by hand') });
    expect(await trust(signedText(NEXT, CAROL))).toMatchObject({ code: 1 });
    expect(await readFile(file, 'utf8')).toBe(changed);
    expect(await trust(signedText(NEXT, DAVE))).toMatchObject({ code: 0 });
  });

  it('that changes the principals says that PAM has to follow', async () => {
    const result = await trust(signedText({ ...NEXT, everywhere: false }, CAROL));
    expect(result.stdout).toContain('- principals sudoer,sudoer@HOST\n');
    expect(result.stderr).toContain('usher export pam --no-everywhere');
  });

  it('that is older never takes the place of a newer one, when they come at once', async () => {
    const [eight, nine] = [signedText(NEXT, CAROL), signedText({ ...NEXT, number: 9 }, CAROL)];
    for (const both of [
      [eight, nine],
      [nine, eight],
      [eight, nine],
    ]) {
      await Promise.all(both.map((text) => trust(text)));
      expect(await readFile(file, 'utf8')).toBe(formatSudoCaFile(sign({ ...NEXT, number: 9 })));
      expect(await readdir(directory)).toEqual(['sudo_ca.pub']);
      await rm(file);
      await first();
    }
  });

  // The second one waits for three seconds before it gives up.
  it('is refused while another process is at work, which is not driven out', async () => {
    const slow = stage(signedText(NEXT, CAROL));
    await slow.isAboutToInstall();
    const late = stage(signedText({ ...NEXT, number: 9 }, CAROL));
    late.goOn();
    expect(await late.ended).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /sudo_ca\.pub\.lock exists: another usher.*\n.*hint: .*: rm \S+\.lock\n$/,
      ),
    });
    slow.goOn();
    expect(await slow.ended).toMatchObject({ code: 0 });
    expect(await readFile(file, 'utf8')).toBe(formatSudoCaFile(sign(NEXT)));
    expect(await readdir(directory)).toEqual(['statement', 'sudo_ca.pub']);
  }, 20_000);

  it('is looked at with --dry-run all the same', async () => {
    await writeFile(`${file}.lock`, '');
    expect(await trust(signedText(NEXT, CAROL), '--dry-run')).toMatchObject({ code: 0 });
  });

  it('is read from the file of another host too', async () => {
    expect(await trust(formatSudoCaFile(sign(NEXT)))).toMatchObject({ code: 0 });
    expect(await readFile(file, 'utf8')).toBe(formatSudoCaFile(sign(NEXT)));
  });

  it('is refused where the file was made by hand', async () => {
    await writeFile(file, `${formatPublicKeyLine(CAROL.publicKey)}\n`);
    const result = await trust(signedText(NEXT, CAROL));
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('put there by hand') });
  });

  it('is refused where others may write', async () => {
    const before = await readFile(file, 'utf8');
    await chmod(directory, 0o777);
    const result = await trust(signedText(NEXT, CAROL));
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('others may write') });
    expect(await readFile(file, 'utf8')).toBe(before);
    expect(await readdir(directory)).toEqual(['sudo_ca.pub']);
  });
});

it('what is no statement, or too long, or no path, is refused', async () => {
  expect(await trust('', '--first')).toMatchObject({ code: 1, stdout: '' });
  expect(await trust('x'.repeat(300_000), '--first')).toMatchObject({ code: 1, stdout: '' });
  expect(await trust('', '--first', '--dir', '/etc/a b')).toMatchObject({ code: 2, stdout: '' });
});
