/**
 * Opens an address with a secret in its fragment. The list of processes is readable by everybody on the machine, so the browser
 * is given a file that only the person can read, which leads on.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Surroundings } from '../surroundings.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import { whileWaiting } from '../terminal.ts';
import { hasBrowser, openBrowser } from './open-browser.ts';

/** A browser that starts from nothing may take this long to read the file. */
const READ_MILLISECONDS = 20_000;

/** @returns false when there is no browser here. */
export async function openSecretAddress(surroundings: Surroundings, address: string): Promise<boolean> {
  if (!hasBrowser(surroundings)) return false;
  return withSecretAddress(surroundings, address, async (opened) => {
    if (opened)
      await whileWaiting(surroundings, 'opening your browser', surroundings.sleep(READ_MILLISECONDS));
    return opened;
  });
}

/** Opens it and does `work`; the file is there for as long. `opened` is false when the browser could not be started. */
export function withSecretAddress<T>(
  surroundings: Surroundings,
  address: string,
  work: (opened: boolean) => Promise<T>,
): Promise<T> {
  return withTemporaryDirectory(surroundings.env['XDG_RUNTIME_DIR'], async (directory) => {
    const file = join(directory, 'usher.html');
    await writeFile(file, pageTo(address), { mode: 0o600 });
    return work(await openBrowser(surroundings, pathToFileURL(file).href));
  });
}

/** The address was made of an origin, a port and base64url parts: nothing in it can end the attribute. */
function pageTo(address: string): string {
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<title>usher</title><meta http-equiv="refresh" content="0;url=${address}"><a href="${address}">Go on</a>\n`;
}
