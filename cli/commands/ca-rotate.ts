/** `usher ca rotate`: replaces the CA key of a purpose, in three acts that are days apart. */
import { Argument, Command } from 'commander';
import { addActOptions } from '../act/act-command.ts';
import type { ActOptions } from '../act/perform.ts';
import { performAct } from '../act/perform.ts';
import { fetchCaKeys } from '../authority/ca-keys.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { openEnrolled, refreshBundle } from '../authority/enrolled.ts';
import { loadKnownHosts } from '../authority/load-known-hosts.ts';
import { onlyKey } from '../ca/choose-key.ts';
import { keyLine, sayState } from '../ca/key-words.ts';
import type { Purpose } from '../ca/purpose.ts';
import { PURPOSES, purposeOf } from '../ca/purpose.ts';
import type { KeyStanding } from '../ca/rotation.ts';
import { rotationOf } from '../ca/rotation.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { say, writeData } from '../terminal.ts';

interface RotateOptions extends ActOptions {
  readonly stage?: boolean;
  readonly status?: boolean;
  readonly activate?: boolean;
  readonly retire?: boolean;
  /** A fingerprint. */
  readonly key?: string;
  readonly evenWithout?: readonly string[];
}

const STEPS = ['stage', 'status', 'activate', 'retire'] as const;

export function caRotateCommand(surroundings: Surroundings): Command {
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
    writeData(surroundings, keyLine(standing.key));
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
