/**
 * Public keys as x/crypto reads them: more kinds and sizes than we would ever certify, down to small RSA keys and DSA. What is read is encoded anew,
 * because that is what x/crypto compares, and what a CA's signature must be over.
 */
import type { KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import { SshError } from '../ssh/error.ts';
import { toJwk } from '../ssh/key-object.ts';
import type { EcdsaType, PublicKey } from '../ssh/public-key.ts';
import { CURVES } from '../ssh/public-key.ts';
import type { WireReader } from '../ssh/wire.ts';
import { WireWriter } from '../ssh/wire.ts';
import type { DsaNumbers } from './dsa-key.ts';
import { dsaPublicKeyDer } from './dsa-key.ts';
import { bitLength, encodeInteger, magnitude, readInteger } from './go-integer.ts';
import { goText } from './go-text.ts';

export type GoKeyType = PublicKey['type'] | 'ssh-dss';

export interface GoKey {
  readonly kind: 'key';
  readonly type: GoKeyType;
  /** As x/crypto encodes it anew. */
  readonly blob: Uint8Array;
  /** A security key's: what signatures are bound to. */
  readonly application: Uint8Array | undefined;
  /** Undefined when the numbers are no key, so that nothing verifies with it. */
  readonly object: KeyObject | undefined;
  /** Of the modulus of RSA. */
  readonly modulusBytes: number | undefined;
}

type FieldReader = (reader: WireReader) => GoKey;

const READERS: { readonly [T in GoKeyType]: FieldReader } = {
  'ssh-ed25519': (reader) => {
    const point = readEd25519Point(reader);
    const fields = new WireWriter().string(point).bytes();
    return keyOf('ssh-ed25519', fields, objectOf({ type: 'ssh-ed25519', point }));
  },
  // The name is not looked at: the curve says what the key is, and how it is called when it is encoded anew.
  'ecdsa-sha2-nistp256': readEcdsa,
  'ecdsa-sha2-nistp384': readEcdsa,
  'ecdsa-sha2-nistp521': readEcdsa,
  'ssh-rsa': readRsa,
  'ssh-dss': readDsa,
  'sk-ssh-ed25519@openssh.com': (reader) => {
    const point = readEd25519Point(reader);
    const application = reader.string();
    const fields = new WireWriter().string(point).string(application).bytes();
    const object = objectOf({ type: 'ssh-ed25519', point });
    return { ...keyOf('sk-ssh-ed25519@openssh.com', fields, object), application };
  },
  'sk-ecdsa-sha2-nistp256@openssh.com': (reader) => {
    const { type, curve, point, object } = readPoint(reader);
    if (type !== 'ecdsa-sha2-nistp256') throw new SshError('bad-key', 'the curve is not supported');
    const application = reader.string();
    const fields = new WireWriter().string(curve).string(point).string(application).bytes();
    return { ...keyOf('sk-ecdsa-sha2-nistp256@openssh.com', fields, object), application };
  },
};

const ECDSA_TYPES = [
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
] as const satisfies readonly EcdsaType[];

const MAX_EXPONENT = 2n ** 24n - 1n;
const DSA_PRIME_BITS = 1024;

export function isGoKeyType(name: string): name is GoKeyType {
  return Object.hasOwn(READERS, name);
}

/** Reads what follows the type name. @throws SshError for what x/crypto does not read. */
export function readGoKeyFields(type: GoKeyType, reader: WireReader): GoKey {
  return READERS[type](reader);
}

function keyOf(type: GoKeyType, fields: Uint8Array, object: KeyObject | undefined): GoKey {
  const blob = new WireWriter().string(type).raw(fields).bytes();
  return { kind: 'key', type, blob, object, application: undefined, modulusBytes: undefined };
}

function objectOf(key: PublicKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: toJwk(key), format: 'jwk' });
  } catch {
    return undefined;
  }
}

function readEd25519Point(reader: WireReader): Uint8Array {
  const point = reader.string();
  if (point.length !== 32) throw new SshError('bad-key', `an Ed25519 key has 32 bytes, not ${point.length}`);
  return point;
}

function readEcdsa(reader: WireReader): GoKey {
  const { type, curve, point, object } = readPoint(reader);
  return keyOf(type, new WireWriter().string(curve).string(point).bytes(), object);
}

function readPoint(reader: WireReader) {
  const curve = goText(reader.string());
  const type = ECDSA_TYPES.find((known) => CURVES[known].name === curve);
  if (type === undefined) throw new SshError('bad-key', 'the curve is not supported');
  const point = reader.string();
  const isUncompressed = point.length === 1 + 2 * CURVES[type].coordinateBytes && point[0] === 4;
  const object = isUncompressed ? objectOf({ type, point }) : undefined;
  if (object === undefined) throw new SshError('bad-key', 'the point is not one of its curve');
  return { type, curve, point, object };
}

function readRsa(reader: WireReader): GoKey {
  const [exponent, modulus] = [readInteger(reader), readInteger(reader)];
  if (exponent > MAX_EXPONENT || exponent < 3n || exponent % 2n === 0n)
    throw new SshError('bad-key', 'the RSA exponent is even, below 3 or above 2^24');
  const fields = encodeIntegers(exponent, modulus);
  if (modulus < 0n) return keyOf('ssh-rsa', fields, undefined);
  const numbers = { exponent: magnitude(exponent), modulus: magnitude(modulus) };
  const key = keyOf('ssh-rsa', fields, objectOf({ type: 'ssh-rsa', ...numbers }));
  return { ...key, modulusBytes: numbers.modulus.length };
}

function readDsa(reader: WireReader): GoKey {
  const [p, q, g, y] = [readInteger(reader), readInteger(reader), readInteger(reader), readInteger(reader)];
  if (bitLength(p) !== DSA_PRIME_BITS) throw new SshError('bad-key', 'a DSA key has 1024 bits');
  const fields = encodeIntegers(p, q, g, y);
  if ([p, q, g, y].some((number) => number < 0n)) return keyOf('ssh-dss', fields, undefined);
  const numbers = { p: magnitude(p), q: magnitude(q), g: magnitude(g), y: magnitude(y) };
  return keyOf('ssh-dss', fields, dsaObject(numbers));
}

function dsaObject(numbers: DsaNumbers): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(dsaPublicKeyDer(numbers)), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function encodeIntegers(...all: readonly bigint[]): Uint8Array {
  const writer = new WireWriter();
  for (const one of all) writer.string(encodeInteger(one));
  return writer.bytes();
}
