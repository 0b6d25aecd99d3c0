/** `sk` SSH keys in scenes: as credential in a roster, and as the key that is to be certified. */
import type { CertificateQuestion } from '../../src/authority/ask.ts';
import { possessionMessage } from '../../src/ssh/possession.ts';
import { encodePublicKey, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { encodeSshsig, sshsigPreimage } from '../../src/ssh/sshsig.ts';
import type { SoftSecurityKey } from '../support/soft-authenticator.ts';
import type { Scene } from './scene.ts';
import { ROSTER } from './scene.ts';

/** The usual roster, with these security keys for alice. */
export function rosterWith(...keys: readonly SoftSecurityKey[]): string {
  const lines = keys.map(({ publicKey }) => `"${formatPublicKeyLine(publicKey, 'hers')}"`);
  return ROSTER.replace('roles: [engineer] }', `roles: [engineer], security_keys: [${lines.join(', ')}] }`);
}

/** Asks for a certificate for the security key itself; `flags` are those of the proof of possession. */
export function securityKeyQuestion(
  scene: Scene,
  person: string,
  key: SoftSecurityKey,
  options: { readonly flags?: number } = {},
): CertificateQuestion {
  const { origin } = scene.authority;
  const { publicKey } = key;
  const message = possessionMessage({ origin, person, purpose: 'login', key: publicKey, time: scene.now });
  const signature = key.sign(sshsigPreimage('usher-possession', message), options);
  return {
    ...scene.question(person),
    key: encodePublicKey(publicKey),
    possession: { time: scene.now, signature: encodeSshsig(publicKey, 'usher-possession', signature) },
  };
}
