/** Which CA key is meant, by the authority's signed bundle. */
import { fingerprint } from '../../src/ssh/public-key.ts';
import type { CaKey, VerifiedBundle } from '../authority/bundle.ts';
import { UsherCommandError } from '../error.ts';
import type { Purpose } from './purpose.ts';
import { purposeOf } from './purpose.ts';

/** The only key of the purpose in this state. @throws UsherCommandError `refused`, `usage` when there are several */
export function onlyKey({ caKeys }: VerifiedBundle, purpose: Purpose, state: CaKey['state']): string {
  const found = caKeys.filter((ca) => ca.purpose === purpose && ca.state === state);
  const [only, ...others] = found.map(({ key }) => fingerprint(key));
  if (only === undefined)
    throw new UsherCommandError('refused', `no CA key for ${purpose} is ${state}`, {
      hint: `see how it stands: usher ca rotate ${purpose} --status`,
    });
  if (others.length > 0)
    throw new UsherCommandError('usage', `several CA keys for ${purpose} are ${state}`, {
      hint: `choose one: --key ${[only, ...others].join(' or ')}`,
    });
  return only;
}

/** What a key is for that is named by its fingerprint; undefined when it is none that hosts or clients were told of. */
export function purposeOfKey({ caKeys }: VerifiedBundle, name: string): Purpose | undefined {
  const found = caKeys.find(({ key }) => fingerprint(key) === name);
  return found === undefined ? undefined : purposeOf(found);
}
