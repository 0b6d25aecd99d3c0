/** Keys of every kind that an ssh-agent or a CA of somebody else may have, small RSA and DSA ones too, and what OpenSSH signs with them. */
import type { KeyObject } from 'node:crypto';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { base64urlnopad } from '@scure/base';
import type { SecurityPublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import { encodeSignature } from '../../src/ssh/signature.ts';
import { WireReader, WireWriter } from '../../src/ssh/wire.ts';
import type { SecurityKeySignatureOptions } from '../support/keys.ts';
import { generateSecurityKey } from '../support/keys.ts';
import { integersOf } from './der-integers.ts';

export interface AgentTestKey {
  /** As it begins the key's blob. */
  readonly type: string;
  /** What follows the type in the blob. */
  readonly fields: Uint8Array;
  readonly blob: Uint8Array;
  /** What follows the certificate in a request to add both to an agent; undefined for security keys. */
  readonly secret: Uint8Array | undefined;
  /** As an agent does that was given no flags: RSA keys sign with SHA-1. A CA may choose another format of RSA. */
  sign(message: Uint8Array, format?: string): Uint8Array;
}

export type AgentTestKeyKind =
  | 'ed25519'
  | 'rsa1024'
  | 'rsa2048'
  | 'rsa3072'
  | 'rsa4096'
  | 'ecdsa256'
  | 'ecdsa384'
  | 'ecdsa521'
  | 'dsa';

const made = new Map<string, AgentTestKey>();

/** The one of this kind and name: RSA and DSA keys take long to make. */
export function testKey(kind: AgentTestKeyKind, name = ''): AgentTestKey {
  const known = made.get(`${kind} ${name}`);
  if (known !== undefined) return known;
  const key = MAKERS[kind]();
  made.set(`${kind} ${name}`, key);
  return key;
}

/** A security key in software. */
export function testSecurityKey(
  type: SecurityPublicKey['type'],
  {
    application = 'ssh:',
    signing = {},
  }: { application?: string; signing?: SecurityKeySignatureOptions } = {},
): AgentTestKey {
  const key = generateSecurityKey(type, application);
  const blob = encodePublicKey(key.publicKey);
  return { ...named(blob), secret: undefined, sign: (message) => key.sign(message, signing) };
}

const MAKERS: Readonly<Record<AgentTestKeyKind, () => AgentTestKey>> = {
  ed25519: () => ed25519(generateKeyPairSync('ed25519').privateKey),
  rsa1024: () => rsa(1024),
  rsa2048: () => rsa(2048),
  rsa3072: () => rsa(3072),
  rsa4096: () => rsa(4096),
  ecdsa256: () => ecdsa('P-256', 'ecdsa-sha2-nistp256', 'nistp256', 'sha256'),
  ecdsa384: () => ecdsa('P-384', 'ecdsa-sha2-nistp384', 'nistp384', 'sha384'),
  ecdsa521: () => ecdsa('P-521', 'ecdsa-sha2-nistp521', 'nistp521', 'sha512'),
  dsa,
};

const RSA_HASHES: Readonly<Record<string, string>> = {
  'ssh-rsa': 'sha1',
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
};

function ed25519(object: KeyObject): AgentTestKey {
  const { x, d } = numbersOf(object);
  const blob = new WireWriter().string('ssh-ed25519').string(x).bytes();
  const secret = new WireWriter()
    .string(x)
    .string(Uint8Array.of(...d, ...x))
    .bytes();
  return {
    ...named(blob),
    secret,
    sign: (message) => encodeSignature('ssh-ed25519', sign(null, message, object)),
  };
}

function rsa(modulusLength: number): AgentTestKey {
  const object = generateKeyPairSync('rsa', { modulusLength }).privateKey;
  const { n, e, d, qi, p, q } = numbersOf(object);
  const blob = new WireWriter().string('ssh-rsa').mpint(e).mpint(n).bytes();
  const secret = new WireWriter().mpint(d).mpint(qi).mpint(p).mpint(q).bytes();
  const signAs = (message: Uint8Array, format = 'ssh-rsa'): Uint8Array =>
    new WireWriter()
      .string(format)
      .string(sign(RSA_HASHES[format], message, object))
      .bytes();
  return { ...named(blob), secret, sign: signAs };
}

type EcdsaName = 'ecdsa-sha2-nistp256' | 'ecdsa-sha2-nistp384' | 'ecdsa-sha2-nistp521';

function ecdsa(namedCurve: string, type: EcdsaName, curve: string, hash: string): AgentTestKey {
  const object = generateKeyPairSync('ec', { namedCurve }).privateKey;
  const { x, y, d } = numbersOf(object);
  const blob = new WireWriter()
    .string(type)
    .string(curve)
    .string(Uint8Array.of(4, ...x, ...y))
    .bytes();
  const value = (message: Uint8Array) => sign(hash, message, { key: object, dsaEncoding: 'ieee-p1363' });
  const secret = new WireWriter().mpint(d).bytes();
  return { ...named(blob), secret, sign: (message) => encodeSignature(type, value(message)) };
}

function dsa(): AgentTestKey {
  const object = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey;
  const [p, q, g, y] = integersOf(createPublicKey(object).export({ format: 'der', type: 'spki' }), 4);
  const x = integersOf(object.export({ format: 'der', type: 'pkcs8' }), 5).at(-1);
  if (p === undefined || q === undefined || g === undefined || y === undefined || x === undefined)
    throw new Error('this is no DSA key');
  const blob = new WireWriter().string('ssh-dss').mpint(p).mpint(q).mpint(g).mpint(y).bytes();
  const signDss = (message: Uint8Array): Uint8Array =>
    new WireWriter()
      .string('ssh-dss')
      .string(sign('sha1', message, { key: object, dsaEncoding: 'ieee-p1363' }))
      .bytes();
  return { ...named(blob), secret: new WireWriter().mpint(x).bytes(), sign: signDss };
}

function named(blob: Uint8Array): Pick<AgentTestKey, 'type' | 'fields' | 'blob'> {
  const reader = new WireReader(blob);
  return { type: reader.text(), fields: reader.rest(), blob };
}

function numbersOf(object: KeyObject): Record<'x' | 'y' | 'd' | 'n' | 'e' | 'p' | 'q' | 'qi', Uint8Array> {
  const jwk = object.export({ format: 'jwk' });
  const number = (text: string | undefined): Uint8Array => base64urlnopad.decode(text ?? '');
  return {
    x: number(jwk.x),
    y: number(jwk.y),
    d: number(jwk.d),
    n: number(jwk.n),
    e: number(jwk.e),
    p: number(jwk.p),
    q: number(jwk.q),
    qi: number(jwk.qi),
  };
}
