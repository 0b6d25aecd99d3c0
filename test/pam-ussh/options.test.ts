/** The line in /etc/pam.d as pam-ussh understands it, and what is said of it. */
import { describe, expect, it } from 'vitest';
import type { FileFact } from '../../src/pam-ussh/facts.ts';
import { DEFAULT_CA_FILE, readModuleOptions } from '../../src/pam-ussh/options.ts';

const FILES: Readonly<Record<string, string>> = { '/p': 'sudoer\nadmin\n', '/empty': '' };

function readFile(path: string): FileFact {
  const text = FILES[path];
  if (text === undefined) return { kind: 'error', message: `open ${path}: no such file or directory` };
  return { kind: 'bytes', bytes: new TextEncoder().encode(text) };
}

function read(...moduleArguments: readonly string[]) {
  return readModuleOptions(moduleArguments, readFile);
}

function said(...moduleArguments: readonly string[]): readonly string[] {
  return read(...moduleArguments).findings.map(({ check, level }) => `${check} ${level}`);
}

describe('what is wrong with a line', () => {
  it.each([
    ['nothing of a good one', ['ca_file=/ca', 'authorized_principals=sudoer,sudoer@web1'], []],
    ['nothing of a good one with a file', ['ca_file=/ca', 'authorized_principals_file=/p'], []],
    ['no arguments at all', [], ['host.pam-line warning']],
    ['a bare option', ['ca_file'], ['host.pam-line error']],
    ['"=" in a value', ['authorized_principals=a=b'], ['host.pam-line error']],
    ['a group', ['group=admins', 'authorized_principals=a'], ['host.pam-line error']],
    ['an empty group does nothing', ['group=', 'authorized_principals=a'], []],
    ['an option that does not exist', ['debug', 'authorized_principals=a'], ['host.pam-line warning']],
    ['an empty name', ['authorized_principals='], ['host.pam-line error']],
    ['an empty name among others', ['authorized_principals=a,,b'], ['host.pam-line error']],
    ['a blank', ['authorized_principals=a, b'], ['host.pam-line error']],
    ['two lists', ['authorized_principals=a', 'authorized_principals=b'], ['host.pam-line warning']],
    [
      'a list and a file',
      ['authorized_principals=a', 'authorized_principals_file=/p'],
      ['host.pam-line warning'],
    ],
    [
      'a file and a list',
      ['authorized_principals_file=/p', 'authorized_principals=a'],
      ['host.pam-line warning'],
    ],
    ['a missing file', ['authorized_principals_file=/missing'], ['host.principals-file error']],
    [
      'an empty file',
      ['authorized_principals_file=/empty'],
      ['host.principals-file error', 'host.pam-line warning'],
    ],
  ])('%s', (_name, moduleArguments, expected) => {
    expect(said(...moduleArguments)).toEqual(expected);
  });
});

describe('what pam-ussh makes of it', () => {
  it('the default CA file', () => {
    expect(read().caFile).toBe(DEFAULT_CA_FILE);
  });

  it('the last of several CA files, each logged', () => {
    expect(read('ca_file=/a', 'ca_file=/b')).toMatchObject({
      caFile: '/b',
      log: ['ca_file set to /a', 'ca_file set to /b'],
    });
  });

  it('each principal with the place that names it', () => {
    const { principals } = read(
      'authorized_principals=lost',
      'authorized_principals_file=/p',
      'authorized_principals=a',
    );
    expect([...principals]).toEqual([
      ['sudoer', '/p'],
      ['admin', '/p'],
      ['a', 'authorized_principals'],
    ]);
  });

  it('nothing behind what stops it', () => {
    expect(read('authorized_principals', 'ca_file=/ca')).toMatchObject({ stop: 'panic', log: [] });
    expect(read('authorized_principals_file=/missing', 'ca_file=/ca')).toMatchObject({
      stop: 'refused',
      log: ['open /missing: no such file or directory'],
    });
  });

  it('names of JavaScript are no options', () => {
    expect(read('constructor', '__proto__=1', 'authorized_principals=a').log).toEqual([
      'unkown option: constructor',
      'unkown option: __proto__',
    ]);
  });
});
