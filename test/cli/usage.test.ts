import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { UsherCommandError } from '../../cli/error.ts';
import { run } from '../../cli/run.ts';
import { say, sayError, whileWaiting, writeJson } from '../../cli/terminal.ts';
import { printable } from '../../src/ssh/printable.ts';

async function usher(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const output = { stdout: '', stderr: '' };
  const code = await run(args, {
    stdin: new PassThrough(),
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    env: { HOME: '/nonexistent' },
    fetch: () => Promise.reject(new Error('no network here')),
    now: () => 0,
    randomBytes: (length) => new Uint8Array(length),
    sleep: async () => undefined,
  });
  return { code, ...output };
}

describe('wrong usage', () => {
  it.each([
    [['nonsense']],
    [['login', '--nonsense']],
    [['login', 'extra']],
    [['login', '--for']],
    [['certificate', 'show']],
    [['doctor', 'nope']],
    [['enroll', 'alice']],
    [['enroll', 'x', '--address-file', 'y']],
    [['status', '--authority', '../x']],
    [[]],
  ])('%j: exit code 2, stdout empty, the reason on stderr', async (args) => {
    const { code, stdout, stderr } = await usher(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toBe('');
  });

  it('each error names the program', async () => {
    const { stderr } = await usher('login', '--nonsense');
    expect(stderr).toMatch(/^usher: error: unknown option/);
  });

  it('a part that doctor does not have is an unknown command', async () => {
    const { stderr } = await usher('doctor', 'nope');
    expect(stderr).toMatch(
      /^usher: error: unknown command "nope"\nusher: hint: .*usher doctor sudo, host, log\n$/,
    );
  });
});

it('help and version go to stdout', async () => {
  expect(await usher('--version')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: '',
  });
  const help = await usher('login', '--help');
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('Usage: usher login');
});

it('who is not enrolled is told what to do', async () => {
  for (const command of ['login', 'status', 'logout'])
    expect(await usher(command)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('usher enroll <address>'),
    });
});

describe('the terminal', () => {
  const speaker = (isTTY: boolean) => {
    const written: string[] = [];
    const output = { isTTY, write: (text: string) => written.push(text) };
    return { speaker: { stdin: new PassThrough(), stdout: output, stderr: output }, written };
  };

  it.each([
    ['\u001b[2J', '?[2J'],
    ['a\nb\r', 'a?b?'],
    ['\u202eevil', '?evil'],
    ['\u0000\u0085\u2028', '???'],
    ['grüße ✓', 'grüße ✓'],
  ])('shows %j as %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('cuts what is endless', () => {
    expect(printable('x'.repeat(10_000), 10)).toBe(`${'x'.repeat(10)}…`);
  });

  it('says error and hint, each on one line', () => {
    const { speaker: stderr, written } = speaker(false);
    sayError(stderr, new UsherCommandError('refused', 'no\nway', { hint: 'ask' }));
    expect(written.join('')).toBe('usher: error: no?way\nusher: hint: ask\n');
  });

  it('waits silently where nobody watches, and erases what it showed where somebody does', async () => {
    const silent = speaker(false);
    expect(await whileWaiting(silent.speaker, 'wait', Promise.resolve(1))).toBe(1);
    expect(silent.written).toEqual([]);
    const watched = speaker(true);
    await expect(whileWaiting(watched.speaker, 'wait', Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    expect(watched.written.at(0)).toContain('wait');
    expect(watched.written.at(-1)).toBe('\r\u001b[K');
  });

  it('says nothing that would move the terminal, and one line', () => {
    const { speaker: stderr, written } = speaker(false);
    say(stderr, 'approved\u001b[2J by\u009b1A bob\u202e\nusher: error: no');
    expect(written.join('')).toBe('usher: approved?[2J by?1A bob??usher: error: no\n');
  });

  it('writes JSON that moves no terminal, and says the same to programs', () => {
    const { speaker: stdout, written } = speaker(false);
    const value = { keyId: 'a\u001b[2J\u009b1A\u202e\u2028\u{e0041}\u007f\nb', list: ['ä'] };
    writeJson(stdout, value);
    const text = written.join('');
    expect(text.replaceAll('\n', '')).toMatch(/^[^\p{C}\u2028]*$/u);
    expect(JSON.parse(text)).toEqual(value);
    expect(text).toContain('ä');
  });

  it('writes numbers beyond 2^53 as text', () => {
    const { speaker: stdout, written } = speaker(false);
    writeJson(stdout, { serial: 2n ** 63n - 1n });
    expect(JSON.parse(written.join(''))).toEqual({ serial: '9223372036854775807' });
  });
});
