/**
 * The text formats of Debian's fido2-tools (fido2-cred(1), fido2-assert(1)): what goes to their stdin and what comes from
 * their stdout. Standard base64; authenticator data is wrapped as a CBOR byte string. Runs in browsers too.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64, base64urlnopad } from '@scure/base';
import type { AssertionJson, RegistrationJson } from './assertion.ts';
import { decodeBase64url, formatAssertion, formatRegistration } from './assertion.ts';
import { encodeAttestationObject, parseAttestationObject } from './attested-credential.ts';
import type { CborValue } from './cbor.ts';
import { decodeCbor } from './cbor.ts';
import { FidoError } from './error.ts';

/** A name that ends a line would put words into the tool's mouth. */
const LINE = /^[\x20-\x7e]{1,2048}$/;

/** @returns the stdin of `fido2-assert -G [-t uv=true] DEVICE` for one credential id (base64url). */
export function assertInput(clientDataJSON: Uint8Array, rpId: string, credentialId: string): string {
  const id = base64.encode(decodeBase64url(credentialId, 'the credential id'));
  return lines(base64.encode(sha256(clientDataJSON)), rpId, id);
}

/** @throws FidoError('tool-output') unless `stdout` answers exactly this question. */
export function parseAssertOutput(
  stdout: string,
  asked: { readonly clientDataJSON: Uint8Array; readonly rpId: string; readonly credentialId: string },
): AssertionJson {
  const [hash, rpId, data, signature, ...more] = outputLines(stdout);
  if (data === undefined || signature === undefined || more.length > 1)
    throw new FidoError('tool-output', 'fido2-assert prints 4 or 5 lines');
  assertAnswers(asked, hash, rpId);
  return formatAssertion({
    credentialId: asked.credentialId,
    clientDataJSON: asked.clientDataJSON,
    authenticatorData: unwrapBytes(data),
    signature: decodeLine(signature),
  });
}

/** @returns the stdin of `fido2-cred -M [-r] [-v] DEVICE es256|eddsa`. */
export function credInput(
  clientDataJSON: Uint8Array,
  rpId: string,
  user: string,
  userHandle: Uint8Array,
): string {
  return lines(base64.encode(sha256(clientDataJSON)), rpId, user, base64.encode(userHandle));
}

/**
 * An attestation that is not `packed` (an old U2F key's) becomes `none`, as browsers do it: nobody would verify it.
 * @throws FidoError('tool-output') unless `stdout` answers exactly this question.
 */
export function parseCredOutput(
  stdout: string,
  asked: {
    readonly clientDataJSON: Uint8Array;
    readonly rpId: string;
    readonly algorithm: 'es256' | 'eddsa';
  },
): RegistrationJson {
  const [hash, rpId, fmt, data, id, signature, certificate, ...more] = outputLines(stdout);
  if (
    fmt === undefined ||
    data === undefined ||
    id === undefined ||
    signature === undefined ||
    more.length > 0
  )
    throw new FidoError('tool-output', 'fido2-cred prints 6 or 7 lines');
  assertAnswers(asked, hash, rpId);
  const authData = unwrapBytes(data);
  const statement = statementOf(asked.algorithm, decodeLine(signature), certificate);
  const attestationObject =
    fmt === 'packed'
      ? encodeAttestationObject('packed', statement, authData)
      : encodeAttestationObject('none', new Map(), authData);
  return formatRegistration({
    credentialId: base64urlnopad.encode(sameId(decodeLine(id), attestationObject)),
    clientDataJSON: asked.clientDataJSON,
    attestationObject,
    transports: [],
  });
}

function statementOf(
  algorithm: 'es256' | 'eddsa',
  signature: Uint8Array,
  certificate: string | undefined,
): ReadonlyMap<string, CborValue> {
  const selfAlgorithm = algorithm === 'eddsa' ? -8 : -7;
  const statement = new Map<string, CborValue>([
    // The tool does not print the algorithm: attestation certificates hold P-256 keys.
    ['alg', certificate === undefined ? selfAlgorithm : -7],
    ['sig', signature],
  ]);
  if (certificate !== undefined) statement.set('x5c', [decodeLine(certificate)]);
  return statement;
}

function sameId(id: Uint8Array, attestationObject: Uint8Array): Uint8Array {
  const { credentialId } = parseAttestationObject(attestationObject);
  if (base64.encode(credentialId) !== base64.encode(id))
    throw new FidoError('tool-output', 'fido2-cred prints another credential id than it attests');
  return id;
}

function lines(...values: readonly string[]): string {
  for (const value of values)
    if (!LINE.test(value)) throw new FidoError('malformed', 'a line for fido2-tools is printable ASCII');
  return values.map((value) => `${value}\n`).join('');
}

function outputLines(stdout: string): readonly string[] {
  if (stdout.length > 65_536) throw new FidoError('too-long', 'the output of the tool is too long');
  return stdout.split('\n').filter((line) => line !== '');
}

function assertAnswers(
  asked: { readonly clientDataJSON: Uint8Array; readonly rpId: string },
  hash: string | undefined,
  rpId: string | undefined,
): void {
  if (hash !== base64.encode(sha256(asked.clientDataJSON)) || rpId !== asked.rpId)
    throw new FidoError('tool-output', 'the tool answers another question');
}

function unwrapBytes(line: string): Uint8Array {
  const bytes = decodeCbor(decodeLine(line));
  if (bytes instanceof Uint8Array) return bytes;
  throw new FidoError('tool-output', 'the authenticator data is not a CBOR byte string');
}

function decodeLine(line: string): Uint8Array {
  try {
    return base64.decode(line);
  } catch (cause) {
    throw new FidoError('tool-output', 'a line of the tool is not base64', { cause });
  }
}
