/** The list of who is denied sudo, which pam_listfile reads: without the file, `onerr=fail` refuses everybody. */
import type { Check } from '../check.ts';
import { failure, warning } from '../check.ts';
import type { HostFiles, HostUser } from './files.ts';
import { foreignHand, linesOf, textOf } from './files.ts';

interface DeniedQuestion {
  readonly files: HostFiles;
  readonly paths: readonly string[];
  readonly user: HostUser | undefined;
}

export function checkDeniedFiles({ files, paths, user }: DeniedQuestion): readonly Check[] {
  return [...new Set(paths)].flatMap((path) => [...checkFile(files, path, user)]);
}

function* checkFile(files: HostFiles, path: string, user: HostUser | undefined): Generator<Check> {
  const way = files.way(path);
  if (way === undefined) {
    const hint = `install -m 644 /dev/null ${path}: the file comes first, then the line`;
    yield failure('host.sudo_denied', `${path} is missing: sudo refuses everybody`, hint);
    return;
  }
  // pam_listfile itself refuses a list that anybody may write, and everybody with it.
  const found = foreignHand(way);
  if (found !== undefined)
    yield failure(
      'host.sudo_denied',
      `others than root may change ${path}: ${found.path}`,
      `chown root:root ${found.path}; chmod go-w ${found.path}`,
    );
  if (user !== undefined && linesOf(textOf(files, path) ?? '').includes(user.name))
    yield warning(
      'host.sudo_denied',
      `${user.name} is denied sudo by ${path}`,
      'take the line out to allow it again',
    );
}
