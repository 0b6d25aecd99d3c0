/** Starts a software security key that the real fido2-cred, fido2-assert and `ssh-keygen -O device=` can open. */
import { spawn } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, realpathSync, watch } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from './parts.ts';

export interface VirtualKey extends AsyncDisposable {
  /** A character device, `/dev/pts/N`. */
  readonly device: string;
  /** PEM: what its attestations lead to. */
  readonly root: string;
  readonly aaguid: string;
  close(): Promise<void>;
}

export const VIRTUAL_KEY_PARTS = { socat: 'socat' };

const DEVICE_PROGRAM = fileURLToPath(new URL('./virtual-key-device.ts', import.meta.url));

export async function startVirtualKey(): Promise<VirtualKey> {
  const folder = await mkdtemp(join(tmpdir(), 'usher-key-'));
  const link = join(folder, 'device');
  const child = spawn(
    program('socat'),
    [`PTY,raw,echo=0,link=${link}`, `EXEC:"${process.execPath} ${DEVICE_PROGRAM} ${folder}"`],
    // A test that dies must not be kept waiting for by what still holds its output.
    { stdio: 'ignore' },
  );
  await Promise.all([fileIn(folder, 'device'), fileIn(folder, 'root.pem')]);
  // Held open, because socat ends when the last program closes its side of the pty.
  const held = openSync(link, constants.O_RDWR | constants.O_NOCTTY);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const close = async (): Promise<void> => {
    child.kill();
    await ended;
    closeSync(held);
    await rm(folder, { recursive: true, force: true });
  };
  return {
    device: realpathSync(link),
    root: readFileSync(join(folder, 'root.pem'), 'utf8'),
    aaguid: '75736865-722d-7465-7374-2d6b65792d31',
    close,
    [Symbol.asyncDispose]: close,
  };
}

function fileIn(folder: string, name: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder, check);
    check();
    function check(): void {
      if (!existsSync(join(folder, name))) return;
      watcher.close();
      resolve();
    }
  });
}
