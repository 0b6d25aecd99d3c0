/** The real programs that tests need: a missing one fails the test under CI, and is loudly skipped elsewhere. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PLACES = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** The full path of a program, or undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  return PLACES.map((place) => join(place, name)).find((path) => existsSync(path));
}

/**
 * Whether tests that need these parts can run. `parts` maps a program's name or an absolute path to the Debian package that
 * brings it. Use as `describe.runIf(haveParts({ sshd: 'openssh-server' }))`.
 * @throws Error under CI when a part is missing: there, nothing is skipped.
 */
export function haveParts(parts: Readonly<Record<string, string>>): boolean {
  const missing = Object.entries(parts).filter(([part]) =>
    part.startsWith('/') ? !existsSync(part) : findProgram(part) === undefined,
  );
  if (missing.length === 0) return true;
  const packages = [...new Set(missing.map(([, name]) => name))].join(' ');
  const message = `missing: ${missing.map(([part]) => part).join(', ')}; install with: apt-get install ${packages}`;
  if (process.env['CI'] !== undefined) throw new Error(message);
  console.warn(`\n*** SKIPPED *** ${message}\n`);
  return false;
}

/** The full path of a program that `haveParts` has found. */
export function program(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}
