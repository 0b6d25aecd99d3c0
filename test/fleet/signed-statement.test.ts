/** Whose word a host takes for the keys of a keyless sudo CA. */
import { describe, expect, it } from 'vitest';
import type { InstalledCa } from '../../src/fleet/signed-statement.ts';
import { acceptFirstStatement, acceptStatement, openStatement } from '../../src/fleet/signed-statement.ts';
import { formatSudoCaFile, parseSudoCaFile, statementIn } from '../../src/fleet/sudo-ca-file.ts';
import type { SudoCaStatement } from '../../src/fleet/sudo-ca-statement.ts';
import { BUNDLE_NAMESPACE } from '../../src/ssh/bundle-namespace.ts';
import { formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { codeOf } from '../support/code-of.ts';
import type { TestSigner } from '../support/keys.ts';
import { generateSecurityKey } from '../support/keys.ts';
import { CAROL, DAVE, GLASS, GONE, plainSigner, STATEMENT, sign, signedText, stated } from './statements.ts';

const EVE = generateSecurityKey('sk-ssh-ed25519@openssh.com');
const INSTALLED: InstalledCa = parseSudoCaFile(formatSudoCaFile(sign(STATEMENT)));
const NEXT: SudoCaStatement = { ...STATEMENT, number: 8 };
const EVIL: SudoCaStatement = { ...NEXT, keys: [stated(EVE.publicKey, 'active', 'eve')] };

const take = (text: string, installed = INSTALLED) => acceptStatement(openStatement(text), installed);

describe('a host', () => {
  it.each<[string, TestSigner]>([
    ['an active key', CAROL],
    ['a coming key', DAVE],
    ['a key kept for emergencies', GLASS],
  ])('takes the next statement from %s', (_name, signer) => {
    expect(() => take(signedText(NEXT, signer))).not.toThrow();
    expect(() => take(signedText({ ...EVIL, number: 1_000_000 }, signer))).not.toThrow();
  });

  it.each<[string, TestSigner]>([
    ['a key that the statement itself brings', EVE],
    ['a retired key', GONE],
    ['a key in a file, of whatever purpose', plainSigner()],
  ])('takes none from %s', (_name, signer) => {
    expect(codeOf(() => take(signedText(EVIL, signer)))).toBe('not-trusted');
  });

  it.each([7, 6, 1])('takes none with number %i after 7', (number) => {
    expect(codeOf(() => take(signedText({ ...NEXT, number }, CAROL)))).toBe('old-statement');
  });

  it('takes none of another authority, whoever signed it', () => {
    const other = { ...NEXT, authority: 'https://evil.example' };
    expect(codeOf(() => take(signedText(other, CAROL)))).toBe('other-authority');
  });

  it('takes none from a key that somebody took out of the file by hand', () => {
    const line = `${formatPublicKeyLine(CAROL.publicKey, 'carol')}\n`;
    const file = formatSudoCaFile(sign(STATEMENT));
    const changed = parseSudoCaFile(file.replace(`\n${line}`, '\n'));
    expect(changed.keys).toHaveLength(3);
    expect(codeOf(() => take(signedText(NEXT, CAROL), changed))).toBe('not-trusted');
    expect(() => take(signedText(NEXT, DAVE), changed)).not.toThrow();
  });

  it('takes none from a key that somebody only added to the file', () => {
    const file = `${formatSudoCaFile(sign(STATEMENT))}${formatPublicKeyLine(EVE.publicKey, 'eve')}\n`;
    expect(codeOf(() => take(signedText(EVIL, EVE), parseSudoCaFile(file)))).toBe('not-trusted');
  });

  it('takes a first one that is signed by one of its own keys only', () => {
    expect(() => acceptFirstStatement(sign(STATEMENT))).not.toThrow();
    expect(codeOf(() => acceptFirstStatement(sign(STATEMENT, EVE)))).toBe('not-trusted');
    expect(codeOf(() => acceptFirstStatement(sign(STATEMENT, GONE)))).toBe('not-trusted');
  });
});

describe('the signature', () => {
  const untouched: TestSigner = { ...CAROL, sign: (message) => CAROL.sign(message, { flags: 0 }) };
  const elsewhere: TestSigner = {
    ...CAROL,
    sign: (message) => CAROL.sign(message, { application: 'ssh:other' }),
  };

  it.each<[string, string, string]>([
    ['for another namespace', signedText(NEXT, CAROL, { namespace: BUNDLE_NAMESPACE }), 'bad-signature'],
    ['for a file', signedText(NEXT, CAROL, { namespace: 'file' }), 'bad-signature'],
    ['over another text', signedText(NEXT, CAROL, { text: 'usher sudo CA statement v1\n' }), 'bad-signature'],
    ['by one key in the name of another', signedText(EVIL, EVE, { named: CAROL.publicKey }), 'bad-signature'],
    ['without a touch', signedText(NEXT, untouched), 'not-touched'],
    ['by the key for another application', signedText(NEXT, elsewhere), 'bad-signature'],
  ])('%s: refused', (_name, text, code) => {
    expect(codeOf(() => openStatement(text))).toBe(code);
  });

  it('covers every character', () => {
    const text = signedText(NEXT, CAROL);
    const end = text.indexOf('-----BEGIN');
    for (let at = 0; at < end; at++) {
      const changed = `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`;
      expect(codeOf(() => openStatement(changed))).toBe('bad-signature');
    }
  });

  it.each<[string, (text: string) => string]>([
    ['is missing', (text) => text.slice(0, text.indexOf('-----BEGIN'))],
    ['is cut', (text) => text.slice(0, -40)],
    ['is not base64', (text) => text.replace('SIGNATURE-----\nU', 'SIGNATURE-----\n*')],
    ['stands there twice', (text) => text + text.slice(text.indexOf('-----BEGIN'))],
    ['is of a certificate', (text) => text.replaceAll('SSH SIGNATURE', 'OPENSSH PRIVATE KEY')],
  ])('%s: refused', (_name, change) => {
    expect(codeOf(() => openStatement(change(signedText(NEXT, CAROL))))).toBe('bad-signature');
  });

  it('keeps one spelling, however it was broken into lines', () => {
    const text = signedText(NEXT, CAROL);
    const [statement = '', signature = ''] = text.split(/(?=-----BEGIN)/);
    expect(openStatement(`${statement}${signature.replaceAll('\n', '\r\n')}\n\n`).text).toBe(text);
  });
});

describe('the file on the host', () => {
  const file = formatSudoCaFile(sign(STATEMENT));

  it('begins with the statement as comments and ends with the keys', () => {
    const lines = file.split('\n');
    expect(lines[0]).toBe('# usher sudo CA statement v1');
    expect(lines.slice(-5)).toEqual([
      formatPublicKeyLine(CAROL.publicKey, 'carol'),
      formatPublicKeyLine(DAVE.publicKey, 'dave'),
      formatPublicKeyLine(GONE.publicKey, 'gone'),
      formatPublicKeyLine(GLASS.publicKey, 'vault'),
      '',
    ]);
  });

  it('gives back the statement that it was made from', () => {
    expect(statementIn(file)).toBe(sign(STATEMENT).text);
    expect(parseSudoCaFile(file)).toMatchObject({ statement: STATEMENT, signer: CAROL.publicKey });
  });

  it.each<[string, string]>([
    ['keys alone', `${formatPublicKeyLine(CAROL.publicKey)}\n`],
    ['nothing', ''],
    ['comments without an end', '# usher sudo CA statement v1\n# authority\n'],
    ['a statement that was changed by hand', file.replace('# number 7', '# number 6')],
  ])('%s: it is not one of a keyless CA', (_name, text) => {
    expect(codeOf(() => parseSudoCaFile(text))).toBe('bad-signature');
  });
});
