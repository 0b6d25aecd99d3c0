/** Passphrases of key files: from a file, from a systemd credential, or asked at the terminal; never from arguments. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCancel, password } from '@clack/prompts';
import { fileReason } from './file-reason.ts';

/**
 * @param name of the key, as in `LoadCredential=login-passphrase:…`
 * @throws Error that says where a passphrase could come from.
 */
export async function readPassphrase(name: string, file?: string): Promise<string> {
  const path = file ?? credentialPath(`${name}-passphrase`);
  if (path !== undefined) return (await readPassphraseFile(path)).replace(/\r?\n$/, '');
  if (!process.stdin.isTTY)
    throw new Error(
      `the key "${name}" has a passphrase: name a passphrase_file, or give the systemd credential ${name}-passphrase`,
    );
  const typed = await password({ message: `passphrase of the key "${name}"` });
  if (isCancel(typed)) throw new Error('no passphrase was given');
  return typed;
}

function readPassphraseFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`its passphrase in ${path} can not be read: ${fileReason(cause)}`, { cause });
  });
}

/** systemd.exec(5), CREDENTIALS: files of the unit that only it can read. */
function credentialPath(name: string): string | undefined {
  const directory = process.env['CREDENTIALS_DIRECTORY'];
  const path = directory === undefined ? undefined : join(directory, name);
  return path !== undefined && existsSync(path) ? path : undefined;
}
