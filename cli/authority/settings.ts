/** What the command knows of each authority: where it is, who the person is there, and the key that it pinned. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { Access } from '../../src/http/contract/access.ts';
import { FINGERPRINT_PATTERN } from '../../src/ssh/public-key.ts';
import { readIfThere, writeAtomically } from '../atomic-file.ts';
import { UsherCommandError } from '../error.ts';
import { withLock } from '../lock.ts';
import type { Paths } from '../paths.ts';
import { authorityName } from '../paths.ts';

const Fingerprint = Type.String({ pattern: `^${FINGERPRINT_PATTERN}$` });

export const Settings = Type.Object(
  {
    version: Type.Literal(1),
    origin: Type.String({ pattern: '^https?://[^/]+$' }),
    rpId: Type.String(),
    person: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }),
    /** Fingerprint of the key that signs bundles. Whoever can change it can make the command trust another authority. */
    bundleKey: Fingerprint,
    /** Its successor, once a bundle signed by the pinned key has announced it. */
    nextBundleKey: Type.Optional(Fingerprint),
    /** What the authority said the person may ask for. Only a cache: the authority decides. */
    access: Type.Optional(Access),
    with: Type.Optional(Type.String()),
    touchKey: Type.Optional(Type.String()),
    /** Whether our keys live in an agent that holds nothing else. */
    ownAgent: Type.Optional(Type.Boolean()),
    /** The file of the person's own CA key, where CA keys are security keys of people. */
    caKey: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type Settings = Static<typeof Settings>;

const MAX_SETTINGS_BYTES = 262_144;

/** The names of all authorities that the person is enrolled at, in order. */
export async function listAuthorities(paths: Paths): Promise<readonly string[]> {
  try {
    const files = await readdir(paths.authorities);
    return files
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** The settings of the named authority, else of the default one, else of the only one. */
export async function loadSettings(paths: Paths, name: string | undefined): Promise<Settings> {
  const wanted = name ?? (await defaultAuthority(paths));
  const path = settingsFile(paths, wanted);
  const text = await readIfThere(path, MAX_SETTINGS_BYTES);
  if (text === undefined)
    throw new UsherCommandError('not-enrolled', `you are not enrolled at ${wanted}`, {
      hint: await enrolledHint(paths),
    });
  return parseSettings(path, text);
}

/** Keeps the settings; the first authority becomes the default one, a later one only when asked. */
export async function saveSettings(paths: Paths, settings: Settings, makeDefault = false): Promise<void> {
  const name = authorityName(settings.origin);
  const path = settingsFile(paths, name);
  await withLock(path, () => write(path, settings));
  if (makeDefault || (await readIfThere(paths.defaultAuthority, 1024)) === undefined)
    await writeAtomically(paths.defaultAuthority, `${name}\n`, 0o600);
}

/** Changes the settings from what the file holds now: another `usher` may have written since they were loaded. */
export async function changeSettings(
  paths: Paths,
  name: string,
  change: (current: Settings) => Settings,
): Promise<void> {
  const path = settingsFile(paths, name);
  await withLock(path, async () => {
    const current = await loadSettings(paths, name);
    const changed = change(current);
    if (!isDeepStrictEqual(changed, current)) await write(path, changed);
  });
}

export function settingsFile(paths: Paths, name: string): string {
  // A name comes from the command line: it must not lead out of the directory.
  if (!/^[A-Za-z0-9[][A-Za-z0-9.:[\]-]*$/.test(name))
    throw new UsherCommandError('usage', `"${name}" is not the name of an authority`, {
      hint: 'an authority is named by its host, as in --authority ca.example.org',
    });
  return join(paths.authorities, `${name}.json`);
}

function write(path: string, settings: Settings): Promise<void> {
  return writeAtomically(path, `${JSON.stringify(settings, null, 2)}\n`, 0o600);
}

async function defaultAuthority(paths: Paths): Promise<string> {
  const chosen = (await readIfThere(paths.defaultAuthority, 1024))?.trim();
  const all = await listAuthorities(paths);
  const name = chosen !== undefined && all.includes(chosen) ? chosen : all[0];
  if (name === undefined || (name !== chosen && all.length > 1))
    throw new UsherCommandError('not-enrolled', 'no authority is chosen', {
      hint: await enrolledHint(paths),
    });
  return name;
}

async function enrolledHint(paths: Paths): Promise<string> {
  const all = await listAuthorities(paths);
  if (all.length === 0)
    return 'ask the keeper of your fleet for an invite, then type: usher enroll <address>';
  return `you are enrolled at ${all.join(', ')}: choose one with --authority NAME`;
}

function parseSettings(path: string, text: string): Settings {
  try {
    const value: unknown = JSON.parse(text);
    if (Value.Check(Settings, value)) return value;
  } catch (cause) {
    throw badSettings(path, cause);
  }
  throw badSettings(path);
}

function badSettings(path: string, cause?: unknown): UsherCommandError {
  return new UsherCommandError('bad-settings', `${path} can not be read as settings`, {
    hint: 'move it away and enroll again',
    ...(cause === undefined ? {} : { cause }),
  });
}
