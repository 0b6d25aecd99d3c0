/** What a subject's key signs to show that its holder asks for the certificate. Runs in browsers too. */
import type { PublicKey } from './public-key.ts';
import { encodePublicKey } from './public-key.ts';
import { WireWriter } from './wire.ts';

/** The namespace of the SSHSIG over a possession message. */
export const POSSESSION_NAMESPACE = 'usher-possession';

export interface Possession {
  /** Of the authority that is asked, so that no other can use the answer. */
  readonly origin: string;
  readonly person: string;
  readonly purpose: string;
  readonly key: PublicKey;
  /** Unix time in whole seconds; the authority allows some skew. */
  readonly time: number;
}

/** The message to sign: SSH strings, then the time as uint64. */
export function possessionMessage({ origin, person, purpose, key, time }: Possession): Uint8Array {
  if (!Number.isSafeInteger(time) || time < 0) throw new TypeError('a time is whole Unix seconds');
  return new WireWriter()
    .string('usher possession v1')
    .string(origin)
    .string(person)
    .string(purpose)
    .string(encodePublicKey(key))
    .uint64(BigInt(time))
    .bytes();
}
