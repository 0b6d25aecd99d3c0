/** c10: what an encoder can get wrong. The numbers up to 45 are those of the measurements. */
import { WireReader, WireWriter } from '../../../src/ssh/wire.ts';
import { derItem } from '../../support/der.ts';
import { options, strings } from '../../support/raw-certificate.ts';
import { testKey } from '../agent-key.ts';
import type { CertifyOptions } from '../certify.ts';
import { ca, certify, host, keyLine } from '../certify.ts';
import { accepted, REFUSED } from '../expected.ts';
import type { Expected, PamUsshCase, SceneIdentity, World } from '../scene.ts';

type Row = readonly [change: (world: World) => CertifyOptions, expected?: (world: World) => Expected];

const PTY = ['permit-pty', ''] as const;
const FORWARDING = ['permit-agent-forwarding', ''] as const;

const ROWS: Readonly<Record<string, Row>> = {
  '00 the reference': [() => extensions(options(FORWARDING, PTY)), accepted()],
  '01 extensions out of order': [() => extensions(options(PTY, FORWARDING))],
  '02 extensions in the order of a dictionary': [
    () => extensions(options(FORWARDING, PTY, ['permit-user-rc', ''], ['permit-X11-forwarding', ''])),
  ],
  '03 the same extension twice': [() => extensions(options(PTY, PTY))],
  '04 a flag with data': [() => extensions(strings('permit-pty', 'x'))],
  '05 a flag with an empty string in it': [() => extensions(strings('permit-pty', strings('')))],
  '06 an extension with a value': [() => extensions(options(['foo@example.com', 'bar'])), accepted()],
  '07 an extension with a value that is not wrapped': [() => extensions(strings('foo@example.com', 'bar'))],
  '07 an extension with two values': [() => extensions(strings('foo@example.com', strings('bar', 'baz')))],
  '08 source-address that is not wrapped': [() => critical(strings('source-address', '10.0.0.0/8'))],
  '10 source-address twice': [
    () => critical(options(['source-address', '10.0.0.0/8'], ['source-address', '192.0.2.0/24'])),
  ],
  '11 something in the reserved field': [() => ({ raw: { reserved: strings('x') } }), accepted()],
  '12 no nonce': [() => ({ raw: { nonce: new Uint8Array() } }), accepted()],
  '13 a nonce of 16 bytes': [() => ({ raw: { nonce: new Uint8Array(16) } }), accepted()],
  '14 a nonce of 64 bytes': [() => ({ raw: { nonce: new Uint8Array(64) } }), accepted()],
  '15 type 0': [() => ({ raw: { type: 0 } }), accepted()],
  '16 a host certificate': [() => ({ raw: { type: 2 } }), accepted()],
  '17 type 3': [() => ({ raw: { type: 3 } }), accepted()],
  '18 it ends before it begins': [() => ({ after: 60, before: -60 })],
  '18 it ends before it begins, both long ago': [() => ({ after: -60, before: -120 })],
  '20 an empty principal among good ones': [
    ({ user }) => ({ principals: ['', user, 'sudoer'] }),
    accepted('sudoer', { first: '' }),
  ],
  '21 a principal twice': [({ user }) => ({ principals: [user, user, 'sudoer', 'sudoer'] }), accepted()],
  '22 256 principals': [({ user }) => ({ principals: manyPrincipals(user, 256) }), accepted()],
  '23 257 principals': [({ user }) => ({ principals: manyPrincipals(user, 257) }), accepted()],
  '24 a key id of 8 KiB': [() => ({ raw: { keyId: 'k'.repeat(8192) } }), accepted()],
  '25 a bad signature': [() => ({ signature: (draft) => flipped(ca().sign(draft), 70) })],
  '26 a signature over something else': [() => ({ signature: () => ca().sign(Uint8Array.of(1)) })],
  '27 a byte too many in the signature': [
    () => ({ signature: (draft) => Uint8Array.of(...ca().sign(draft), 0) }),
  ],
  '28 a signature with the name of another form': [
    () => ({ signature: (draft) => renamed('ssh-rsa', ca().sign(draft)) }),
  ],
  '29 a signature of another key': [
    () => ({ signature: (draft) => testKey('ed25519', 'stranger').sign(draft) }),
  ],
  '30 a principal with a NUL in it': [({ user }) => ({ principals: [`${user}\0x`, 'sudoer'] })],
  '31 a principal with a NUL at its end': [({ user }) => ({ principals: [`${user}\0`, 'sudoer'] })],
  '33 valid from 0 to 2^64 - 1': [
    () => ({ raw: { validAfter: 0n, validBefore: 2n ** 64n - 1n } }),
    accepted(),
  ],
  '34 both times in milliseconds': [
    ({ now }) => ({
      raw: { validAfter: BigInt(now - 300) * 1000n, validBefore: BigInt(now + 3600) * 1000n },
    }),
  ],
  '35 its end in milliseconds': [
    ({ now }) => ({ raw: { validBefore: BigInt(now + 3600) * 1000n } }),
    accepted(),
  ],
  '37 an empty key id and serial 0': [
    () => ({ raw: { keyId: '', serial: 0n } }),
    accepted('sudoer', { serial: 0n }),
  ],
  '38 a key of 31 bytes': [() => ({ raw: { subject: strings(new Uint8Array(31)) } })],
  '46 the type of another key': [() => ({ raw: { typeName: 'ecdsa-sha2-nistp256-cert-v01@openssh.com' } })],
  '47 an unknown type of key': [() => ({ raw: { typeName: 'ssh-unknown-cert-v01@openssh.com' } })],
  '48 a critical option that is not wrapped': [() => critical(strings('x@example.org', 'x'))],
  '49 critical options out of order': [
    () => critical(options(['source-address', '10.0.0.0/8'], ['force-command', 'x'])),
  ],
  '50 principals that are cut': [
    ({ user }) => ({ raw: { principals: strings(user, 'sudoer').subarray(0, -1) } }),
  ],
  '51 no CA key': [() => ({ raw: { authority: new Uint8Array() } })],
  '52 no signature': [() => ({ signature: () => new Uint8Array() })],
  '53 an RSA key with a zero in front of its modulus': [rsaWithZero],
};

