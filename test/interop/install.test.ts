/** `npm pack`, then `npm install -g`: both executables work from the installed package, on the right Node only. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'usher-install-'));
const prefix = join(work, 'installed');
const olderNode = findOlderNode();

beforeAll(() => {
  npm('pack', '--pack-destination', work);
  const tarball = readdirSync(work).find((name) => name.endsWith('.tgz'));
  npm(
    'install',
    '--global',
    '--prefix',
    prefix,
    '--prefer-offline',
    '--ignore-scripts',
    `${work}/${tarball}`,
  );
}, 240_000);

afterAll(() => rmSync(work, { recursive: true }));

test('the package carries no TypeScript: Node would refuse to strip it there', () => {
  const installed = join(prefix, 'lib/node_modules/usher');
  const files = ['bin', 'dist'].flatMap((folder) =>
    readdirSync(join(installed, folder), { recursive: true, encoding: 'utf8' }),
  );
  expect(files).toContain('launch.js');
  expect(existsSync(join(installed, 'share/usher-host.sh'))).toBe(true);
  expect(files.filter((file) => file.endsWith('.ts'))).toEqual([]);
});

describe.each(['usher', 'usherd'])('%s, installed from the package', (name) => {
  test('says its version', () => {
    expect(run(name, process.execPath)).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('on an older Node says so in one line, exits 69 and loads nothing else', () => {
    const disguise = join(work, 'older.cjs');
    writeFileSync(
      disguise,
      `const real = process.versions;
       Object.defineProperty(process, 'versions', { value: { ...real, node: '23.11.1' } });
       Object.defineProperty(process, 'version', { value: 'v23.11.1' });
       const modules = require('node:module');
       const load = modules._load;
       modules._load = function (name) {
         if (!/[/]usherd?$|^[.][/]launch[.]js$/.test(name)) throw new Error('loaded ' + name);
         return load.apply(this, arguments);
       };`,
    );
    expect(run(name, process.execPath, '--require', disguise)).toEqual(refusal(name, 'v23.11.1'));
  });

  test.runIf(olderNode !== undefined)('on an older Node that is really there, too', () => {
    const node = olderNode ?? '';
    const itsVersion = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    expect(run(name, node)).toEqual(refusal(name, itsVersion));
  });
});

function refusal(name: string, nodeVersion: string): ReturnType<typeof run> {
  const line = `${name}: error: needs Node.js 24 or newer, this is ${nodeVersion}\n`;
  return { status: 69, stdout: '', stderr: line };
}

function run(name: string, node: string, ...options: string[]) {
  const executable = join(prefix, 'bin', name);
  const cache = join(work, 'cache');
  const { status, stdout, stderr } = spawnSync(node, [...options, executable, '--version'], {
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: cache },
  });
  return { status, stdout, stderr };
}

function npm(...args: string[]): void {
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function findOlderNode(): string | undefined {
  const nodes = (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, 'node'));
  return nodes.filter(existsSync).find((node) => {
    const found = execFileSync(node, ['--version'], { encoding: 'utf8' });
    return Number(/^v(\d+)/.exec(found)?.[1]) < 24;
  });
}
