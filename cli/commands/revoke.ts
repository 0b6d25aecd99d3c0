/** `usher revoke`: certificates that hosts, or for hosts clients, refuse from then on. */
import { Command } from 'commander';
import type { RevocationTarget } from '../../src/ssh/act.ts';
import { addActOptions } from '../act/act-command.ts';
import type { Revoked } from '../act/check.ts';
import type { ActOptions } from '../act/perform.ts';
import { performAct } from '../act/perform.ts';
import { requireReason } from '../act/reason.ts';
import type { TargetOptions } from '../act/target.ts';
import { targetOf } from '../act/target.ts';
import type { Entry } from '../agent/entries.ts';
import { findUsable } from '../agent/own-entries.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import { signPost } from '../authority/signed-call.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { say, writeData } from '../terminal.ts';

interface RevokeOptions extends ActOptions, TargetOptions {
  readonly reason: string;
}

type Ended = Pick<Revoked, 'count' | 'serials'>;

const SERIAL = /^[1-9][0-9]{0,19}$/;

export function revokeCommand(surroundings: Surroundings): Command {
  const command = new Command('revoke')
    .description('end certificates before their time; one of your own takes no touch')
    .argument('[serial]', 'of a certificate, as usher status and the log name it')
    .requiredOption('--reason <text>', 'why: the log keeps it')
    .option('--person <name>', 'instead: all certificates of this person')
    .option(
      '--key <file>',
      'all certificates of this key, which counts no more: a public or private key, or a certificate',
    )
    .option('--machine <name>', 'all certificates of this host or builder')
    .option('--credential <id>', 'all that this security key or passkey was touched for; it counts no more');
  return addActOptions(command).action((serial: string | undefined, options: RevokeOptions) =>
    revoke(surroundings, serial, options),
  );
}

async function revoke(
  surroundings: Surroundings,
  serial: string | undefined,
  options: RevokeOptions,
): Promise<void> {
  const { reason } = options;
  requireReason(reason);
  const target = await targetOf(serial, options);
  const enrolled = await openEnrolled(surroundings, options.authority);
  const revoked =
    (await revokeOwn(enrolled, target, reason)) ??
    (await performAct(enrolled, { kind: 'revoke', target, reason }, options));
  report(surroundings, target, revoked);
}

/** @returns undefined when it is not one's own, as far as the authority says to this caller. */
async function revokeOwn(
  enrolled: Enrolled,
  { kind, name: serial }: RevocationTarget,
  reason: string,
): Promise<Ended | undefined> {
  const signer = kind === 'serial' ? await findLogin(enrolled) : undefined;
  if (signer === undefined || !SERIAL.test(serial)) return undefined;
  const target = `/v1/certificates/${serial}/revoke`;
  const body = { reason };
  try {
    await enrolled.client.send(target, body, await signPost(enrolled, signer, target, body));
    return { count: 1, serials: [serial] };
  } catch (error) {
    if (error instanceof UsherCommandError && error.problem?.code === 'nothing-to-revoke') return undefined;
    throw error;
  }
}

/** Without an agent it takes a touch. */
async function findLogin(enrolled: Enrolled): Promise<Entry | undefined> {
  try {
    return (await findUsable(enrolled, 'login'))[0];
  } catch (error) {
    if (error instanceof UsherCommandError && error.code === 'agent') return undefined;
    throw error;
  }
}

function report(surroundings: Surroundings, { kind }: RevocationTarget, { count, serials }: Ended): void {
  for (const serial of serials) writeData(surroundings, serial);
  const rest = count - serials.length;
  if (rest > 0) say(surroundings, `and ${rest} more, which the log names`);
  const it = count === 1 ? 'it' : 'them';
  say(surroundings, `${inWords(count)} revoked; ${refusing(kind, it)}`);
  if (kind === 'person') say(surroundings, 'who shall get no more is taken out of the roster, too');
}

/** Certificates of a machine are shown to clients. */
function refusing(kind: RevocationTarget['kind'], it: string): string {
  return kind === 'machine'
    ? `clients refuse ${it} from their next login on`
    : `hosts refuse ${it} from their next sync on`;
}

function inWords(count: number): string {
  if (count === 0) return 'no certificate had to be';
  return count === 1 ? 'one certificate is' : `${count} certificates are`;
}