/** OpenSSH's agent does not take these; those with bad options it does, and only ssh-add refuses them. */
const REFUSED_BY_OPENSSH = /^(15|17|19|23|25|26|27|28|29|30|36|38|4[14567]|5[0-2]) /;

function extensions(bytes: Uint8Array): CertifyOptions {
  return { raw: { extensions: bytes } };
}

function critical(bytes: Uint8Array): CertifyOptions {
  return { raw: { criticalOptions: bytes } };
}

function manyPrincipals(user: string, count: number): readonly string[] {
  return [user, 'sudoer', ...[...Array(count - 2).keys()].map((n) => `p${n}`)];
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}

function renamed(name: string, signature: Uint8Array): Uint8Array {
  const reader = new WireReader(signature);
  reader.string();
  return new WireWriter().string(name).raw(reader.rest()).bytes();
}

/** x/crypto verifies what it has encoded anew, without the zero. */
function rsaWithZero(): CertifyOptions {
  const subject = testKey('rsa2048', 'subject');
  const reader = new WireReader(subject.fields);
  const [exponent, modulus] = [reader.mpint(), reader.mpint()];
  const fields = new WireWriter()
    .mpint(exponent)
    .string(Uint8Array.of(0, 0, ...modulus))
    .bytes();
  return { subject, raw: { subject: fields } };
}

