/** The files of a host, as its doctor sees them; `real-files.ts` reads them, tests give texts. */
import type { FileFact } from '../../../src/pam-ussh/facts.ts';

export interface Owner {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** The permission bits. */
  readonly mode: number;
}

export interface HostFiles {
  read(path: string): FileFact;
  /** Names in a directory, sorted by bytes; empty when there is none. */
  list(path: string): readonly string[];
  /** Every directory and file that is passed on the way to `path`, links followed; undefined when there is nothing. */
  way(path: string): readonly Owner[] | undefined;
  /** When it was last written, in Unix seconds. */
  modified(path: string): number | undefined;
}

/** Whose sudo the doctor thinks of. */
export interface HostUser {
  readonly name: string;
  readonly uid: number;
  readonly groups: readonly HostGroup[];
}

interface HostGroup {
  readonly name: string;
  readonly gid: number;
}

const READ = 4;
const ENTER = 1;
const GROUP_OR_OTHER_WRITE = 0o022;
const STICKY = 0o1000;

/** The text of a file, or undefined when there is none that can be read. */
export function textOf(files: HostFiles, path: string): string | undefined {
  const fact = files.read(path);
  return fact.kind === 'bytes' ? new TextDecoder().decode(fact.bytes) : undefined;
}

export function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/** The first file or directory on the way that keeps the user out, by owner and mode; without a user, anybody is meant. */
export function obstacle(way: readonly Owner[], user: HostUser | undefined): Owner | undefined {
  if (user?.uid === 0) return undefined;
  return way.find((owner, index) => !may(owner, user, index === way.length - 1 ? READ : ENTER));
}

/** The first on the way that somebody else than root may change. */
export function foreignHand(way: readonly Owner[]): Owner | undefined {
  return way.find(
    ({ uid, mode }, index) =>
      uid !== 0 ||
      // In a sticky directory nobody replaces what belongs to somebody else.
      ((mode & GROUP_OR_OTHER_WRITE) !== 0 && !(index < way.length - 1 && (mode & STICKY) !== 0)),
  );
}

export function modeText(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

/** As the kernel decides: the owner by the owner's bits even where the others have more. */
function may({ uid, gid, mode }: Owner, user: HostUser | undefined, bit: number): boolean {
  if (user?.uid === uid) return (mode & (bit << 6)) !== 0;
  if (user?.groups.some((group) => group.gid === gid)) return (mode & (bit << 3)) !== 0;
  return (mode & bit) !== 0;
}
