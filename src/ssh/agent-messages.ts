/**
 * Messages of the ssh-agent protocol (draft-miller-ssh-agent, OpenSSH's PROTOCOL.agent), without the length in front: that belongs to the
 * connection. What an agent answers is not trusted: it is bounded, and decoded as strictly as everything else.
 */
import type { Certificate } from './certificate.ts';
import { certificateTypeName, encodeCertificate } from './certificate.ts';
import { SshError } from './error.ts';
import type { PrivateKey, SecurityKeyFile } from './private-key.ts';
import { writeCertifiedKeyFields, writePrivateKeyFields } from './private-key-fields.ts';
import { samePublicKey } from './public-key.ts';
import { WireReader, WireWriter } from './wire.ts';

/** OpenSSH's own bound (AGENT_MAX_LEN) for requests and replies, in bytes. */
export const MAX_AGENT_MESSAGE_BYTES = 256 * 1024;
/** OpenSSH's bound on the identities of one agent. */
const MAX_IDENTITIES = 2048;

/** Comments are for people, and other programs' comments may be anything: one of them must not hide all other identities. */
const decoder = new TextDecoder();

const FAILURE = 5;
const SUCCESS = 6;
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
const ADD_IDENTITY = 17;
const REMOVE_IDENTITY = 18;
const ADD_ID_CONSTRAINED = 25;
const CONSTRAIN_LIFETIME = 1;
const CONSTRAIN_CONFIRM = 2;
const CONSTRAIN_EXTENSION = 255;
const INTERNAL_PROVIDER = 'internal';

/** What an agent lists. The blob is a public key or a certificate, of any type that the agent knows, ours or not. */
export interface AgentIdentity {
  readonly blob: Uint8Array;
  readonly comment: string;
}

/** What is added: a key in memory, or a security key's handle, with its certificate or without. */
export interface AgentKey {
  readonly key: PrivateKey | SecurityKeyFile;
  readonly certificate?: Certificate;
  readonly comment: string;
}

export interface AgentConstraints {
  /** Seconds until the agent forgets the key. */
  readonly lifetime?: number;
  /** Ask the person at each use. */
  readonly confirm?: boolean;
  /** The library that talks to the authenticator; OpenSSH's own for a security key without one. */
  readonly securityKeyProvider?: string;
}

/** Which hash an RSA key signs with; other keys ignore it. Without a flag an agent signs with SHA-1. */
export const RSA_SHA2_512 = 4;

export function encodeListRequest(): Uint8Array {
  return Uint8Array.of(REQUEST_IDENTITIES);
}

export function decodeListReply(reply: Uint8Array): readonly AgentIdentity[] {
  const reader = openReply(reply, IDENTITIES_ANSWER);
  const count = reader.uint32();
  if (count > MAX_IDENTITIES)
    throw new SshError('too-long', `an agent holds at most ${MAX_IDENTITIES} identities`);
  const identities: AgentIdentity[] = [];
  for (let index = 0; index < count; index++)
    identities.push({ blob: reader.string(), comment: decoder.decode(reader.string()) });
  reader.end('the list of identities');
  return identities;
}

/** Asks for a signature by the identity whose blob is given. */
export function encodeSignRequest(blob: Uint8Array, data: Uint8Array, flags: number): Uint8Array {
  return new WireWriter().byte(SIGN_REQUEST).string(blob).string(data).uint32(flags).bytes();
}

/** @returns the signature blob; it is not verified here. */
export function decodeSignReply(reply: Uint8Array): Uint8Array {
  const reader = openReply(reply, SIGN_RESPONSE);
  const signature = reader.string();
  reader.end('the signature reply');
  return signature;
}

/** @throws TypeError when the certificate is not for this key, or a constraint is out of its range. */
export function encodeAddRequest(identity: AgentKey, constraints: AgentConstraints): Uint8Array {
  const suffix = encodeConstraints(withProvider(identity, constraints));
  const writer = new WireWriter().byte(suffix.length > 0 ? ADD_ID_CONSTRAINED : ADD_IDENTITY);
  writeKey(identity, writer);
  return writer.string(identity.comment).raw(suffix).bytes();
}

export function encodeRemoveRequest(blob: Uint8Array): Uint8Array {
  return new WireWriter().byte(REMOVE_IDENTITY).string(blob).bytes();
}

/** @throws SshError unless the reply says success and nothing else. */
export function expectSuccess(reply: Uint8Array): void {
  openReply(reply, SUCCESS).end('the reply');
}

function openReply(reply: Uint8Array, expected: number): WireReader {
  if (reply.length > MAX_AGENT_MESSAGE_BYTES)
    throw new SshError('too-long', 'the reply of the agent is too long');
  const reader = new WireReader(reply);
  const type = reader.byte();
  if (type === FAILURE) throw new SshError('agent-failure', 'the agent refused');
  if (type !== expected) throw new SshError('bad-agent-reply', `the agent answered with message ${type}`);
  return reader;
}

/** As ssh-add does it: an agent that was told no library for a security key takes the key, and then can not sign with it. */
function withProvider({ key }: AgentKey, constraints: AgentConstraints): AgentConstraints {
  return 'keyHandle' in key ? { securityKeyProvider: INTERNAL_PROVIDER, ...constraints } : constraints;
}

function encodeConstraints({ lifetime, confirm, securityKeyProvider }: AgentConstraints): Uint8Array {
  const writer = new WireWriter();
  if (lifetime !== undefined) {
    if (!Number.isInteger(lifetime) || lifetime < 1 || lifetime > 0xffffffff)
      throw new TypeError('a lifetime is 1 to 2^32 - 1 seconds');
    writer.byte(CONSTRAIN_LIFETIME).uint32(lifetime);
  }
  if (confirm === true) writer.byte(CONSTRAIN_CONFIRM);
  if (securityKeyProvider !== undefined)
    writer.byte(CONSTRAIN_EXTENSION).string('sk-provider@openssh.com').string(securityKeyProvider);
  return writer.bytes();
}

function writeKey({ key, certificate }: AgentKey, writer: WireWriter): void {
  if (certificate === undefined) {
    writer.string(key.publicKey.type);
    writePrivateKeyFields(key, writer);
    return;
  }
  if (!samePublicKey(certificate.fields.subject, key.publicKey))
    throw new TypeError('the certificate is not for this key');
  writer.string(certificateTypeName(key.publicKey.type)).string(encodeCertificate(certificate));
  writeCertifiedKeyFields(key, writer);
}
