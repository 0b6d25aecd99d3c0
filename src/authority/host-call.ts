/** Which host it is that asks, by a key that it enrolled with. */
import type { HostCall, Signed } from '../fleet/host/host-call.ts';
import type { Host } from '../policy/roster.ts';
import { fingerprint } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import { hostCallRefused, machineLocked } from './host-document.ts';
import { hasOneOf } from './machine-keys.ts';
import type { StoreReader } from './ports.ts';

/**
 * The signature, the authority and the time are verified already.
 * @throws AuthorityError `host-call-refused`; to one that has enrolled also `unknown-host`, `machine-locked`, `key-revoked`
 */
export async function callingHost(
  authority: Authority,
  tx: StoreReader,
  { host: name, signer }: Signed<HostCall>,
): Promise<Host> {
  const machine = await tx.findMachine(name);
  if (machine === undefined || !hasOneOf(machine, [signer])) throw hostCallRefused();
  const host = (await authority.rosters.in(tx)).hosts.get(name);
  if (host === undefined) throw new AuthorityError('unknown-host', `the roster knows no ${name} any more`);
  if (machine.lockedAt !== undefined) throw machineLocked();
  if (await tx.isKeyRevoked(fingerprint(signer)))
    throw new AuthorityError(
      'key-revoked',
      `the key ${fingerprint(signer)} was revoked: enrol with another one`,
    );
  return host;
}
