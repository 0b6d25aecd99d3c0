/** sudoers(5) with everything that it includes, as one text: so that `cvtsudoers` can read it from below any root, and without being root. */
import { dirname, join } from 'node:path';
import type { HostFiles } from './files.ts';
import { linesOf } from './files.ts';
import { ReadingBudget, tooManyFiles } from './reading-budget.ts';

interface SudoersText {
  readonly text: string;
  /** What could not be read, in words. */
  readonly unread: readonly string[];
  /** In words, that there was more than is read. */
  readonly cut: string | undefined;
}

const SUDOERS = '/etc/sudoers';
/** sudo's own bound. */
const MAX_DEPTH = 128;
const INCLUDE = /^\s*[@#](include|includedir)\s+(.+?)\s*$/;

/** @param hostName for `%h` in a path, which is the name without its domain. */
export function readSudoers(files: HostFiles, hostName: string): SudoersText {
  const unread: string[] = [];
  const budget = new ReadingBudget();
  const read = (path: string, depth: number): readonly string[] => {
    if (!budget.take()) return [];
    const fact = files.read(path);
    if (fact.kind !== 'bytes' || depth > MAX_DEPTH) {
      unread.push(fact.kind === 'error' ? fact.message : `open ${path}: it is a directory`);
      return [];
    }
    return linesOf(new TextDecoder().decode(fact.bytes)).flatMap((line) => {
      const [, word, rest = ''] = INCLUDE.exec(line) ?? [];
      if (word === undefined) return [line];
      const target = join(
        rest.startsWith('/') || rest.startsWith('"/') ? '' : dirname(path),
        plainPath(rest, hostName),
      );
      const found = word === 'include' ? [target] : namesIn(files, target);
      return found.flatMap((each) => read(each, depth + 1));
    });
  };
  const text = `${read(SUDOERS, 0).join('\n')}\n`;
  return { text, unread, cut: budget.isUsedUp ? tooManyFiles('sudoers') : undefined };
}

/** sudo passes over what an editor or a package manager left behind. */
function namesIn(files: HostFiles, directory: string): readonly string[] {
  const names = files.list(directory).filter((name) => !name.includes('.') && !name.endsWith('~'));
  // A package that is installed or removed right now may have taken one away since.
  return names.map((name) => join(directory, name)).filter((path) => files.way(path) !== undefined);
}

function plainPath(text: string, hostName: string): string {
  const [shortName = ''] = hostName.split('.');
  const unquoted = /^"(.*)"$/.exec(text)?.[1] ?? text.replaceAll(/\\(.)/g, '$1');
  return unquoted.replaceAll('%h', shortName);
}
