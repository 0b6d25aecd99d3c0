/**
 * CollectedClientData of WebAuthn, section 5.8.1: what a browser, or for security keys in the terminal our command, puts
 * beside the challenge. The authenticator signs its hash. Runs in browsers too.
 */
import { base64urlnopad } from '@scure/base';
import { decodeBase64url, LIMITS } from './assertion.ts';
import { equalBytes } from './equal-bytes.ts';
import { FidoError } from './error.ts';

export type CeremonyType = 'webauthn.get' | 'webauthn.create';

export interface ClientData {
  readonly type: CeremonyType;
  readonly challenge: Uint8Array;
  readonly origin: string;
  /** Whether the answer comes from inside a frame of another origin, said in either of the two ways. */
  readonly crossOrigin: boolean;
}

/** The bytes as browsers write them: the member order that section 5.8.1.1 fixes, which OpenSSH relies on. */
export function buildClientData(type: CeremonyType, challenge: Uint8Array, origin: string): Uint8Array {
  const text = JSON.stringify({
    type,
    challenge: base64urlnopad.encode(challenge),
    origin,
    crossOrigin: false,
  });
  return new TextEncoder().encode(text);
}

/**
 * Unknown members are allowed, since browsers add some; a member that stands twice is not, since two readers of the same
 * signed bytes would see different values.
 * @throws FidoError('malformed' | 'too-long' | 'wrong-type')
 */
export function parseClientData(bytes: Uint8Array): ClientData {
  if (bytes.length > LIMITS.clientDataJSON)
    throw new FidoError('too-long', `clientDataJSON has at most ${LIMITS.clientDataJSON} bytes`);
  const members = parseObject(decodeText(bytes));
  return {
    type: typeOf(members.type),
    challenge: decodeBase64url(textOf(members, 'challenge'), 'the challenge'),
    origin: textOf(members, 'origin'),
    crossOrigin: isCrossOrigin(members),
  };
}

/**
 * What the authenticator was told, the same for touches and registrations: type, challenge and origin exactly, and never
 * from inside another site's frame.
 */
export function checkClientData(
  clientDataJSON: Uint8Array,
  type: CeremonyType,
  challenge: Uint8Array,
  origin: string,
): void {
  const clientData = parseClientData(clientDataJSON);
  if (clientData.type !== type) throw new FidoError('wrong-type', `clientDataJSON is not of type ${type}`);
  if (!equalBytes(clientData.challenge, challenge))
    throw new FidoError('challenge-mismatch', 'something else was touched than what this request asks for');
  if (clientData.origin !== origin)
    throw new FidoError('origin-mismatch', `the touch was for another origin than ${origin}`);
  if (clientData.crossOrigin)
    throw new FidoError('cross-origin', 'the touch was made inside a frame of another site');
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FidoError('malformed', 'clientDataJSON is not UTF-8', { cause });
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FidoError('malformed', 'clientDataJSON is not an object');
  if (countMembers(text) !== Object.keys(value).length)
    throw new FidoError('malformed', 'clientDataJSON has a member twice');
  return { ...value };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FidoError('malformed', 'clientDataJSON is not JSON', { cause });
  }
}

/** How many members the outermost object of a valid JSON text names, counting those that stand twice. */
function countMembers(text: string): number {
  let depth = 0;
  let members = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (token === ':' && depth === 1) members += 1;
  }
  return members;
}

function typeOf(value: unknown): CeremonyType {
  if (value === 'webauthn.get' || value === 'webauthn.create') return value;
  throw new FidoError(
    'wrong-type',
    'clientDataJSON is of another type than webauthn.get and webauthn.create',
  );
}

function textOf(members: Readonly<Record<string, unknown>>, name: string): string {
  const value = members[name];
  if (typeof value !== 'string' || value === '')
    throw new FidoError('malformed', `clientDataJSON has no ${name}`);
  return value;
}

/** Safari names no topOrigin and a topOrigin without crossOrigin contradicts itself: either one alone counts. */
function isCrossOrigin(members: Readonly<Record<string, unknown>>): boolean {
  const { crossOrigin = false, topOrigin } = members;
  if (typeof crossOrigin !== 'boolean')
    throw new FidoError('malformed', 'crossOrigin is neither true nor false');
  return crossOrigin || topOrigin !== undefined;
}
