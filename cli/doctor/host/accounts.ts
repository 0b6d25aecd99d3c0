/** Who somebody is on a host that lies below a directory: its own /etc/passwd and /etc/group say. Pure. */
import type { HostFiles, HostUser } from './files.ts';
import { linesOf, textOf } from './files.ts';

export function accountOf(files: HostFiles, name: string): HostUser | undefined {
  const account = rows(files, '/etc/passwd').find(([login]) => login === name);
  if (account === undefined) return undefined;
  const [, , uid = '', primary = ''] = account;
  const groups = rows(files, '/etc/group').filter(
    ([, , gid, members = '']) => gid === primary || members.split(',').includes(name),
  );
  return {
    name,
    uid: Number(uid),
    groups: groups.map(([groupName = '', , gid = '']) => ({ name: groupName, gid: Number(gid) })),
  };
}

function rows(files: HostFiles, path: string): readonly (readonly string[])[] {
  return linesOf(textOf(files, path) ?? '').map((line) => line.split(':'));
}
