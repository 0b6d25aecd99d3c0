/** `usher status`: which certificate the agent holds, and for how long. */
import { Command } from 'commander';
import { fingerprint } from '../../src/ssh/public-key.ts';
import type { Enrolled } from '../enrolled.ts';
import { openEnrolled, storedBundle } from '../enrolled.ts';
import type { Entry } from '../entries.ts';
import { ownEntries, usableEntries } from '../entries.ts';
import { UsherCommandError } from '../error.ts';
import { formatTime, roughDuration } from '../review.ts';
import { withAgent } from '../ssh-agent.ts';
import type { Surroundings } from '../surroundings.ts';
import { writeData, writeJson } from '../terminal.ts';

interface StatusOptions {
  readonly authority?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export function statusCommand(surroundings: Surroundings): Command {
  return new Command('status')
    .description('say which certificate the agent holds; exit code 3 when there is no valid one')
    .option('-q, --quiet', 'say nothing: the exit code is the answer')
    .option('--json', 'print the certificates as JSON')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: StatusOptions) => status(surroundings, options));
}

export async function status(surroundings: Surroundings, options: StatusOptions): Promise<void> {
  const enrolled = await openEnrolled(surroundings, options.authority);
  const usable = await usableOf(enrolled);
  if (options.json === true) writeStatus(enrolled, usable);
  if (usable.length === 0) throw none(enrolled, options);
  if (options.quiet === true || options.json === true) return;
  for (const entry of usable) writeData(surroundings, lineOf(entry, surroundings.now()));
}

async function usableOf(enrolled: Enrolled): Promise<readonly Entry[]> {
  const { surroundings, settings, name } = enrolled;
  const entries = await withAgent(surroundings.env, async (agent) =>
    ownEntries(await agent.list(), { purpose: 'login', person: settings.person, authority: name }),
  );
  const caKeys = storedBundle(enrolled)?.caKeys.filter(({ purpose }) => purpose === 'login') ?? [];
  return usableEntries(
    entries,
    caKeys.map(({ key }) => key),
    surroundings.now(),
  );
}

function lineOf({ certificate, comment }: Entry, now: number): string {
  const { principals, validBefore, serial } = certificate.fields;
  const left = roughDuration(Number(validBefore) - now);
  return `${comment}: ${principals.join(', ')}; ${left} left, until ${formatTime(validBefore)}; serial ${serial}`;
}

function writeStatus({ surroundings, settings }: Enrolled, usable: readonly Entry[]): void {
  const certificates = usable.map(({ certificate: { fields } }) => ({
    purpose: 'login',
    serial: fields.serial,
    keyId: fields.keyId,
    key: fingerprint(fields.subject),
    principals: fields.principals,
    validAfter: Number(fields.validAfter),
    validBefore: Number(fields.validBefore),
  }));
  const { origin, person } = settings;
  writeJson(surroundings, { authority: origin, person, valid: usable.length > 0, certificates });
}

function none({ settings }: Enrolled, options: StatusOptions): UsherCommandError {
  const quiet = options.quiet === true;
  return new UsherCommandError(
    'no-certificate',
    quiet ? '' : `the agent holds no valid certificate of ${settings.origin}`,
    {
      ...(quiet ? {} : { hint: 'get one: usher login' }),
    },
  );
}
