/** `usher ca`: see the CA keys of the authority, replace one, or revoke one that was stolen. */
import { Argument, Command } from 'commander';
import { addActOptions } from '../act/act-command.ts';
import { onlyKey, purposeOfKey } from '../act/ca-key.ts';
import type { CaKeyChanged } from '../act/check.ts';
import type { ActOptions } from '../act/perform.ts';
import { performAct } from '../act/perform.ts';
import type { Purpose } from '../act/purpose.ts';
import { PURPOSES, purposeOf } from '../act/purpose.ts';
import { requireReason } from '../act/reason.ts';
import type { KeyStanding } from '../act/rotation.ts';
import { rotationOf } from '../act/rotation.ts';
import { fingerprintIn } from '../act/target.ts';
import type { ListedCaKey } from '../authority/ca-keys.ts';
import { fetchCaKeys } from '../authority/ca-keys.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { openEnrolled, refreshBundle } from '../authority/enrolled.ts';
import { loadKnownHosts } from '../authority/load-known-hosts.ts';
import { UsherCommandError } from '../error.ts';
import { formatTime } from '../issue/review.ts';
import type { Surroundings } from '../surroundings.ts';
import { detail, say, writeData, writeJson } from '../terminal.ts';

interface ListOptions {
  readonly authority?: string;
  readonly json?: boolean;
}

interface RotateOptions extends ActOptions {
  readonly stage?: boolean;
  readonly status?: boolean;
  readonly activate?: boolean;
  readonly retire?: boolean;
  /** A fingerprint. */
  readonly key?: string;
  readonly evenWithout?: readonly string[];
}

interface RevokeOptions extends ActOptions {
  readonly reason: string;
}

const STEPS = ['stage', 'status', 'activate', 'retire'] as const;
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;

export function caCommand(surroundings: Surroundings): Command {
  return new Command('ca')
    .description('see the CA keys of the authority, replace one, or revoke one that was stolen')
    .addCommand(listCommand(surroundings))
    .addCommand(rotateCommand(surroundings))
    .addCommand(revokeCommand(surroundings));
}

function listCommand(surroundings: Surroundings): Command {
  return new Command('list')
    .description('list the CA keys of each purpose with their states, and how many certificates each has out')
    .option('--json', 'print them, and what hosts reported, as JSON')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: ListOptions) => list(surroundings, options));
}

function rotateCommand(surroundings: Surroundings): Command {
  const command = new Command('rotate')
    .description('replace the CA key of a purpose, step by step: stage, activate, retire')
    .addArgument(new Argument('<purpose>', 'what it signs').choices(PURPOSES))
    .option('--stage', 'give hosts and clients a further key, which signs nothing yet')
    .option('--status', 'who has which key, and what comes next')
    .option('--activate', 'sign with the staged key; the one before is only trusted from then on')
    .option('--retire', 'drop the one before, once nothing that it signed counts')
    .option('--key <fingerprint>', 'which key: to stage one of the settings, or where several could be meant')
    .option('--even-without <host...>', '--activate: although these hosts lack the key, and will refuse');
  return addActOptions(command).action((purpose: string, options: RotateOptions) =>
    rotate(surroundings, purposeOf({ purpose }), options),
  );
}

function revokeCommand(surroundings: Surroundings): Command {
  const command = new Command('revoke')
    .description('have hosts and clients refuse a stolen CA key, and all that it signed')
    .argument('<key>', 'its fingerprint, or the file of the public key')
    .requiredOption('--reason <text>', 'why: the log keeps it');
  return addActOptions(command).action((key: string, options: RevokeOptions) =>
    revoke(surroundings, key, options),
  );
}

async function list(surroundings: Surroundings, options: ListOptions): Promise<void> {
  const enrolled = await openEnrolled(surroundings, options.authority);
  const { keys, hosts } = await fetchCaKeys(enrolled);
  if (options.json === true)
    return writeJson(surroundings, { authority: enrolled.settings.origin, keys, hosts });
  for (const key of keys) writeData(surroundings, `${key.purpose.padEnd(8)}${lineOf(key)}`);
}

function lineOf({ name, state, since, certificates }: ListedCaKey): string {
  const out = certificates === 1 ? '1 certificate' : `${certificates} certificates`;
  return `${name}  ${state.padEnd(8)}since ${formatTime(BigInt(since))}; ${out} out`;
}

async function rotate(surroundings: Surroundings, purpose: Purpose, options: RotateOptions): Promise<void> {
  const step = stepOf(options);
  const enrolled = await openEnrolled(surroundings, options.authority);
  switch (step) {
    case 'status':
      return status(enrolled, purpose);
    case 'stage':
      return stage(enrolled, purpose, options);
    case 'activate':
      return activate(enrolled, purpose, options);
    case 'retire':
      return retire(enrolled, purpose, options);
  }
}

