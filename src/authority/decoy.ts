/**
 * What strangers are shown of people who do not exist: the same answer each time, of the same shape as for people who
 * do. Everything derives from one secret, so that nobody outside can tell it from the real thing.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad, hex } from '@scure/base';
import { encodeCose } from '../fido/cose.ts';
import { acceptedApplications } from '../fido/touch-credential.ts';
import type { SecurityPublicKey } from '../ssh/public-key.ts';
import { encodePublicKey, fingerprint } from '../ssh/public-key.ts';
import { WireWriter } from '../ssh/wire.ts';
import type { Authority } from './authority.ts';
import type { Credential } from './records.ts';

/**
 * Any points: the base points of P-256 (SEC 2, section 2.4.2) and Ed25519 (RFC 8032, section 5.1). Everybody can sign with
 * them, so they must never be accepted.
 */
const POINTS = {
  p256: hex.decode(
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
      '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  ),
  ed25519: hex.decode(`58${'66'.repeat(31)}`),
};

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

/**
 * To verify a touch against when there is no credential; whatever comes of it, the touch is refused. Its kind, algorithm and
 * RP id are such as a credential of that id may have, so that the same touches get as far as the signature.
 * @returns for the id of an SSH key a credential with an id of its own: none can be made that has a given fingerprint
 */
export function decoyCredential(authority: Authority, person: string, id: string): Credential {
  const seed = decoySeed(authority.decoySecret, 'touch key', id);
  const rest = { person, counter: 0, attestedBy: [], source: 'enrolled', label: '', createdAt: 0 } as const;
  if (!id.startsWith('SHA256:')) return { ...rest, id, ...decoyPasskey(seed), rpId: authority.rpId };
  const key = decoySecurityKey(seed, acceptedApplications(authority.origin));
  const publicKey = encodePublicKey(key);
  return { ...rest, id: fingerprint(key), kind: 'ssh-sk', publicKey, rpId: key.application };
}

/** Of eight passkeys seven have P-256. */
function decoyPasskey([pick = 0]: Uint8Array) {
  const family = pick % 8 === 0 ? 'ed25519' : 'p256';
  return { kind: 'webauthn', publicKey: encodeCose({ family, point: POINTS[family] }) } as const;
}

function decoySecurityKey(
  [pick = 0, place = 0]: Uint8Array,
  applications: readonly string[],
): SecurityPublicKey {
  const application = applications[place % applications.length] ?? 'ssh:';
  return pick % 2 === 0
    ? { type: 'sk-ssh-ed25519@openssh.com', point: POINTS.ed25519, application }
    : { type: 'sk-ecdsa-sha2-nistp256@openssh.com', point: POINTS.p256, application };
}
