/** Connects to a host without logging in: what it shows, and whether ssh takes it. */

import type { NamedHost } from '../../src/fleet/known-hosts.ts';
import type { TrustFiles } from '../../src/fleet/ssh-config.ts';
import { strictSettings } from '../../src/fleet/ssh-config.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { parseCertificateLine } from '../../src/ssh/certificate-line.ts';
import { SshError } from '../../src/ssh/error.ts';
import { printable } from '../../src/ssh/printable.ts';
import type { Surroundings } from '../surroundings.ts';
import { whileWaiting } from '../terminal.ts';
import type { ProgramResult } from '../touch/run.ts';
import { runProgram } from '../touch/run.ts';
import { orRefuse } from './fleet-error.ts';

/** Where it is reached. */
export interface Address {
  /** As ssh is told, which has its own configuration of it. */
  readonly name: string;
  /** As that configuration says. */
  readonly hostName: string;
  readonly port: number;
}

/**
 * By its own word: what is anchored at the begin of a line no host can put there. That its CA key is known it says before it looks at
 * the rest of a certificate; only after all of it does it go on with new keys.
 */
const CA_IS_KNOWN = /^debug1: Host '[^'\n]*' is known and matches the \S+-CERT host certificate\.\r?$/m;
const GOES_ON = /^debug1: SSH2_MSG_NEWKEYS sent\r?$/m;
const LIMITS = { timeLimitSeconds: 30, maxOutputBytes: 1_048_576 } as const;

/** The certificates that it shows, one for each of its keys that has one. */
export async function scanCertificates(
  surroundings: Surroundings,
  { hostName, port }: Address,
): Promise<readonly Certificate[]> {
  const args = ['-c', '-T', '10', '-p', String(port), '--', hostName];
  const { stdout } = await run(surroundings, 'ssh-keyscan', args, `asking ${hostName} for its certificates`);
  return stdout.split('\n').flatMap(readCertificate);
}

interface Verdict {
  readonly isTaken: boolean;
  /** The last line that ssh said. */
  readonly said: string;
}

/** What ssh itself says, with our files and no others; it does not log in. */
export async function askSsh(
  surroundings: Surroundings,
  { name, port }: Address,
  host: NamedHost,
  files: TrustFiles,
): Promise<Verdict> {
  const settings = [
    ...orRefuse(() => strictSettings(host, files)),
    ...['BatchMode yes', 'ConnectTimeout 10', 'PreferredAuthentications none', 'PubkeyAuthentication no'],
    // A connection that is open already would answer instead.
    ...['ControlMaster no', 'ControlPath none', 'ClearAllForwardings yes', 'PermitLocalCommand no'],
  ];
  const options = settings.flatMap((setting) => ['-o', setting]);
  const args = ['-v', '-T', ...options, '-p', String(port), '--', name, 'exit'];
  const { stderr } = await run(surroundings, 'ssh', args, `asking ssh about ${name}`);
  return { isTaken: CA_IS_KNOWN.test(stderr) && GOES_ON.test(stderr), said: lastWords(stderr) };
}

function run(
  surroundings: Surroundings,
  program: string,
  args: readonly string[],
  waiting: string,
): Promise<ProgramResult> {
  const input = { program, arguments: args, stdin: '', stderr: 'keep', ...LIMITS } as const;
  return whileWaiting(surroundings, waiting, runProgram(surroundings, input));
}

/** Comments, and lines of keys that no certificate is for, are passed over. */
function readCertificate(line: string): readonly Certificate[] {
  const words = line.trim().split(/[ \t]+/);
  const start = words.findIndex((word) => word.endsWith('-cert-v01@openssh.com'));
  if (start === -1) return [];
  try {
    return [parseCertificateLine(words.slice(start, start + 2).join(' ')).certificate];
  } catch (cause) {
    // What can not be read is none, as for ssh.
    if (cause instanceof SshError) return [];
    throw cause;
  }
}

function lastWords(stderr: string): string {
  const lines = stderr.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('debug'));
  return printable(lines.at(-1) ?? 'it said nothing', 300);
}
