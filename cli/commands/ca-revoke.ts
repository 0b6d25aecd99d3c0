/** `usher ca revoke`: nobody trusts a stolen CA key any more, nor what it signed. */
import { Command } from 'commander';
import { isFingerprint } from '../../src/ssh/public-key.ts';
import { addActOptions } from '../act/act-command.ts';
import type { CaKeyChanged } from '../act/check.ts';
import type { ActOptions } from '../act/perform.ts';
import { performAct } from '../act/perform.ts';
import { requireReason } from '../act/reason.ts';
import { fingerprintIn } from '../act/target.ts';
import { fetchCaKeys } from '../authority/ca-keys.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { openEnrolled, refreshBundle } from '../authority/enrolled.ts';
import { purposeOfKey } from '../ca/choose-key.ts';
import { sayState } from '../ca/key-words.ts';
import type { Purpose } from '../ca/purpose.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { say, writeData } from '../terminal.ts';

interface RevokeOptions extends ActOptions {
  readonly reason: string;
}

export function caRevokeCommand(surroundings: Surroundings): Command {
  const command = new Command('revoke')
    .description('have hosts and clients refuse a stolen CA key, and all that it signed')
    .argument('<key>', 'its fingerprint, or the file of the public key')
    .requiredOption('--reason <text>', 'why: the log keeps it');
  return addActOptions(command).action((key: string, options: RevokeOptions) =>
    revoke(surroundings, key, options),
  );
}

async function revoke(surroundings: Surroundings, given: string, options: RevokeOptions): Promise<void> {
  const { reason } = options;
  requireReason(reason);
  const key = isFingerprint(given) ? given : await fingerprintIn(given);
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

function reportAffected({ surroundings }: Enrolled, { purpose, affected }: CaKeyChanged): void {
  for (const { holder, certificates } of affected) writeData(surroundings, `${holder} ${certificates}`);
  if (affected.length > 0)
    say(surroundings, 'these hold certificates by it, and have to get new ones: name, and how many');
  say(surroundings, `where no key signs any more: usher ca rotate ${purpose} --stage, then --activate`);
}
