/** The archive of a host's files: the same files, the same bytes; and nothing else is ever unpacked. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostArchive } from '../../../src/fleet/host/archive.ts';
import { packFiles, unpackFiles } from '../../../src/fleet/host/archive.ts';
import { FILE_LIMITS, HOST_FILE_NAMES, MAX_ARCHIVE_BYTES } from '../../../src/fleet/host/file-limits.ts';
import { formatTar } from '../../../src/fleet/host/ustar.ts';
import { codeOf } from '../../support/code-of.ts';
import { run, runOrThrow } from '../../support/run.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const FILES: HostArchive = {
  'login_ca.pub': bytes('ssh-ed25519 AAAA usher-login-ca\n'),
  revoked_keys: new Uint8Array(512).fill(0xff),
  sudo_denied: new Uint8Array(),
  names: bytes('web1.example.org\n'),
};

describe('an archive', () => {
  it('gives back its files, empty ones too', () => {
    expect(unpackFiles(packFiles(FILES))).toEqual(FILES);
    expect(unpackFiles(packFiles({}))).toEqual({});
  });

  it('has the same bytes for the same files, in whatever order they are given', () => {
    const turned = Object.fromEntries(Object.entries(FILES).reverse());
    expect(packFiles(turned)).toEqual(packFiles(FILES));
  });

  it('has the bytes that it always had: hosts refuse an archive that they would have written otherwise', () => {
    const hash = createHash('sha256').update(packFiles(FILES)).digest('hex');
    expect(hash).toBe('1a9d3e0a1b83023af167545d8dc2ffd1149405675cb59e4e6aef003af74f7c34');
  });

  it('is read from the middle of a buffer', () => {
    const tar = packFiles(FILES);
    const buffer = new Uint8Array(tar.length + 1024).fill(0x41);
    buffer.set(tar, 512);
    expect(unpackFiles(buffer.subarray(512, 512 + tar.length))).toEqual(FILES);
  });

  it('holds any files of their sizes', () => {
    const size = fc.constantFrom(0, 1, 511, 512, 513, 4096, 10_240, 9728);
    const some = fc.dictionary(fc.constantFrom(...HOST_FILE_NAMES), size);
    fc.assert(
      fc.property(some, (sizes) => {
        const files = Object.fromEntries(
          Object.entries(sizes).map(([name, n]) => [name, new Uint8Array(n).fill(7)]),
        );
        const known = Object.fromEntries(
          Object.entries(files).filter(([name, data]) => name !== 'sudo_principals' || data.length <= 4096),
        );
        expect(unpackFiles(packFiles(known))).toEqual(known);
      }),
    );
  });
});

describe('what is no such archive is refused', () => {
  const tarOf = (...names: string[]) => formatTar(names.map((name) => ({ name, data: bytes('x') })));

  it.each<[string, Uint8Array]>([
    ['a file that hosts do not take', tarOf('authorized_keys')],
    ['a path', tarOf('principals/root')],
    ['a path upwards', tarOf('../../etc/passwd')],
    ['an absolute path', tarOf('/etc/passwd')],
    ['a good name behind a path', tarOf('./names')],
    ['a good name with more behind a zero', tarOf('names\0/../x')],
    ['a name twice', tarOf('names', 'names')],
    ['another order', tarOf('names', 'login_ca.pub')],
    ['a directory', withByte(packFiles({ names: new Uint8Array() }), 156, 0x35)],
    ['a link', withByte(packFiles(FILES), 156, 0x32)],
    ['a long name', withByte(packFiles(FILES), 156, 0x4c)],
    ['an extended header', withByte(packFiles(FILES), 156, 0x78)],
    ['another mode', withByte(packFiles(FILES), 105, 0x37)],
    ['a size below zero', withText(packFiles(FILES), 124, '-0000002000')],
    ['a size that is none', withText(packFiles(FILES), 124, 'zzzzzzzzzzz')],
    ['a size beyond its end', withText(packFiles(FILES), 124, '77777777777')],
    ['one byte less', packFiles(FILES).slice(0, -1)],
    ['one byte more', Uint8Array.from([...packFiles(FILES), 0])],
    ['data behind its end', withByte(packFiles(FILES), packFiles(FILES).length - 1, 1)],
    ['nothing', new Uint8Array()],
    ['what is endless', new Uint8Array(MAX_ARCHIVE_BYTES + 1)],
  ])('%s', (_name, tar) => {
    expect(codeOf(() => unpackFiles(tar))).toBe('bad-archive');
  });

  it('any changed byte either is refused or changes what a file holds', () => {
    const tar = packFiles(FILES);
    fc.assert(
      fc.property(fc.nat(tar.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = withByte(tar, at, (tar[at] ?? 0) ^ change);
        try {
          expect(unpackFiles(changed)).not.toEqual(FILES);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-archive' });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a file that is too large, when it is made and when it is read', () => {
    const large = new Uint8Array(FILE_LIMITS.sudo_principals + 1);
    expect(codeOf(() => packFiles({ sudo_principals: large }))).toBe('bad-archive');
    const tar = formatTar([{ name: 'sudo_principals', data: large }]);
    expect(codeOf(() => unpackFiles(tar))).toBe('bad-archive');
  });
});

describe.each([['tar'], ['busybox tar']])('%s', (command) => {
  const [program = '', ...first] = command.split(' ');
  let directory = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-tar-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each<[string, HostArchive]>([
    ['some files', FILES],
    ['data that ends with a record', { revoked_keys: new Uint8Array(10_240 - 512).fill(1) }],
    ['an empty file at its end', { names: new Uint8Array() }],
  ])('reads %s without a complaint', async (_name, files) => {
    const path = join(directory, 'files.tar');
    await writeFile(path, packFiles(files));
    const listed = await run(program, [...first, '-tf', path]);
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    expect(listed.stdout.trim().split('\n')).toEqual(
      HOST_FILE_NAMES.filter((name) => files[name] !== undefined),
    );
    await runOrThrow(program, [...first, '-xf', path, '-C', directory]);
    for (const [name, data] of Object.entries(files))
      expect(new Uint8Array(await readFile(join(directory, name)))).toEqual(data);
  });
});

function withByte(tar: Uint8Array, at: number, value: number): Uint8Array {
  const changed = tar.slice();
  changed[at] = value;
  return changed;
}

function withText(tar: Uint8Array, at: number, text: string): Uint8Array {
  const changed = tar.slice();
  changed.set(bytes(text), at);
  return changed;
}
