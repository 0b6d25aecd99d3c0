/**
 * A security key in software, for the demo only: it answers whatever it is asked, without any touch, and keeps its private
 * key in the file that USHER_DEMO_KEY names. It speaks the plugin interface (docs/plugins.md): one question on stdin, one
 * answer on stdout.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import type { CborValue } from '../src/fido/cbor.ts';
import { encodeCbor } from '../src/fido/cbor.ts';
import { buildClientData } from '../src/fido/client-data.ts';
import { encodeCose } from '../src/fido/cose.ts';
import { WireWriter } from '../src/ssh/wire.ts';

interface Question {
  readonly type: 'create' | 'get';
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
}

interface Key {
  readonly id: string;
  readonly pem: string;
  counter: number;
}

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const NEW_CREDENTIAL = 0x40;

const file = process.env['USHER_DEMO_KEY'] ?? '';
const question: Question = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(question.type === 'create' ? create(question) : get(question)));

function create({ challenge, origin, rpId }: Question): object {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const key = { id: base64urlnopad.encode(new Uint8Array(randomBytes(32))), pem, counter: 0 };
  const authData = authenticatorData(key, rpId, NEW_CREDENTIAL, credentialData(key));
  const attestation = new Map<string, CborValue>([
    ['fmt', 'none'],
    ['attStmt', new Map()],
    ['authData', authData],
  ]);
  return {
    credentialId: key.id,
    clientDataJSON: clientData('webauthn.create', challenge, origin),
    attestationObject: base64urlnopad.encode(encodeCbor(attestation)),
  };
}

function get({ challenge, origin, rpId }: Question): object {
  if (!existsSync(file)) throw new Error('enrol this key first');
  const key: Key = JSON.parse(readFileSync(file, 'utf8'));
  const authData = authenticatorData(key, rpId, 0, new Uint8Array());
  const clientDataJSON = clientData('webauthn.get', challenge, origin);
  const signed = new WireWriter()
    .raw(authData)
    .raw(sha256(base64urlnopad.decode(clientDataJSON)))
    .bytes();
  const signature = new Uint8Array(sign('sha256', signed, createPrivateKey(key.pem)));
  return {
    credentialId: key.id,
    clientDataJSON,
    authenticatorData: base64urlnopad.encode(authData),
    signature: base64urlnopad.encode(signature),
  };
}

/** WebAuthn, section 6.1. Each answer counts, as that of a hardware key does. */
function authenticatorData(key: Key, rpId: string, flags: number, credential: Uint8Array): Uint8Array {
  key.counter += 1;
  writeFileSync(file, JSON.stringify(key), { mode: 0o600 });
  return new WireWriter()
    .raw(sha256(new TextEncoder().encode(rpId)))
    .byte(USER_PRESENT | USER_VERIFIED | flags)
    .uint32(key.counter)
    .raw(credential)
    .bytes();
}

/** No model (AAGUID of zeros), the length of the id, the id, the public key. */
function credentialData(key: Key): Uint8Array {
  const id = base64urlnopad.decode(key.id);
  const { x = '', y = '' } = createPublicKey(key.pem).export({ format: 'jwk' });
  const point = Uint8Array.of(4, ...base64urlnopad.decode(x), ...base64urlnopad.decode(y));
  return new WireWriter()
    .raw(new Uint8Array(16))
    .raw(Uint8Array.of(0, id.length))
    .raw(id)
    .raw(encodeCose({ family: 'p256', point }))
    .bytes();
}

function clientData(type: 'webauthn.create' | 'webauthn.get', challenge: string, origin: string): string {
  return base64urlnopad.encode(buildClientData(type, base64urlnopad.decode(challenge), origin));
}
