/** The program for hosts without Node: what is filled in, and that nothing else can be. test/interop/hosts runs it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FILE_LIMITS } from '../../src/fleet/host/file-limits.ts';
import { DEFAULT_DIRECTORY } from '../../src/fleet/host-facts.ts';
import { fillHostScript } from '../../src/fleet/host-script.ts';
import { formatHostDropIn } from '../../src/fleet/sshd.ts';
import { formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { codeOf } from '../support/code-of.ts';
import { generateKey, generateSecurityKey, PLAIN_KEY_TYPES } from '../support/keys.ts';

const SCRIPT = readFileSync(new URL('../../share/usher-host.sh', import.meta.url), 'utf8');
const LINES = SCRIPT.split('\n');
const bundleKey = generateKey('ssh-ed25519').publicKey;
const authority = 'https://ca.example.org';

describe('an authority that a shell would read as more than a word', () => {
  it.each([
    '',
    'ca.example.org',
    'http://ca.example.org',
    'https://ca.example.org/',
    'https://ca.example.org/path',
    'https://user@ca.example.org',
    "https://ca.example.org'; id; '",
    'https://ca.example.org$(id)',
    'https://ca.example.org\nid',
    'https://ca.example.org ',
    'https://CA.example.org',
    'https://ca.example.org:443',
    'https://cä.example.org',
    'https://*.example.org',
    'https://a&b.example.org',
    '@BUNDLE_KEY@',
  ])('is refused: %j', (evil) => {
    expect(codeOf(() => fillHostScript(SCRIPT, { authority: evil, bundleKey }))).toBe('bad-value');
  });

  it.each(['https://ca.example.org', 'https://ca.example.org:8443', 'http://localhost:9', 'https://[::1]'])(
    'is none in %j',
    (good) => {
      expect(fillHostScript(SCRIPT, { authority: good, bundleKey })).toContain(`\nAUTHORITY='${good}'\n`);
    },
  );
});

it('is not made for a bundle key that costs a touch', () => {
  const touched = generateSecurityKey('sk-ssh-ed25519@openssh.com').publicKey;
  expect(codeOf(() => fillHostScript(SCRIPT, { authority, bundleKey: touched }))).toBe('bad-value');
});

it.each(PLAIN_KEY_TYPES)(
  'has the authority and the bundle key filled in, of type %s, and nothing else',
  (type) => {
    const key = generateKey(type).publicKey;
    const filled = fillHostScript(SCRIPT, { authority, bundleKey: key }).split('\n');
    expect(filled.filter((line, index) => line !== LINES[index])).toEqual([
      `AUTHORITY='${authority}'`,
      `BUNDLE_KEY='${formatPublicKeyLine(key)}'`,
    ]);
    expect(filled).toHaveLength(LINES.length);
  },
);

it('is not filled in when a place is missing, or there twice', () => {
  for (const script of [SCRIPT.replace("'@AUTHORITY@'", ''), `${SCRIPT}# '@AUTHORITY@'\n`])
    expect(() => fillHostScript(script, { authority, bundleKey })).toThrow(TypeError);
});

describe('the script', () => {
  it('has fewer than 300 lines, and the last one ends', () => {
    expect(LINES.at(-1)).toBe('');
    expect(LINES.length - 1).toBeLessThan(300);
  });

  it('runs no text that it made or got, but the command that root gave it', () => {
    const code = LINES.filter((line) => !/^\s*#/.test(line)).join('\n');
    expect(code).not.toMatch(/\beval\b|`|\bsource\b|^\s*\. |\bxargs\b/m);
    expect(code.match(/\bsh -c\b/g)).toHaveLength(1);
  });

  it('reads the same files as the command, each up to the same limit', () => {
    const [rows = ''] = /for row in ([^;]+);/.exec(SCRIPT)?.slice(1) ?? [];
    const limits = rows.split(/[\s\\]+/).map((row) => row.split(':'));
    expect(Object.fromEntries(limits.map(([name, most]) => [name, Number(most)]))).toEqual(FILE_LIMITS);
  });

  it('writes the lines for sshd that the command writes', () => {
    const [, ...lines] = formatHostDropIn(DEFAULT_DIRECTORY, []).trimEnd().split('\n');
    const names = lines.map((line) => line.split(' ', 1)[0]);
    expect(SCRIPT).toContain(
      names
        .map((name) => `${name} %s`)
        .join('\\n')
        .replace('File %s', 'File %s/%%u'),
    );
    expect(SCRIPT).toContain(`'${formatHostDropIn(DEFAULT_DIRECTORY, []).split('\n', 1)[0]}'`);
  });
});
