/** `usher doctor`: looks at everything between the person and a login, and says what would refuse it. */
import { stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { Command } from 'commander';
import type { Enrolled } from '../authority/enrolled.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import { settingsFile } from '../authority/settings.ts';
import { checkAgent } from '../doctor/agent.ts';
import { checkAccount, checkBundle, checkClock } from '../doctor/authority.ts';
import { checkCertificate } from '../doctor/certificate.ts';
import type { Check } from '../doctor/check.ts';
import { failure, ok, warning } from '../doctor/check.ts';
import { report } from '../doctor/report.ts';
import { judgeSshConfig, readSshConfig } from '../doctor/ssh-config.ts';
import { checkTouch } from '../doctor/touch.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { doctorHostCommand } from './doctor-host.ts';
import { doctorLogCommand } from './doctor-log.ts';
import { doctorSudoCommand } from './doctor-sudo.ts';

const PARTS = [doctorSudoCommand, doctorHostCommand, doctorLogCommand];

interface DoctorOptions {
  readonly authority?: string;
  readonly host?: string;
  readonly login?: string;
  readonly json?: boolean;
}

export function doctorCommand(surroundings: Surroundings): Command {
  const command = new Command('doctor')
    .description(
      'check agent, clock, authority, certificate and ssh configuration; exit code 1 when something fails',
    )
    .option('--host <name>', 'also whether this host would take the certificate, and ssh offer it')
    .option('--login <name>', 'for this Unix account')
    .option('--json', 'print every check with its id, verdict, message and hint as JSON')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    // A part that there is not would else be one argument too many: what is meant is a command.
    .allowExcessArguments()
    .action((options: DoctorOptions, { args }: Command) => {
      refuseUnknownPart(args[0]);
      return doctor(surroundings, options);
    });
  for (const make of PARTS) command.addCommand(make(surroundings));
  // Otherwise `--json` behind `doctor host` would be taken for the option of `doctor`.
  return command.enablePositionalOptions();
}

function refuseUnknownPart(part: string | undefined): void {
  if (part !== undefined)
    throw new UsherCommandError('usage', `unknown command "${part}"`, {
      hint: 'usher doctor looks at all of your side; its parts: usher doctor sudo, host, log',
    });
}

export async function doctor(surroundings: Surroundings, options: DoctorOptions): Promise<void> {
  const checks = await examine(surroundings, options);
  report(surroundings, checks, { json: options.json });
}

async function examine(surroundings: Surroundings, options: DoctorOptions): Promise<readonly Check[]> {
  const opened = await openOrFail(surroundings, options.authority);
  if ('verdict' in opened) return [opened, ...(await checkAgent(surroundings, undefined)).checks];
  const { settings, name } = opened;
  const owner = { purpose: 'login', person: settings.person, authority: name } as const;
  const [settingsCheck, clock, bundle, agent, touch] = await Promise.all([
    checkSettings(opened),
    checkClock(opened),
    checkBundle(opened),
    checkAgent(surroundings, owner, opened.agent),
    checkTouch(surroundings, settings),
  ]);
  const { host, login } = options;
  const question = {
    entries: agent.entries,
    bundle: bundle.bundle,
    now: surroundings.now(),
    host,
    login,
    addresses: addresses(),
  };
  return [
    ...[settingsCheck, clock, bundle.check, ...agent.checks, touch],
    ...checkCertificate(question),
    // An authority that did not answer would only be waited for once more.
    ...(bundle.check.verdict === 'ok' ? await checkAccount(opened, agent.entries) : []),
    ...(host === undefined ? [] : [await checkSsh(opened, host, login)]),
  ];
}

async function openOrFail(
  surroundings: Surroundings,
  authority: string | undefined,
): Promise<Enrolled | Check> {
  try {
    return await openEnrolled(surroundings, authority);
  } catch (error) {
    if (error instanceof UsherCommandError)
      return failure('settings', error.message, error.hint ?? 'enroll again');
    throw error;
  }
}

/** The settings hold the pinned key: who can write them can make the command trust another authority. */
async function checkSettings({ paths, name, settings }: Enrolled): Promise<Check> {
  const path = settingsFile(paths, name);
  const { mode } = await stat(path);
  if ((mode & 0o022) !== 0) return failure('settings', `others may write ${path}`, `chmod 600 ${path}`);
  if (settings.access === undefined)
    return warning('settings', 'it is not known yet what you may ask for', 'the first usher login finds out');
  return ok('settings', `${settings.person} is enrolled at ${settings.origin}`);
}

async function checkSsh(
  { surroundings, agent }: Enrolled,
  host: string,
  login: string | undefined,
): Promise<Check> {
  const target = login === undefined ? host : `${login}@${host}`;
  const config = await readSshConfig(surroundings, target);
  return judgeSshConfig(config, host, agent);
}

function addresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
  );
}
