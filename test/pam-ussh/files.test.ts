/** What is said of ca_file and of the file of principals. How pam-ussh reads them is in the table of cases. */
import { describe, expect, it } from 'vitest';
import { parseCaFile } from '../../src/pam-ussh/ca-file.ts';
import { parsePrincipalsFile } from '../../src/pam-ussh/principals-file.ts';
import { testKey } from './agent-key.ts';
import { ca, certify, keyLine } from './certify.ts';

const encoder = new TextEncoder();

describe('ca_file', () => {
  const line = keyLine(ca());
  const { blob } = certify({ user: 'alice', other: 'bob', directory: '/', now: 1_800_000_000 });
  const certificate = keyLine({ ...ca(), type: 'ssh-ed25519-cert-v01@openssh.com', blob });

  it.each([
    ['nothing of a good one', `# CAs\n${line}\n`, []],
    ['empty', '', ['error']],
    ['a marker', `@cert-authority * ${line}\n`, ['error', 'warning']],
    ['garbage beside a key', `garbage\n${line}\n`, ['warning']],
    ['options', `cert-authority,principals="bob" ${line}\n`, ['warning']],
    ['a certificate', `${certificate}\n${line}\n`, ['error']],
  ])('%s', (_name, text, levels) => {
    const { findings } = parseCaFile(encoder.encode(text));
    expect(findings.map(({ check }) => check)).toEqual(levels.map(() => 'host.ca_file'));
    expect(findings.map(({ level }) => level)).toEqual(levels);
  });

  it('names the line and the comment of each key', () => {
    const text = `# CAs\n${line}\n\ngarbage\n${keyLine(testKey('rsa2048', 'ca'), 'the old CA')}\n`;
    expect(parseCaFile(encoder.encode(text)).keys).toMatchObject([
      { line: 2, comment: 'ca', key: { type: 'ssh-ed25519' } },
      { line: 5, comment: 'the old CA', key: { type: 'ssh-rsa' } },
    ]);
  });
});

describe('the file of principals', () => {
  it.each([
    ['nothing of a good one', 'sudoer\nsudoer@web1\n', []],
    ['empty', '', [/every certificate/]],
    [
      'a line that is too long first',
      `${'x'.repeat(70_000)}\nsudoer\n`,
      [/line 1, which is longer/, /every certificate/],
    ],
    ['a line that is too long later', `sudoer\n${'x'.repeat(70_000)}\n`, [/line 2, which is longer/]],
    ['an empty line', 'sudoer\n\n', [/line 2 is empty/]],
    ['a comment', '# who may\nsudoer\n', [/no comment/]],
    ['a blank behind', 'sudoer \n', [/blanks around "sudoer"/]],
    ['a comment behind', 'sudoer # x\n', [/one single name/]],
    ['a comma', 'a,b\n', [/one single name/]],
    ['an option', 'from="192.0.2.1" sudoer\n', [/one single name/]],
  ])('%s', (_name, text, sentences) => {
    const { findings } = parsePrincipalsFile(encoder.encode(text));
    expect(findings).toHaveLength(sentences.length);
    for (const [index, sentence] of sentences.entries())
      expect(findings[index]).toMatchObject({
        check: 'host.principals-file',
        sentence: expect.stringMatching(sentence),
      });
  });
});
