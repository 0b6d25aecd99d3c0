/** Lists of revoked keys, which sshd must be able to read: with one that it can not, it refuses every login. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_AHEAD_SECONDS } from '../../src/fleet/host/bundle-statement.ts';
import { SshError } from '../../src/ssh/error.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import type { Surroundings } from '../surroundings.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import { complaintOf, runOnHost } from './programs.ts';
import { orRefuseBundle, refused } from './refusal.ts';

/** @param placed the list that is in place, if any that counts. @throws UsherCommandError `bundle-refused` */
export async function checkKrl(
  surroundings: Surroundings,
  name: string,
  krl: Uint8Array,
  placed: Uint8Array | undefined,
): Promise<void> {
  const { number } = orRefuseBundle(() => decodeKrl(krl));
  // Versions are times: with one far ahead no list would ever be taken again.
  if (number > BigInt(surroundings.now() + MAX_AHEAD_SECONDS))
    throw refused(`${name} has version ${number}, which is in the future: look at the clock of this host`);
  const before = placed === undefined ? undefined : numberOf(placed);
  if (before !== undefined && number < before)
    throw refused(`${name} has version ${number}, and this host has version ${before} already`);
  await askOpenssh(surroundings, name, krl);
}

/** sshd's own reader has the last word. */
async function askOpenssh(surroundings: Surroundings, name: string, krl: Uint8Array): Promise<void> {
  await withTemporaryDirectory(undefined, async (directory) => {
    const path = join(directory, name);
    await writeFile(path, krl, { flag: 'wx', mode: 0o600 });
    const result = await runOnHost(surroundings, ['ssh-keygen', '-Q', '-l', '-f', path]);
    if (result.exitCode !== 0) throw refused(`ssh-keygen can not read ${name}: ${complaintOf(result)}`);
  });
}

/** What is damaged has none: it is to be replaced. */
function numberOf(krl: Uint8Array): bigint | undefined {
  try {
    return decodeKrl(krl).number;
  } catch (error) {
    if (error instanceof SshError) return undefined;
    throw error;
  }
}
