/** The sshd of this host: what it makes of its configuration, and telling it that something has changed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sshdSettings } from '../../src/fleet/sshd.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import { complaintOf, runOnHost, tryOnHost } from './programs.ts';
import type { MachineSettings } from './settings.ts';
import { AUTO_RELOAD } from './settings.ts';

type SshdSettings = Pick<MachineSettings, 'sshd' | 'sshdConfig'>;

const UNITS = ['ssh.service', 'sshd.service'] as const;
/** The one of sshd's own. */
const PID_FILE = '/run/sshd.pid';

/** @returns what sshd complains of; undefined when it would start with this configuration. */
export async function faultOfSshd(
  surroundings: Surroundings,
  { sshd, sshdConfig }: SshdSettings,
): Promise<string | undefined> {
  return faultOf(surroundings, sshd, sshdConfig);
}

/** The same if these lines stood in front: so that they never are in place while sshd could not start with them. */
export async function faultWithLines(
  surroundings: Surroundings,
  { sshd, sshdConfig }: SshdSettings,
  lines: Uint8Array,
): Promise<string | undefined> {
  return withTemporaryDirectory(undefined, async (directory) => {
    const [ours, whole] = [join(directory, 'lines'), join(directory, 'sshd_config')];
    await writeFile(ours, lines);
    await writeFile(whole, `Include ${ours}\nInclude ${sshdConfig}\n`);
    return (await faultOf(surroundings, sshd, whole))?.replaceAll(`${directory}/`, '');
  });
}

/** @throws UsherCommandError `host-file` */
export async function reloadSshd(surroundings: Surroundings, { reload }: MachineSettings): Promise<void> {
  const command = reload === AUTO_RELOAD ? await reloadCommand(surroundings) : ['/bin/sh', '-c', reload];
  // Nothing runs, or each connection has an sshd of its own: it will read everything when it starts.
  if (command === undefined) return;
  const result = await runOnHost(surroundings, command);
  if (result.exitCode !== 0)
    throw new UsherCommandError('host-file', `sshd was not reloaded: ${complaintOf(result)}`, {
      hint: 'it is tried again at the next sync',
    });
}

/**
 * What sshd takes from elsewhere although our lines say otherwise: they are not included, or other lines stand before them. And whether it logs
 * which certificates it accepts.
 */
export async function whatSshdIgnores(
  surroundings: Surroundings,
  { sshd, sshdConfig, dropIn, directory }: MachineSettings,
): Promise<readonly string[]> {
  const text = await tryOnHost(surroundings, [sshd, '-T', '-f', sshdConfig]);
  if (text === undefined) return [];
  const lines = new Set(text.split('\n').map((line) => line.toLowerCase()));
  const ours = dropIn === undefined ? [] : sshdSettings(directory);
  const ignored = ours
    .filter(([name, value]) => !lines.has(`${name} ${value}`.toLowerCase()))
    .map(([name]) => `sshd does not take ${name} from ${dropIn}: does ${sshdConfig} include it, and first?`);
  return [...ignored, ...whatItHides(lines)];
}

/** @param lines in lower case. */
function whatItHides(lines: ReadonlySet<string>): readonly string[] {
  const logs = ['info', 'verbose', 'debug', 'debug1', 'debug2', 'debug3'];
  const isSilent = !logs.some((level) => lines.has(`loglevel ${level}`));
  return [
    ...(isSilent ? ['sshd does not log which certificates it accepts: set LogLevel VERBOSE'] : []),
    ...(lines.has('fingerprinthash sha256')
      ? []
      : ['sshd logs other hashes of keys: set FingerprintHash sha256']),
  ];
}

/** The keys that sshd shows, by its own word. */
export async function hostKeyPaths(
  surroundings: Surroundings,
  { sshd, sshdConfig }: SshdSettings,
): Promise<readonly string[]> {
  const text = (await tryOnHost(surroundings, [sshd, '-T', '-f', sshdConfig])) ?? '';
  return text.split('\n').flatMap((line) => /^hostkey (\/.*)$/.exec(line)?.[1] ?? []);
}

async function faultOf(
  surroundings: Surroundings,
  sshd: string,
  config: string,
): Promise<string | undefined> {
  const result = await runOnHost(surroundings, [sshd, '-t', '-f', config]);
  if (result.exitCode === 0) return undefined;
  return complaintOf(result) || `it ended with ${result.exitCode}`;
}

async function reloadCommand(surroundings: Surroundings): Promise<readonly string[] | undefined> {
  for (const unit of UNITS)
    if ((await tryOnHost(surroundings, ['systemctl', 'is-active', unit])) !== undefined)
      // Some units, NixOS's among them, know no reload.
      return ['systemctl', 'try-reload-or-restart', unit];
  const pid = (await tryOnHost(surroundings, ['cat', PID_FILE]))?.trim() ?? '';
  if (!/^[1-9][0-9]*$/.test(pid)) return undefined;
  // The file outlives an sshd that was killed, and its number goes to somebody else.
  const name = await tryOnHost(surroundings, ['cat', `/proc/${pid}/comm`]);
  return name?.trim() === 'sshd' ? ['/bin/sh', '-c', `kill -HUP ${pid}`] : undefined;
}
