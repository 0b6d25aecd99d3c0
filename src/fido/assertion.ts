/**
 * What an authenticator answers, in the JSON of the API: bytes are base64url without padding, in their one canonical
 * spelling. Every way to touch ends in these shapes. Runs in browsers too.
 */
import { base64urlnopad } from '@scure/base';
import { FidoError } from './error.ts';

/** The answer to "touch": of `navigator.credentials.get()`, `fido2-assert -G`, or an `sk` key over a clientDataJSON. */
export interface AssertionJson {
  /** webauthn: the raw id as base64url; ssh-sk: OpenSSH's fingerprint, `SHA256:` and 43 characters. */
  readonly credentialId: string;
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  /** As in WebAuthn: ECDSA in DER, Ed25519 as 64 bytes. */
  readonly signature: string;
  readonly userHandle?: string;
}

/** The answer to "make a credential": of `navigator.credentials.create()` or `fido2-cred -M`. */
export interface RegistrationJson {
  /** The raw id as base64url. */
  readonly credentialId: string;
  readonly clientDataJSON: string;
  readonly attestationObject: string;
  readonly transports?: readonly string[];
}

export interface Assertion {
  readonly credentialId: string;
  readonly clientDataJSON: Uint8Array;
  readonly authenticatorData: Uint8Array;
  readonly signature: Uint8Array;
  readonly userHandle?: Uint8Array;
}

export interface Registration {
  readonly credentialId: string;
  readonly clientDataJSON: Uint8Array;
  readonly attestationObject: Uint8Array;
  readonly transports: readonly string[];
}

/**
 * The most bytes of each part, checked before it is decoded. WebAuthn bounds credential ids (1023) and user handles (64);
 * the others are several times what any authenticator sends.
 */
export const LIMITS = {
  credentialId: 1023,
  clientDataJSON: 2048,
  authenticatorData: 1024,
  signature: 128,
  userHandle: 64,
  attestationObject: 16_384,
  transports: 8,
} as const;

const TRANSPORT = /^[a-z-]{1,32}$/;

/** @throws FidoError('malformed' | 'too-long') for anything but an assertion within the limits. */
export function parseAssertion(json: unknown): Assertion {
  const fields = recordOf(json);
  const assertion = {
    credentialId: credentialIdOf(fields.credentialId),
    clientDataJSON: bytesOf(fields, 'clientDataJSON'),
    authenticatorData: bytesOf(fields, 'authenticatorData'),
    signature: bytesOf(fields, 'signature'),
  };
  return fields.userHandle === undefined
    ? assertion
    : { ...assertion, userHandle: bytesOf(fields, 'userHandle') };
}

/** @throws FidoError('malformed' | 'too-long') for anything but a registration within the limits. */
export function parseRegistration(json: unknown): Registration {
  const fields = recordOf(json);
  return {
    credentialId: credentialIdOf(fields.credentialId),
    clientDataJSON: bytesOf(fields, 'clientDataJSON'),
    attestationObject: bytesOf(fields, 'attestationObject'),
    transports: transportsOf(fields.transports ?? []),
  };
}

export function formatAssertion(assertion: Assertion): AssertionJson {
  const json = {
    credentialId: assertion.credentialId,
    clientDataJSON: base64urlnopad.encode(assertion.clientDataJSON),
    authenticatorData: base64urlnopad.encode(assertion.authenticatorData),
    signature: base64urlnopad.encode(assertion.signature),
  };
  return assertion.userHandle === undefined
    ? json
    : { ...json, userHandle: base64urlnopad.encode(assertion.userHandle) };
}

export function formatRegistration(registration: Registration): RegistrationJson {
  return {
    credentialId: registration.credentialId,
    clientDataJSON: base64urlnopad.encode(registration.clientDataJSON),
    attestationObject: base64urlnopad.encode(registration.attestationObject),
    transports: registration.transports,
  };
}

function recordOf(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new FidoError('malformed', 'the answer of an authenticator is a JSON object');
  return { ...json };
}

function credentialIdOf(value: unknown): string {
  if (typeof value !== 'string' || value === '')
    throw new FidoError('malformed', 'a credential id is a text that is not empty');
  if (value.length > encodedLength(LIMITS.credentialId))
    throw new FidoError('too-long', `a credential id has at most ${LIMITS.credentialId} bytes`);
  return value;
}

type ByteField = 'clientDataJSON' | 'authenticatorData' | 'signature' | 'userHandle' | 'attestationObject';

function bytesOf(fields: Readonly<Record<string, unknown>>, name: ByteField): Uint8Array {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw new FidoError('malformed', `${name} is missing`);
  if (value.length > encodedLength(LIMITS[name]))
    throw new FidoError('too-long', `${name} has at most ${LIMITS[name]} bytes`);
  return decodeBase64url(value, name);
}

/** @throws FidoError('malformed') unless `text` is the one base64url spelling, without padding, of some bytes. */
export function decodeBase64url(text: string, what: string): Uint8Array {
  try {
    return base64urlnopad.decode(text);
  } catch (cause) {
    throw new FidoError('malformed', `${what} is not base64url without padding`, { cause });
  }
}

function transportsOf(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length > LIMITS.transports)
    throw new FidoError('malformed', `transports is a list of at most ${LIMITS.transports}`);
  return value.map((transport: unknown) => {
    if (typeof transport !== 'string' || !TRANSPORT.test(transport))
      throw new FidoError('malformed', 'a transport is a short word');
    return transport;
  });
}

function encodedLength(bytes: number): number {
  return Math.ceil((bytes * 4) / 3);
}
