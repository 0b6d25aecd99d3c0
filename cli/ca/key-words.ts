/** CA keys, as people read of them. */
import type { CaKeyChanged } from '../act/check.ts';
import type { ListedCaKey } from '../authority/ca-keys.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { formatTime } from '../issue/review.ts';
import { detail, say } from '../terminal.ts';

/** Its name, how it stands, and what it has out. */
export function keyLine({ name, state, since, certificates }: ListedCaKey): string {
  const out = certificates === 1 ? '1 certificate' : `${certificates} certificates`;
  return `${name}  ${state.padEnd(8)}since ${formatTime(since)}; ${out} out`;
}

export function sayState({ surroundings }: Enrolled, { purpose, key, state }: CaKeyChanged): void {
  say(surroundings, `the CA key for ${purpose} is ${state}`);
  detail(surroundings, [['public key', key]]);
}
