/** Which CA keys speak for which hosts, signed: what the known_hosts file of a person is made from. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { bytes, strict, Time } from './fields.ts';

/** A name in the Domain Name System: it goes into a file where blanks, commas, `*`, `!` and line ends mean something. */
const Name = Type.String({
  maxLength: 200,
  pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$',
  description: 'a name of a host',
});

const HostCaKey = Type.Object(
  {
    key: Type.String({ description: 'public key line' }),
    state: Type.Union([Type.Literal('coming'), Type.Literal('active'), Type.Literal('retired')]),
  },
  strict,
);

export const KnownHostsReply = Type.Object(
  {
    statement: bytes('the exact bytes that are signed: KnownHosts as JSON', 3_000_000),
    signature: bytes('SSHSIG by the bundle key, namespace usher-known-hosts', 4096),
  },
  strict,
);

export type KnownHostsReply = Static<typeof KnownHostsReply>;

/** The signed statement inside a KnownHostsReply. */
export const KnownHosts = Type.Object(
  {
    authority: Type.String({ description: 'origin of the authority' }),
    number: Type.Integer({ minimum: 0, description: 'never goes back' }),
    madeAt: Time,
    freshUntil: Time,
    hosts: Type.Array(
      Type.Object(
        {
          name: { ...Name, description: 'as the roster names it' },
          names: Type.Array(Name, { maxItems: 256, description: 'exactly those of its certificate' }),
        },
        strict,
      ),
      { maxItems: 20_000 },
    ),
    caKeys: Type.Array(HostCaKey, { maxItems: 64 }),
    revokedCaKeys: Type.Array(Type.String({ description: 'public key line' }), { maxItems: 64 }),
    krl: bytes('revoked host certificates and keys, as an OpenSSH KRL', 2_000_000),
  },
  strict,
);

export type KnownHosts = Static<typeof KnownHosts>;
