/** `usher host invite`: a one-time token with which one host enrols. The authority learns its hash alone. */
import { lstat } from 'node:fs/promises';
import { base64urlnopad, hex } from '@scure/base';
import { Command } from 'commander';
import { createFile } from '../../src/durable-file.ts';
import { fileReason } from '../../src/file-reason.ts';
import { secretHash } from '../../src/fleet/host/secret.ts';
import { formatTokenFile } from '../../src/fleet/host/token-file.ts';
import { checkHostName } from '../../src/fleet/host-facts.ts';
import { addActOptions } from '../act/act-command.ts';
import type { ActOptions } from '../act/perform.ts';
import { performAct } from '../act/perform.ts';
import { openEnrolled, refreshBundle } from '../authority/enrolled.ts';
import { UsherCommandError } from '../error.ts';
import { orRefuse } from '../hosts/fleet-error.ts';
import { formatTime } from '../issue/review.ts';
import type { Surroundings } from '../surroundings.ts';
import { detail, say, writeData } from '../terminal.ts';

interface InviteOptions extends ActOptions {
  readonly out?: string;
}

const STDOUT = '-';
const TOKEN_BYTES = 32;

export function hostInviteCommand(surroundings: Surroundings): Command {
  const command = new Command('invite')
    .description('make a token with which a host enrols, once and within an hour')
    .argument('<host>', 'as the roster names it')
    .option('--out <file>', 'where the token goes; "-" for stdout (default: ./HOST.token)');
  return addActOptions(command).action((host: string, options: InviteOptions) =>
    inviteHost(surroundings, host, options),
  );
}

async function inviteHost(surroundings: Surroundings, host: string, options: InviteOptions): Promise<void> {
  orRefuse(() => checkHostName(host));
  const out = options.out ?? `${host}.token`;
  if (out !== STDOUT) await refuseExisting(out);
  const enrolled = await openEnrolled(surroundings, options.authority);
  const { bundleKey } = await refreshBundle(enrolled);
  const token = base64urlnopad.encode(surroundings.randomBytes(TOKEN_BYTES));
  const act = { kind: 'invite-host', host, tokenHash: hex.decode(secretHash(token)) } as const;
  const { expiresAt: until } = await performAct(enrolled, act, options);
  const text = orRefuse(() =>
    formatTokenFile({ authority: enrolled.settings.origin, host, bundleKey, token, until }),
  );
  if (out === STDOUT) surroundings.stdout.write(text);
  else await write(surroundings, out, text);
  sayWhatNext(surroundings, host, out, until);
}

/** The touch is asked for only when its token has a place. */
async function refuseExisting(file: string): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  if (found !== undefined) throw existing(file);
}

/** Whoever reads it can enrol as the host: it is its owner's alone from the first byte on. */
async function write(surroundings: Surroundings, file: string, text: string): Promise<void> {
  try {
    await createFile(file, text, { mode: 0o600 });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') throw existing(file);
    throw new UsherCommandError('host-file', `${file} can not be written: ${fileReason(cause)}`, { cause });
  }
  writeData(surroundings, file);
}

function sayWhatNext(surroundings: Surroundings, host: string, out: string, until: number): void {
  const file = out === STDOUT ? 'FILE' : out;
  say(surroundings, `${host} can enrol until ${formatTime(until)}, once`);
  detail(surroundings, [
    [
      'bring it',
      `${out === STDOUT ? 'the token' : out} to ${host}, in private: whoever has it first is ${host}`,
    ],
    ['there, as root', `usher host enroll --token-file ${file}`],
  ]);
}

function existing(file: string): UsherCommandError {
  return new UsherCommandError('host-file', `${file} is there already`, {
    hint: 'remove it, or name another one with --out',
  });
}
