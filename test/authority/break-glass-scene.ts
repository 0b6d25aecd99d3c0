/** Certificates for emergencies, for tests: an offline key and what it signs. */
import type { BreakGlass } from '../../src/authority/break-glass.ts';
import { draftBreakGlass } from '../../src/authority/break-glass.ts';
import { serialRange } from '../../src/authority/break-glass-serials.ts';
import { systemRandom } from '../../src/compose.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { assembleCertificate, decodeCertificate } from '../../src/ssh/certificate.ts';
import type { PrivateKey } from '../../src/ssh/private-key.ts';
import { signMessage } from '../../src/ssh/private-key.ts';
import { generateKey } from '../support/keys.ts';

export const OFFLINE: PrivateKey = generateKey('ssh-ed25519');
export const SIGNED_AT = 1_800_000_000;

export function breakGlass(changes: Partial<BreakGlass> = {}): BreakGlass {
  return {
    purpose: 'login',
    person: 'alice',
    login: 'alice',
    host: 'web1',
    id: 'A'.repeat(22),
    signedAt: SIGNED_AT,
    lifetime: 1800,
    ...changes,
  };
}

/** @param count the how manieth serial of the key it takes, from 1. */
export function signBreakGlass(changes: Partial<BreakGlass> = {}, count = 1, signer = OFFLINE): Certificate {
  const draft = draftBreakGlass(breakGlass(changes), {
    subject: generateKey('ssh-ed25519').publicKey,
    authority: signer.publicKey,
    serial: serialRange(signer.publicKey).first + BigInt(count - 1),
    nonce: systemRandom.bytes(32),
  });
  return decodeCertificate(assembleCertificate(draft, signMessage(signer, draft)));
}
