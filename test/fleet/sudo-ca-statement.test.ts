import { describe, expect, it } from 'vitest';
import type { SudoCaStatement } from '../../src/fleet/sudo-ca-statement.ts';
import { formatStatement, parseStatement } from '../../src/fleet/sudo-ca-statement.ts';
import { formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { codeOf } from '../support/code-of.ts';
import { generateSecurityKey } from '../support/keys.ts';
import { CAROL, DAVE, GLASS, GONE, STATEMENT, stated } from './statements.ts';

const TEXT = formatStatement(STATEMENT);
const lineOf = (key: typeof CAROL.publicKey, holder: string) => formatPublicKeyLine(key, holder);

describe('the text of a statement', () => {
  it('is lines that people can read', () => {
    expect(TEXT).toBe(`usher sudo CA statement v1
authority https://ca.example.org
purpose sudo
number 7
made-at 1800000000
principals sudoer,sudoer@HOST
key active ${lineOf(CAROL.publicKey, 'carol')}
key coming ${lineOf(DAVE.publicKey, 'dave')}
key retired ${lineOf(GONE.publicKey, 'gone')}
key offline ${formatPublicKeyLine(GLASS.publicKey, 'vault')}
`);
  });

  it('is read as what was written', () => {
    expect(parseStatement(TEXT)).toEqual(STATEMENT);
    const narrow = { ...STATEMENT, everywhere: false, authority: 'http://localhost:8022' };
    expect(parseStatement(formatStatement(narrow))).toEqual(narrow);
  });

  it.each<[string, (text: string) => string]>([
    ['empty', () => ''],
    ['another version', (text) => text.replace(' v1', ' v2')],
    ['another purpose', (text) => text.replace('purpose sudo', 'purpose login')],
    ['a line too many', (text) => `${text}more\n`],
    ['an empty line', (text) => text.replace('\npurpose', '\n\npurpose')],
    ['no newline at the end', (text) => text.slice(0, -1)],
    ['two newlines at the end', (text) => `${text}\n`],
    ['carriage returns', (text) => text.replaceAll('\n', '\r\n')],
    ['lines in another order', (text) => text.replace(/(number 7)\n(made-at \d+)/, '$2\n$1')],
    ['a line less', (text) => text.replace(/number 7\n/, '')],
    ['a number with a zero in front', (text) => text.replace('number 7', 'number 07')],
    ['a number below 1', (text) => text.replace('number 7', 'number 0')],
    ['a negative number', (text) => text.replace('number 7', 'number -7')],
    ['a number that is none', (text) => text.replace('number 7', 'number 7e3')],
    ['a number beyond 2^53', (text) => text.replace('number 7', 'number 9007199254740993')],
    ['a time without end', (text) => text.replace('made-at 1800000000', 'made-at 9999999999999')],
    ['other principals', (text) => text.replace('sudoer,sudoer@HOST', 'alice,sudoer@HOST')],
    ['no principals', (text) => text.replace(' sudoer,sudoer@HOST', ' ')],
    ['a state that nobody knows', (text) => text.replace('key coming', 'key trusted')],
    ['a key without its state', (text) => text.replace('key coming ', 'key ')],
    ['a key without a holder', (text) => text.replace(' carol\n', '\n')],
    ['a holder with blanks', (text) => text.replace(' carol\n', ' carol smith\n')],
    ['two blanks', (text) => text.replace('key active', 'key  active')],
    ['an address that is no origin', (text) => text.replace('ca.example.org', 'ca.example.org/x')],
    ['an address in capitals', (text) => text.replace('ca.example.org', 'CA.example.org')],
    ['plain HTTP', (text) => text.replace('https:', 'http:')],
    [
      'a key of which a character is missing',
      (text) => text.replace(' carol', '').replace(/A carol/, ' carol'),
    ],
    ['too long', (text) => text + 'x'.repeat(33_000)],
  ])('%s: refused', (_name, change) => {
    const changed = change(TEXT);
    expect(changed).not.toBe(TEXT);
    expect(codeOf(() => parseStatement(changed))).toBe('bad-statement');
  });

  it.each<[string, Partial<SudoCaStatement>]>([
    ['without keys', { keys: [] }],
    ['without an active key', { keys: STATEMENT.keys.filter(({ state }) => state !== 'active') }],
    ['with one key twice', { keys: [...STATEMENT.keys, stated(CAROL.publicKey, 'retired')] }],
    [
      'with one key as two types',
      {
        keys: [
          stated(CAROL.publicKey),
          stated({ type: 'ssh-ed25519', point: CAROL.publicKey.point as Uint8Array }, 'offline'),
        ],
      },
    ],
    ['with an active key in a file', { keys: [stated(CAROL.publicKey), stated(GLASS.publicKey)] }],
    ['with a coming key in a file', { keys: [stated(CAROL.publicKey), stated(GLASS.publicKey, 'coming')] }],
    ['with a retired key in a file', { keys: [stated(CAROL.publicKey), stated(GLASS.publicKey, 'retired')] }],
    [
      'with a key that browsers can use',
      { keys: [stated(generateSecurityKey('sk-ssh-ed25519@openssh.com', 'ca.example.org').publicKey)] },
    ],
    ['with a holder that is two lines', { keys: [stated(CAROL.publicKey, 'active', 'carol\nkey')] }],
    [
      'with 33 keys',
      {
        keys: Array.from({ length: 33 }, () =>
          stated(generateSecurityKey('sk-ssh-ed25519@openssh.com').publicKey),
        ),
      },
    ],
  ])('%s: neither written nor read', (_name, change) => {
    expect(codeOf(() => formatStatement({ ...STATEMENT, ...change }))).toBe('bad-statement');
  });

  it('cut within a line is refused; that no line is missing only the signature shows', () => {
    for (let end = 0; end < TEXT.length; end++)
      if (TEXT[end - 1] !== '\n' || end < TEXT.indexOf('key coming'))
        expect(codeOf(() => parseStatement(TEXT.slice(0, end)))).toBe('bad-statement');
  });
});
