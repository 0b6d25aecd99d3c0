import { describe, expect, it } from 'vitest';
import type { FoundFile } from '../../../cli/machine/files.ts';
import { nextSudoCa } from '../../../cli/machine/sudo-ca.ts';
import { formatSudoCaFile } from '../../../src/fleet/sudo-ca-file.ts';
import { CAROL, STATEMENT, sign, signedText } from '../../fleet/statements.ts';
import { generateSecurityKey } from '../../support/keys.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const PLAIN = bytes(
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK2mC9IHY1v9Z2b0WmPSNVhKPwOHK1yJ2mXgq5b7kFqz usher-sudo-ca\n',
);
const PLACED = bytes(formatSudoCaFile(sign(STATEMENT)));
const NEXT = { ...STATEMENT, number: STATEMENT.number + 1 };
const EVE = generateSecurityKey('sk-ssh-ed25519@openssh.com');

const OLD = bytes('ssh-ed25519 AAAA old\n');
const DAMAGED = PLACED.slice(30);
const KEYS = { 'sudo_ca.pub': PLAIN };

const plain = (contents: Uint8Array): FoundFile => ({ kind: 'plain', contents, mode: 0o644, isRoots: true });
const statement = (text: string) => ({ sudo_statement: bytes(text) });

describe('the keys for sudo', () => {
  it('of an authority that holds them are taken as they are', () => {
    const taken: readonly (readonly [FoundFile | undefined, Uint8Array | undefined])[] = [
      [undefined, undefined],
      [plain(OLD), OLD],
      [plain(PLAIN), OLD],
    ];
    for (const [found, kept] of taken)
      expect(nextSudoCa(KEYS, found, kept)).toEqual({ kind: 'file', contents: PLAIN });
  });

  it.each<[string, FoundFile, Uint8Array | undefined]>([
    ['the host never got from it', plain(OLD), undefined],
    ['somebody changed', plain(OLD), bytes('ssh-ed25519 AAAA older\n')],
    ['are a link, or something else', { kind: 'odd' }, OLD],
    ['are people’s, in a file that is damaged', plain(DAMAGED), undefined],
    ['are people’s, in a damaged file that the authority repeated', plain(DAMAGED), DAMAGED],
  ])('of an authority are not taken in place of keys that %s', (_title, found, kept) => {
    expect(nextSudoCa(KEYS, found, kept)).toMatchObject({ kind: 'refused' });
  });

  it('stay when the bundle says nothing of them', () => {
    expect(nextSudoCa({}, plain(PLACED), undefined)).toEqual({ kind: 'file', contents: undefined });
  });

  it('are never the authority’s where they are people’s', () => {
    for (const kept of [undefined, PLACED])
      expect(nextSudoCa(KEYS, plain(PLACED), kept)).toMatchObject({ kind: 'refused' });
    expect(nextSudoCa({ 'sudo_ca.pub': PLACED }, plain(PLACED), PLACED)).toMatchObject({ kind: 'refused' });
  });

  it('are taken from a newer statement of one of them', () => {
    const taken = nextSudoCa(statement(signedText(NEXT, CAROL)), plain(PLACED), undefined);
    expect(taken).toEqual({ kind: 'file', contents: bytes(formatSudoCaFile(sign(NEXT))) });
  });

  it('stay for the same statement, or an older one: somebody brought a newer one by hand', () => {
    for (const each of [STATEMENT, { ...STATEMENT, number: STATEMENT.number - 1 }])
      expect(nextSudoCa(statement(signedText(each, CAROL)), plain(PLACED), undefined)).toEqual({
        kind: 'file',
        contents: undefined,
      });
  });

  it.each([
    ['a first statement, for which nobody vouches', signedText(NEXT, CAROL), undefined],
    ['a first statement in place of the authority’s keys', signedText(NEXT, CAROL), PLAIN],
    ['a statement of a stranger', signedText(NEXT, EVE), PLACED],
    [
      'a statement of another authority',
      signedText({ ...NEXT, authority: 'https://other.example.org' }, CAROL),
      PLACED,
    ],
    [
      'an older one of another authority',
      signedText({ ...STATEMENT, authority: 'https://other.example.org' }, CAROL),
      PLACED,
    ],
    ['a statement that somebody changed', signedText(NEXT, CAROL).replace('number 8', 'number 9'), PLACED],
    ['something else', 'usher sudo CA statement v1\n', PLACED],
  ])('stay for %s', (_title, text, placed) => {
    expect(nextSudoCa(statement(text), placed && plain(placed), undefined)).toMatchObject({
      kind: 'refused',
    });
  });
});