function stepOf(options: RotateOptions): (typeof STEPS)[number] {
  const [step, ...others] = STEPS.filter((each) => options[each] === true);
  if (step === undefined || others.length > 0)
    throw new UsherCommandError('usage', 'say which step: one of --stage, --status, --activate and --retire');
  if (options.evenWithout !== undefined && step !== 'activate')
    throw new UsherCommandError('usage', '--even-without goes with --activate');
  if (options.key !== undefined && step === 'status')
    throw new UsherCommandError('usage', '--status shows all keys: it takes no --key');
  return step;
}

async function status(enrolled: Enrolled, purpose: Purpose): Promise<void> {
  const { surroundings } = enrolled;
  const { keys, hosts } = await fetchCaKeys(enrolled);
  const listed = new Set((await loadKnownHosts(enrolled)).hosts.map(({ name }) => name));
  // The authority does not wait for those that the roster names no more: they will never report again.
  const current = hosts.filter(({ host }) => listed.has(host));
  const rotation = rotationOf({ keys, hosts: current }, purpose, surroundings.now());
  for (const standing of rotation.keys) {
    writeData(surroundings, lineOf(standing.key));
    for (const line of hostLines(standing)) writeData(surroundings, `  ${line}`);
  }
  if (rotation.locked.length > 0)
    say(surroundings, `locked, and not waited for: ${rotation.locked.join(', ')}`);
  say(surroundings, `next: ${rotation.next}`);
}

function hostLines({ key, hosts }: KeyStanding): readonly string[] {
  if (hosts === undefined) return [];
  const { having, lacking } = hosts;
  return [
    ...(having.length === 0 ? [] : [`hosts that have it: ${having.join(', ')}`]),
    // That hosts lack a key which is known to the authority only is as it should be.
    ...(lacking.length === 0 || key.state === 'created' ? [] : [`hosts that lack it: ${lacking.join(', ')}`]),
  ];
}

async function stage(enrolled: Enrolled, purpose: Purpose, options: RotateOptions): Promise<void> {
  const act = { kind: 'stage-ca', purpose, key: options.key ?? '' } as const;
  const changed = await performAct(enrolled, act, options);
  sayState(enrolled, changed);
  const who =
    purpose === 'host' ? 'clients get it with their next login' : 'hosts get it with their next sync';
  say(enrolled.surroundings, `${who}; see who has it: usher ca rotate ${purpose} --status`);
}

async function activate(enrolled: Enrolled, purpose: Purpose, options: RotateOptions): Promise<void> {
  const key = options.key ?? onlyKey(await refreshBundle(enrolled), purpose, 'coming');
  const evenWithout = [...new Set(options.evenWithout)].sort();
  sayState(enrolled, await performAct(enrolled, { kind: 'activate-ca', purpose, key, evenWithout }, options));
  say(
    enrolled.surroundings,
    `the one before is trusted as long as certificates by it are out; then: usher ca rotate ${purpose} --retire`,
  );
}

async function retire(enrolled: Enrolled, purpose: Purpose, options: RotateOptions): Promise<void> {
  const key = options.key ?? onlyKey(await refreshBundle(enrolled), purpose, 'retired');
  sayState(enrolled, await performAct(enrolled, { kind: 'retire-ca', purpose, key }, options));
}

async function revoke(surroundings: Surroundings, given: string, options: RevokeOptions): Promise<void> {
  const { reason } = options;
  requireReason(reason);
  const key = FINGERPRINT.test(given) ? given : await fingerprintIn(given);
  const enrolled = await openEnrolled(surroundings, options.authority);
  const purpose = await findPurpose(enrolled, key);
  const changed = await performAct(enrolled, { kind: 'revoke-ca', purpose, key, reason }, options);
  sayState(enrolled, changed);
  reportAffected(enrolled, changed);
}

/** A key that only the authority knows is in no bundle. */
async function findPurpose(enrolled: Enrolled, name: string): Promise<Purpose> {
  const published = purposeOfKey(await refreshBundle(enrolled), name);
  if (published !== undefined) return published;
  const { keys } = await fetchCaKeys(enrolled);
  const found = keys.find((key) => key.name === name);
  if (found !== undefined) return found.purpose;
  throw new UsherCommandError('refused', `${enrolled.settings.origin} has no CA key ${name}`, {
    hint: 'usher ca list names them',
  });
}

function sayState({ surroundings }: Enrolled, { purpose, key, state }: CaKeyChanged): void {
  say(surroundings, `the CA key for ${purpose} is ${state}`);
  detail(surroundings, [['public key', key]]);
}

function reportAffected({ surroundings }: Enrolled, { purpose, affected }: CaKeyChanged): void {
  for (const { holder, certificates } of affected) writeData(surroundings, `${holder} ${certificates}`);
  if (affected.length > 0)
    say(surroundings, 'these hold certificates by it, and have to get new ones: name, and how many');
  say(surroundings, `where no key signs any more: usher ca rotate ${purpose} --stage, then --activate`);
}
