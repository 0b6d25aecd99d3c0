import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory that only the person can enter, gone afterwards, also when the command is interrupted. */
export async function withTemporaryDirectory<T>(
  parent: string | undefined,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  // mkdtemp makes it with mode 0700.
  const directory = await mkdtemp(join(parent || tmpdir(), 'usher-')).catch(() =>
    // After su the directory of the session may be somebody else's, or gone.
    mkdtemp(join(tmpdir(), 'usher-')),
  );
  const removeNow = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', removeNow);
  try {
    return await work(directory);
  } finally {
    process.removeListener('exit', removeNow);
    await rm(directory, { recursive: true, force: true });
  }
}
