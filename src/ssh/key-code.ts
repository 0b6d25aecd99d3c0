/** A code of a key that people read to each other. Runs in browsers too. */
import { sha256 } from '@noble/hashes/sha2.js';
import { base32crockford } from '@scure/base';
import type { PublicKey } from './public-key.ts';
import { encodePublicKey } from './public-key.ts';
import { WireWriter } from './wire.ts';

const CODE_BYTES = 10;
const GROUP = /.{4}/g;

/**
 * "ABCD-EFGH-JKMN-PQRS": 80 bits over the key and nothing else. A code over a request, whose nonce an authority chooses, it could make
 * agree with that of another request as soon as two of its many candidates agree; this one it would have to hit with a key of its own.
 */
export function keyCode(key: PublicKey): string {
  const hash = sha256(new WireWriter().string('usher key code v1').string(encodePublicKey(key)).bytes());
  return (base32crockford.encode(hash.subarray(0, CODE_BYTES)).match(GROUP) ?? []).join('-');
}
