/** `usher status`: which certificates the agent holds, and for how long. */
import { Command } from 'commander';
import { printable } from '../../src/ssh/printable.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import type { Entry } from '../agent/entries.ts';
import { findUsable } from '../agent/own-entries.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import { UsherCommandError } from '../error.ts';
import { formatTime, roughDuration } from '../issue/review.ts';
import type { Surroundings } from '../surroundings.ts';
import { writeData, writeJson } from '../terminal.ts';

interface StatusOptions {
  readonly authority?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

type Usable = Readonly<Record<'login' | 'sudo', readonly Entry[]>>;

export function statusCommand(surroundings: Surroundings): Command {
  return new Command('status')
    .description(
      'say which certificates the agent holds; exit code 3 when there is no valid one to log in with',
    )
    .option('-q, --quiet', 'say nothing: the exit code is the answer')
    .option('--json', 'print the certificates as JSON')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: StatusOptions) => status(surroundings, options));
}

export async function status(surroundings: Surroundings, options: StatusOptions): Promise<void> {
  const enrolled = await openEnrolled(surroundings, options.authority);
  const usable = { login: await findUsable(enrolled, 'login'), sudo: await findUsable(enrolled, 'sudo') };
  if (options.json === true) writeStatus(enrolled, usable);
  else if (options.quiet !== true)
    for (const entry of [...usable.login, ...usable.sudo])
      writeData(surroundings, lineOf(entry, surroundings.now()));
  if (usable.login.length === 0) throw none(enrolled, options);
}

function lineOf({ certificate, comment }: Entry, now: number): string {
  const { principals, validBefore, serial } = certificate.fields;
  const left = roughDuration(Number(validBefore) - now);
  const until = `${left} left, until ${formatTime(validBefore)}; serial ${serial}`;
  // Whoever reaches the agent chose these, as far as anybody knows who only reads them.
  return printable(`${comment}: ${principals.join(', ')}; ${until}`, 20_000);
}

function writeStatus({ surroundings, settings }: Enrolled, usable: Usable): void {
  const { origin, person } = settings;
  const certificates = [...usable.login.map(viewOf('login')), ...usable.sudo.map(viewOf('sudo'))];
  writeJson(surroundings, { authority: origin, person, valid: usable.login.length > 0, certificates });
}

function viewOf(purpose: keyof Usable): (entry: Entry) => object {
  return ({ certificate: { fields } }) => ({
    purpose,
    serial: fields.serial,
    keyId: fields.keyId,
    key: fingerprint(fields.subject),
    principals: fields.principals,
    validAfter: Number(fields.validAfter),
    validBefore: Number(fields.validBefore),
  });
}

function none({ settings }: Enrolled, options: StatusOptions): UsherCommandError {
  const quiet = options.quiet === true;
  return new UsherCommandError(
    'no-certificate',
    quiet ? '' : `the agent holds no valid certificate of ${settings.origin} to log in with`,
    {
      ...(quiet ? {} : { hint: 'get one: usher login' }),
    },
  );
}
