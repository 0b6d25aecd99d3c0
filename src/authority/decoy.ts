/**
 * What strangers are shown of people who do not exist: the same answer each time, of the same shape as for people who
 * do. Everything derives from one secret, so that nobody outside can tell it from the real thing.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad, hex } from '@scure/base';
import { encodeCose } from '../fido/cose.ts';
import { WireWriter } from '../ssh/wire.ts';
import type { Authority } from './authority.ts';
import type { Credential } from './records.ts';

/** Any point of P-256: its base point, SEC 2 section 2.4.2. Everybody can sign with it, so it must never be accepted. */
const DECOY_KEY = encodeCose({
  family: 'p256',
  point: hex.decode(
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
      '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  ),
});

/** Lengths of raw credential ids that common authenticators make. */
const ID_LENGTHS = [16, 20, 32, 48, 64, 64] as const;

/** 32 bytes that belong to a name and a use, unknown to whoever lacks the secret. */
export function decoySeed(secret: Uint8Array, use: string, name: string): Uint8Array {
  return hmac(sha256, secret, new WireWriter().string(use).string(name).bytes());
}

/** Of eight people five have one credential, two have two, one has three: were it always one, two would tell. */
const ID_COUNTS = [1, 1, 1, 1, 1, 2, 2, 3] as const;

/** The WebAuthn credential ids of somebody who has none. */
export function decoyCredentialIds(secret: Uint8Array, person: string): readonly string[] {
  const [pick = 0] = decoySeed(secret, 'credential count', person);
  const count = ID_COUNTS[pick % ID_COUNTS.length] ?? 1;
  return Array.from({ length: count }, (_, index) => decoyCredentialId(secret, `${index} ${person}`));
}

function decoyCredentialId(secret: Uint8Array, person: string): string {
  const seed = decoySeed(secret, 'credential id', person);
  const [pick = 0] = seed;
  const length = ID_LENGTHS[pick % ID_LENGTHS.length] ?? 64;
  const more = decoySeed(secret, 'credential id, second half', person);
  return base64urlnopad.encode(Uint8Array.of(...seed, ...more).slice(0, length));
}

/** To verify a touch against when there is no credential; whatever comes of it, the touch is refused. */
export function decoyCredential({ rpId }: Authority, person: string, id: string): Credential {
  return {
    ...{ id, person, rpId, kind: 'webauthn', publicKey: DECOY_KEY, counter: 0 },
    ...{ attested: false, source: 'enrolled', label: '', createdAt: 0 },
  };
}
