/** The file of CA keys of one purpose, as sshd (`TrustedUserCAKeys`) and pam-ussh (`ca_file`) read it. */
import { keyIdentity } from '../ssh/key-identity.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { fingerprint, formatPublicKeyLine } from '../ssh/public-key.ts';
import { FleetError } from './error.ts';

export type CaKeyState = 'coming' | 'active' | 'retired' | 'offline';

export interface CaKey {
  readonly purpose: string;
  readonly key: PublicKey;
  readonly state: CaKeyState;
}

/** Tells those who look at a host why a key is good for logins and for sudo alike. */
export const OFFLINE_COMMENT = 'usher-break-glass';

/**
 * Every key of the purpose, in whatever state: a coming one must be known before it signs, a retired one until what it signed has
 * ended, an offline one before there is an emergency.
 * @throws FleetError `no-ca-key`, `shared-ca-key`
 */
export function formatCaFile(keys: readonly CaKey[], purpose: string): string {
  const chosen = keys.filter((ca) => ca.purpose === purpose);
  // An empty file would lock out whoever relies on it, and is never what somebody meant.
  if (chosen.length === 0) throw new FleetError('no-ca-key', `there is no CA key for ${purpose}`);
  for (const ca of chosen) refuseShared(ca, keys);
  const lines = chosen.map(({ key, state }) =>
    formatPublicKeyLine(key, state === 'offline' ? OFFLINE_COMMENT : `usher-${purpose}-ca`),
  );
  return `${[...new Set(lines)].join('\n')}\n`;
}

/** One key for two purposes: a login certificate could sudo, or a host certificate be a person. Only break-glass keys are meant to. */
function refuseShared({ key, purpose, state }: CaKey, keys: readonly CaKey[]): void {
  const identity = keyIdentity(key);
  const shared = keys.find((other) => {
    const bothOffline = state === 'offline' && other.state === 'offline';
    return other.purpose !== purpose && keyIdentity(other.key) === identity && !bothOffline;
  });
  if (shared !== undefined)
    throw new FleetError(
      'shared-ca-key',
      `the CA key ${fingerprint(key)} of ${purpose} is one of ${shared.purpose} too`,
    );
}
