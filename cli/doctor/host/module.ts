/** The module itself: which build it is, by what it says and by the texts that are in it. */
import type { Check } from '../check.ts';
import { failure, ok, warning } from '../check.ts';
import type { HostFiles } from './files.ts';
import type { GoBuild } from './go-build.ts';
import { readGoBuild } from './go-build.ts';
import type { PamModule } from './pam-stack.ts';

const XCRYPTO = 'golang.org/x/crypto';
/** A local copy has `(devel)` or none. */
const VERSION = /^v(\d+)\.(\d+)\./;
/** From this one on, a security key's signature without a touch is refused (CVE-2026-39831). */
const TOUCH_SINCE = [0, 52] as const;
/** What it says then. */
const CHECKS_TOUCH = 'signature missing required user presence flag';
/** Logged since June 2021 when the CA is unknown; builds from before take certificates of any CA. */
const CHECKS_CA = 'certificate signed by unrecognized authority';
/** x/crypto has the same words for something else, behind its own name. */
const XCRYPTO_PREFIX = 'ssh: ';

/** Where libpam looks for a module that is named without its directory. */
export function modulePlaces(files: HostFiles, { path }: Pick<PamModule, 'path'>): readonly string[] {
  if (path.startsWith('/')) return [path];
  const libraries = ['/lib', '/usr/lib', '/lib64', '/usr/lib64'];
  const multiarch = files.list('/usr/lib').filter((name) => name.endsWith('-linux-gnu'));
  return [...multiarch.map((name) => `/usr/lib/${name}`), ...libraries].map(
    (place) => `${place}/security/${path}`,
  );
}

export function checkModule(files: HostFiles, module: PamModule): readonly Check[] {
  const places = modulePlaces(files, module);
  const path = places.find((place) => files.way(place) !== undefined);
  if (path === undefined)
    return [
      failure(
        'host.module',
        `${module.path} is not where PAM looks (${module.place})`,
        'install it, or name its whole path',
      ),
    ];
  const fact = files.read(path);
  if (fact.kind !== 'bytes')
    return [warning('host.module', `${path} can not be read`, 'run it as root to see which build it is')];
  return judgeModule(path, fact.bytes);
}

/** What it was built from, in one text. Pure. */
export function moduleVersion(bytes: Uint8Array): string {
  const build = readGoBuild(bytes);
  if (build === undefined) return 'unknown';
  return sourceOf(build);
}

/** Pure. */
export function judgeModule(path: string, bytes: Uint8Array): readonly Check[] {
  const build = readGoBuild(bytes);
  if (build === undefined)
    return [
      warning(
        'host.module',
        `${path} does not say what it was built from`,
        'build it anew with a Go of today',
      ),
    ];
  if (!checksCa(bytes))
    return [
      failure(
        'host.module',
        `${path} takes certificates of any CA: it was built before June 2021`,
        'build a newer one at once',
      ),
    ];
  return [aboutTouch(path, build, bytes)];
}

function sourceOf({ goVersion, modules }: GoBuild): string {
  const version = modules.get(XCRYPTO) ?? '';
  return VERSION.test(version) ? `x/crypto ${version}` : `${goVersion}, x/crypto of unknown version`;
}

function aboutTouch(path: string, build: GoBuild, bytes: Uint8Array): Check {
  const version = build.modules.get(XCRYPTO) ?? '';
  const isKnown = VERSION.test(version);
  // Without modules, or with a local copy of one, nothing but the texts in it tells.
  const wantsTouch = isKnown ? isAtLeast(version, TOUCH_SINCE) : occurrences(bytes, CHECKS_TOUCH) > 0;
  const source = sourceOf(build);
  if (wantsTouch)
    return ok('host.module', `${path} (${source}) refuses a security key's signature without a touch`);
  const hint = `if each sudo is to need a touch, build it with ${XCRYPTO} 0.52 or newer`;
  return warning(
    'host.module',
    `${path} (${source}) accepts a security key's signature without a touch`,
    hint,
  );
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const match = VERSION.exec(version);
  if (match === null) return false;
  const [haveMajor, haveMinor] = [Number(match[1]), Number(match[2])];
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}

function checksCa(bytes: Uint8Array): boolean {
  return occurrences(bytes, CHECKS_CA) > occurrences(bytes, `${XCRYPTO_PREFIX}${CHECKS_CA}`);
}

function occurrences(bytes: Uint8Array, text: string): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  for (let at = buffer.indexOf(text); at !== -1; at = buffer.indexOf(text, at + 1)) count++;
  return count;
}
