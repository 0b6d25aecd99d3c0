/** What lies on a host, to see whether something changed. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostMachine } from '../../support/host-machine.ts';

/** Every file that the host trusts, with its contents and mode. */
export async function snapshot(host: HostMachine): Promise<Readonly<Record<string, string>>> {
  return {
    ...(await snapshotOf(host.directory)),
    dropIn: await readFile(host.dropIn, 'utf8'),
  };
}

export async function snapshotOf(directory: string): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    const { mode } = await stat(path);
    const kind = entry.isSymbolicLink() ? 'link' : 'file';
    found[path] = `${kind} ${(mode & 0o777).toString(8)} ${await readFile(path, 'base64')}`;
  }
  return found;
}
