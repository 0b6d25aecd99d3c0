/** The keys of this host's sshd: what it proves itself with, and what its certificates are for. */
import { HOST_NAMESPACE, joinSigned } from '../../src/fleet/host/signed-document.ts';
import { SshError } from '../../src/ssh/error.ts';
import { readPrivateKeyFile } from '../../src/ssh/key-file.ts';
import type { PrivateKey } from '../../src/ssh/private-key.ts';
import { signSshsig } from '../../src/ssh/sshsig.ts';
import { UsherCommandError } from '../error.ts';
import type { MachineFiles } from './files.ts';
import { readPlainText } from './files.ts';

export interface HostKey {
  /** Of the private key. */
  readonly path: string;
  readonly key: PrivateKey;
}

/** @throws UsherCommandError `key-file` */
export async function readHostKeys(
  files: MachineFiles,
  paths: readonly string[],
): Promise<readonly [HostKey, ...HostKey[]]> {
  const [first, ...others] = await Promise.all(paths.map((path) => readHostKey(files, path)));
  if (first === undefined) throw new UsherCommandError('key-file', 'this host has no host key');
  return [first, ...others];
}

/** A document with the signatures of these keys, in their order. */
export function signDocument(text: string, keys: readonly HostKey[]): string {
  const message = new TextEncoder().encode(text);
  return joinSigned(
    text,
    keys.map(({ key }) => signSshsig(key, HOST_NAMESPACE, message)),
  );
}

/** Where the certificate of a key is kept. */
export function certificatePath(directory: string, keyPath: string): string {
  return `${directory}/${keyPath.slice(keyPath.lastIndexOf('/') + 1)}-cert.pub`;
}

async function readHostKey(files: MachineFiles, path: string): Promise<HostKey> {
  const text = await readPlainText(files, path);
  if (text === undefined)
    throw new UsherCommandError('key-file', `${path} is no file of a host key`, {
      hint: 'name the right ones: usher host enroll --host-key FILE',
    });
  try {
    return { path, key: readPrivateKeyFile(text) };
  } catch (cause) {
    if (!(cause instanceof SshError)) throw cause;
    throw new UsherCommandError('key-file', `${path}: ${cause.message}`, { cause });
  }
}
