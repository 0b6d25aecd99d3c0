/** `usher host list`: which hosts are enrolled, and what each reported last. */
import { Command } from 'commander';
import { printable } from '../../src/ssh/printable.ts';
import type { ListedHost } from '../authority/ca-keys.ts';
import { fetchCaKeys } from '../authority/ca-keys.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import { formatTime } from '../issue/review.ts';
import type { Surroundings } from '../surroundings.ts';
import { say, writeData, writeJson } from '../terminal.ts';

interface ListOptions {
  readonly authority?: string;
  readonly json?: boolean;
}

export function hostListCommand(surroundings: Surroundings): Command {
  return new Command('list')
    .description('list the enrolled hosts with what each reported last')
    .option('--json', 'print them as JSON')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: ListOptions) => listHosts(surroundings, options));
}

async function listHosts(surroundings: Surroundings, options: ListOptions): Promise<void> {
  const enrolled = await openEnrolled(surroundings, options.authority);
  const { hosts } = await fetchCaKeys(enrolled);
  if (options.json === true) return writeJson(surroundings, { authority: enrolled.settings.origin, hosts });
  for (const host of hosts) for (const line of linesOf(host)) writeData(surroundings, printable(line, 4000));
  if (hosts.length === 0) say(surroundings, 'no host has enrolled: usher host invite HOST');
}

/** Hosts say of themselves what they want: it is shown, and moves nothing. */
function linesOf({ host, renewedAt, lockedAt, report }: ListedHost): readonly string[] {
  const locked = lockedAt === undefined ? '' : `; LOCKED since ${time(lockedAt)}`;
  const certificates = `certificates of ${time(renewedAt)}${locked}`;
  if (report === undefined) return [`${host}  never reported; ${certificates}`];
  const { receivedAt, openssh, pamUssh, problems } = report;
  return [
    `${host}  reported ${time(receivedAt)}; ${certificates}; ${openssh}; pam-ussh ${pamUssh}`,
    ...problems.map((problem) => `  problem: ${problem}`),
  ];
}

function time(unixSeconds: number): string {
  return formatTime(unixSeconds);
}