/** An ECDSA signature with r and s in another form; `wants` says which numbers show the form. */
function byEcdsa(
  encode: (r: Uint8Array, s: Uint8Array) => Uint8Array,
  wants: (r: Uint8Array, s: Uint8Array) => boolean = () => true,
): CertifyOptions {
  const key = testKey('ecdsa256', 'ca');
  const signature = (draft: Uint8Array): Uint8Array => {
    for (;;) {
      const reader = new WireReader(key.sign(draft));
      reader.string();
      const numbers = new WireReader(reader.string());
      const [r, s] = [numbers.mpint(), numbers.mpint()];
      if (r.length === 32 && s.length === 32 && wants(r, s))
        return new WireWriter().string(key.type).string(encode(r, s)).bytes();
    }
  };
  return { ca: key, signature };
}

const isHigh = (number: Uint8Array): boolean => (number[0] ?? 0) >= 0x80;

const ECDSA: Readonly<Record<string, readonly [() => CertifyOptions, ((world: World) => Expected)?]>> = {
  '40 r and s as they should be': [
    () => byEcdsa((r, s) => new WireWriter().mpint(r).mpint(s).bytes()),
    accepted(),
  ],
  '41 r without the zero in front': [
    () => byEcdsa((r, s) => new WireWriter().string(r).mpint(s).bytes(), isHigh),
  ],
  '42 r and s of 32 bytes whose high bit is clear': [
    () =>
      byEcdsa(
        (r, s) => strings(r, s),
        (r, s) => !isHigh(r) && !isHigh(s),
      ),
    accepted(),
  ],
  '43 r and s of 33 bytes': [
    () => byEcdsa((r, s) => strings(Uint8Array.of(0, ...r), Uint8Array.of(0, ...s))),
    accepted(),
  ],
  '44 r and s without lengths, as WebCrypto gives them': [() => byEcdsa((r, s) => Uint8Array.of(...r, ...s))],
  '45 DER': [() => byEcdsa((r, s) => derItem(0x30, Uint8Array.of(...derNumber(r), ...derNumber(s))))],
};

function derNumber(magnitude: Uint8Array): Uint8Array {
  return derItem(0x02, isHigh(magnitude) ? Uint8Array.of(0, ...magnitude) : magnitude);
}

function caseOf(
  id: string,
  expected: PamUsshCase['expected'],
  make: (world: World) => SceneIdentity,
): PamUsshCase {
  const isForOpenssh = !REFUSED_BY_OPENSSH.test(id);
  return {
    id: `c10 ${id}`,
    expected,
    scene: (world) =>
      host(world, [{ ...make(world), isForOpenssh }], {
        files: { ca: { text: `${keyLine(ca())}\n${keyLine(testKey('ecdsa256', 'ca'))}\n` } },
      }),
  };
}

export const HAND_MADE_CASES: readonly PamUsshCase[] = [
  ...Object.entries(ROWS).map(([id, [change, expected = REFUSED]]) =>
    caseOf(id, expected, (world) => certify(world, change(world))),
  ),
  ...Object.entries(ECDSA).map(([id, [change, expected = REFUSED]]) =>
    caseOf(id, expected, (world) => certify(world, change())),
  ),
  caseOf('19 a byte too many behind the certificate', REFUSED, (world) => {
    const identity = certify(world);
    return { ...identity, blob: Uint8Array.of(...identity.blob, 0) };
  }),
  caseOf('36 the reserved field is missing', REFUSED, withoutReserved),
];

function withoutReserved(world: World): SceneIdentity {
  const signature = (draft: Uint8Array): Uint8Array => ca().sign(shortened(draft));
  const identity = certify(world, { signature });
  const end = identity.blob.length - new WireWriter().string(ca().sign(new Uint8Array())).bytes().length;
  const draft = identity.blob.subarray(0, end);
  return { ...identity, blob: Uint8Array.of(...shortened(draft), ...identity.blob.subarray(end)) };
}

/** The CA's key stands behind the reserved field, with its length. */
function shortened(draft: Uint8Array): Uint8Array {
  const at = draft.length - ca().blob.length - 8;
  return Uint8Array.of(...draft.subarray(0, at), ...draft.subarray(at + 4));
}
