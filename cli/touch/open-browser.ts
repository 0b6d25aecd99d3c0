/** Opens an address in the person's browser. What is opened stands in the list of processes, so it holds no secret. */
import { spawn } from 'node:child_process';
import type { Surroundings } from '../surroundings.ts';

/** Whether a browser on this machine would show its page to the person at this terminal. */
export function hasBrowser({ env }: Pick<Surroundings, 'env'>): boolean {
  if ((env['SSH_CONNECTION'] ?? '') !== '') return false;
  return (
    process.platform === 'darwin' ||
    ['BROWSER', 'DISPLAY', 'WAYLAND_DISPLAY'].some((name) => (env[name] ?? '') !== '')
  );
}

/** @returns whether the program could be started; what becomes of the page nobody tells. */
export function openBrowser({ env }: Pick<Surroundings, 'env'>, address: string): Promise<boolean> {
  const fallback = process.platform === 'darwin' ? 'open' : 'xdg-open';
  // BROWSER may list several programs; "%s" and arguments in it are not supported, as in Python's webbrowser.
  const program = env['BROWSER']?.split(':')[0] || fallback;
  return new Promise((resolve) => {
    const child = spawn(program, [address], { detached: true, stdio: 'ignore', env: { ...env } });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
