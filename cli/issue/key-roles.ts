/** A key has one role: what touches, or signs as a CA key, is not certified. */
import { keyIdentity } from '../../src/ssh/key-identity.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { UsherCommandError } from '../error.ts';
import type { ChosenWay, WayOptions } from '../touch/choose.ts';
import { touchKeyFile } from '../touch/choose.ts';
import type { Subject } from './subject.ts';
import { loadSecurityKey } from './subject.ts';

/** Whoever reaches an agent with a key that touches could have it sign anything. @throws UsherCommandError `key-file` */
export async function refuseSecondRole(
  { surroundings, settings }: Enrolled,
  subject: Subject,
  options: WayOptions,
  way: ChosenWay,
): Promise<void> {
  if (way.kind !== 'here' || way.way.name !== 'ssh-key') return;
  const { publicKey } = await loadSecurityKey(touchKeyFile(surroundings, options, settings));
  // Under another application it is still the same key.
  if (keyIdentity(publicKey) === keyIdentity(subject.publicKey))
    throw new UsherCommandError('key-file', 'this is the key that you touch with: a key has one role', {
      hint: 'certify another key, or leave --key away for a fresh one in the agent',
    });
}
