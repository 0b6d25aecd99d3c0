/** `usher approvals`: which requests of other people wait for an answer of this person. */
import { Command } from 'commander';
import type { Access } from '../../src/http/contract/access.ts';
import { printable } from '../../src/ssh/printable.ts';
import type { WaitingRequest } from '../approvals.ts';
import { addressOf, listApprovals } from '../approvals.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import { readSudoPrincipals } from '../issue/asked.ts';
import { formatTime, roughDuration } from '../issue/review.ts';
import { sudoHostsInWords } from '../issue/sudo-names.ts';
import type { Surroundings } from '../surroundings.ts';
import { say, writeData, writeJson } from '../terminal.ts';

interface ApprovalsOptions {
  readonly authority?: string;
  readonly json?: boolean;
}

export function approvalsCommand(surroundings: Surroundings): Command {
  return new Command('approvals')
    .description(
      'list the requests for sudo that wait for your approval, or for the signature of your CA key',
    )
    .option('--json', 'print them as JSON')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: ApprovalsOptions) => approvals(surroundings, options));
}

export async function approvals(surroundings: Surroundings, options: ApprovalsOptions): Promise<void> {
  const enrolled = await openEnrolled(surroundings, options.authority);
  const requests = await listApprovals(enrolled);
  if (options.json === true) {
    const listed = requests.map(({ viewSecret, ...request }) => ({
      ...request,
      address: addressOf(enrolled, { requestId: request.requestId, viewSecret }),
    }));
    writeJson(surroundings, { authority: enrolled.settings.origin, requests: listed });
    return;
  }
  for (const request of requests) writeData(surroundings, lineOf(request, enrolled.settings.access));
  if (requests.length === 0) say(surroundings, 'nothing waits for you');
}

/** What is touched is checked and shown once more: this line is what the authority says, nothing else. */
function lineOf(request: WaitingRequest, access: Access | undefined): string {
  const { requestId, person, principals, lifetime, reason, needed, given, answered, approveBy } = request;
  const { login, hosts } = readSudoPrincipals(principals) ?? { login: '?', hosts: principals };
  const where = sudoHostsInWords(hosts, access);
  const why = reason === '' ? '' : ` (${reason})`;
  const yours = answered ? ', you approved' : '';
  const approved = needed === 0 ? '' : `; ${given} of ${needed} approved${yours}`;
  const what = `${person}: sudo as ${login} on ${where} for ${roughDuration(lifetime)}${why}`;
  return printable(`${requestId}  ${what}${approved}; until ${formatTime(approveBy)}`, 4000);
}
