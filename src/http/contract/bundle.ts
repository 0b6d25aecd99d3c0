/** Which keys speak for the authority, signed. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { bytes, Purpose, strict, Time } from './fields.ts';

export const BundleReply = Type.Object(
  {
    statement: bytes('the exact bytes that are signed: a Bundle as JSON', 262_144),
    signature: bytes('SSHSIG by the bundle key, namespace usher-bundle', 4096),
  },
  strict,
);

export type BundleReply = Static<typeof BundleReply>;

const BundleKey = Type.Object(
  {
    purpose: Purpose,
    key: Type.String({ description: 'public key line' }),
    state: Type.Union([
      Type.Literal('coming'),
      Type.Literal('active'),
      Type.Literal('retired'),
      /** Kept away from the authority, for emergencies; hosts trust it, and the authority never signs with it. */
      Type.Literal('offline'),
    ]),
    signer: Type.Optional(
      Type.Object(
        {
          person: Type.String(),
          credentialId: Type.Optional(
            bytes('of a FIDO credential that is reached without an SSH key file', 1023),
          ),
        },
        { ...strict, description: 'the key is the security key of this person, not of the authority' },
      ),
    ),
  },
  strict,
);

/** The signed statement inside a BundleReply. */
export const Bundle = Type.Object(
  {
    authority: Type.String({ description: 'origin of the authority' }),
    rpId: Type.String({ description: 'what its WebAuthn credentials are made for' }),
    number: Type.Integer({ minimum: 0, description: 'never goes back' }),
    madeAt: Time,
    freshUntil: Time,
    caKeys: Type.Array(BundleKey, { maxItems: 64 }),
    logKey: Type.String({ description: 'verifier key of the log, as in C2SP signed-note' }),
    bundleKey: Type.String({ description: 'public key line of the key that signs bundles' }),
  },
  strict,
);

export type Bundle = Static<typeof Bundle>;
