import { describe, expect, it } from 'vitest';
import { readGoBuild } from '../../cli/doctor/host/go-build.ts';
import { checkModule, judgeModule } from '../../cli/doctor/host/module.ts';
import { hostTree } from './support/host-tree.ts';

const NEW = 'certificate signed by unrecognized authority';
const TOUCH = 'ssh: signature missing required user presence flag';
const path = '/lib/security/pam_ussh.so';

interface Build {
  readonly modules?: readonly string[];
  readonly texts?: readonly string[];
  readonly flags?: number;
  readonly at?: number;
}

/** As Go 1.18 and later lay it out (debug/buildinfo): magic, sizes and flags to 32 bytes, then two texts with their lengths. */
function library({ modules = [], texts = [NEW], flags = 2, at = 64 }: Build = {}): Uint8Array {
  const header = Buffer.alloc(32);
  header.write('\xff Go buildinf:', 'latin1');
  header[14] = 8;
  header[15] = flags;
  const info = ['path\tgithub.com/uber/pam-ussh', ...modules, ''].join('\n');
  const sentinel = '0123456789abcdef';
  const parts = [lengthAndText('go1.24.4'), lengthAndText(`${sentinel}${info}${sentinel}`)];
  return Buffer.concat([
    Buffer.alloc(at),
    header,
    ...parts,
    ...texts.map((text) => Buffer.from(`\0${text}`)),
  ]);
}

/** The length as LEB128. */
function lengthAndText(text: string): Buffer {
  const { length } = text;
  const prefix = length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return Buffer.concat([Buffer.from(prefix), Buffer.from(text)]);
}

const dep = (version: string) => `dep\tgolang.org/x/crypto\t${version}\th1:abc=`;

describe('what a Go library says of its build', () => {
  it('is its Go and its modules, with those that replace others', () => {
    const modules = [
      'mod\tgithub.com/uber/pam-ussh\t(devel)\t',
      'dep\ta\tv1.0.0\t',
      '=>\tb\tv2.0.0\th1:x=',
      dep('v0.55.0'),
    ];
    expect(readGoBuild(library({ modules }))).toEqual({
      goVersion: 'go1.24.4',
      modules: new Map([
        ['github.com/uber/pam-ussh', '(devel)'],
        ['a', 'v2.0.0'],
        ['golang.org/x/crypto', 'v0.55.0'],
      ]),
    });
  });

  it('is nothing where it is cut, not aligned, or in the form of before Go 1.18', () => {
    const whole = library();
    expect(readGoBuild(library({ at: 65 }))).toBeUndefined();
    expect(readGoBuild(library({ flags: 0 }))).toBeUndefined();
    expect(readGoBuild(new Uint8Array())).toBeUndefined();
    for (const length of [70, 96, 97, 104, 105])
      expect(readGoBuild(whole.subarray(0, length))).toBeUndefined();
  });

  it('is not what only looks like its beginning', () => {
    const decoy = Buffer.concat([
      Buffer.alloc(8),
      Buffer.from('\xff Go buildinf:', 'latin1'),
      Buffer.alloc(10),
    ]);
    expect(readGoBuild(Buffer.concat([decoy, library()]))?.goVersion).toBe('go1.24.4');
  });
});

describe('the module', () => {
  it.each([
    ['v0.52.0', 'ok'],
    ['v0.55.0', 'ok'],
    ['v1.0.0', 'ok'],
    ['v0.51.9', 'warn'],
    ['v0.4.0', 'warn'],
    ['v0.0.0-20220315160706-3147a52a75dd', 'warn'],
  ])('with x/crypto %s: %s', (version, verdict) => {
    const [check] = judgeModule(path, library({ modules: [dep(version)] }));
    expect(check).toMatchObject({ id: 'host.module', verdict, message: expect.stringContaining(version) });
  });

  it('built without modules is told by the texts in it', () => {
    expect(judgeModule(path, library())).toMatchObject([
      { verdict: 'warn', message: expect.stringContaining('unknown version') },
    ]);
    expect(judgeModule(path, library({ texts: [NEW, TOUCH] }))).toMatchObject([{ verdict: 'ok' }]);
    const modules = [dep('v0.55.0'), '=>\t./crypto\t(devel)\t'];
    expect(judgeModule(path, library({ modules }))).toMatchObject([{ verdict: 'warn' }]);
  });

  it('that takes certificates of any CA fails, whatever it was built with', () => {
    const modules = [dep('v0.55.0')];
    expect(judgeModule(path, library({ modules, texts: [] }))).toMatchObject([{ verdict: 'fail' }]);
    expect(judgeModule(path, library({ modules, texts: [`ssh: ${NEW}`] }))).toMatchObject([
      { verdict: 'fail' },
    ]);
    expect(judgeModule(path, library({ modules, texts: [`ssh: ${NEW}`, NEW] }))).toMatchObject([
      { verdict: 'ok' },
    ]);
  });

  it('that is no Go library is not judged', () => {
    expect(judgeModule(path, Buffer.from('ELF'))).toMatchObject([{ verdict: 'warn' }]);
  });

  it.each([
    ['pam_ussh.so', '/usr/lib/x86_64-linux-gnu/security/pam_ussh.so'],
    ['pam_ussh.so', '/lib64/security/pam_ussh.so'],
    ['/nix/store/x/pam_ussh.so', '/nix/store/x/pam_ussh.so'],
  ])('%s is found at %s', (name, place) => {
    const module = {
      kind: 'module',
      path: name,
      arguments: [],
      control: new Map(),
      controlText: '',
      place: 'x',
    } as const;
    const modules = [dep('v0.55.0')];
    expect(checkModule(hostTree({ [place]: { text: library({ modules }) } }), module)).toMatchObject([
      { verdict: 'ok' },
    ]);
    expect(checkModule(hostTree({}), module)).toMatchObject([{ verdict: 'fail' }]);
  });
});
