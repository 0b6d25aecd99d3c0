import { sha256 } from '@noble/hashes/sha2.js';
import { base64, base64urlnopad } from '@scure/base';
import { describe, expect, test } from 'vitest';
import { parseAssertion, parseRegistration } from '../../src/fido/assertion.ts';
import { decodeCbor, encodeCbor } from '../../src/fido/cbor.ts';
import { buildClientData } from '../../src/fido/client-data.ts';
import { assertInput, credInput, parseAssertOutput, parseCredOutput } from '../../src/fido/fido2-tools.ts';
import { verifyRegistration } from '../../src/fido/verify-registration.ts';
import { verifyTouch } from '../../src/fido/verify-touch.ts';
import { codeOf } from '../support/code-of.ts';
import { SoftAuthenticator } from '../support/soft-authenticator.ts';
import { registration } from './registration-scene.ts';
import { DIGEST, ORIGIN, RP_ID, webauthnTouch } from './touch-scene.ts';

const CLIENT_DATA = buildClientData('webauthn.get', DIGEST, ORIGIN);
const HASH = base64.encode(sha256(CLIENT_DATA));

describe('the questions', () => {
  test('to fido2-assert', () => {
    expect(assertInput(CLIENT_DATA, RP_ID, 'AAEC')).toBe(`${HASH}\nca.example.org\nAAEC\n`);
  });

  test('to fido2-cred', () => {
    expect(credInput(CLIENT_DATA, RP_ID, 'alice', Uint8Array.of(1, 2))).toBe(
      `${HASH}\nca.example.org\nalice\nAQI=\n`,
    );
  });

  test('have no names that would be lines of their own', () => {
    for (const name of ['', 'a\nb', 'a\r', 'ä', 'a\0'])
      expect(codeOf(() => credInput(CLIENT_DATA, RP_ID, name, DIGEST))).toBe('malformed');
    expect(codeOf(() => assertInput(CLIENT_DATA, 'a\nb', 'AAEC'))).toBe('malformed');
    expect(codeOf(() => assertInput(CLIENT_DATA, RP_ID, 'AAEC\n'))).toBe('malformed');
  });
});

describe('an answer of fido2-assert', () => {
  const touch = webauthnTouch();
  const { authenticatorData, signature, clientDataJSON } = parseAssertion(touch.assertion);
  const asked = { clientDataJSON, rpId: RP_ID, credentialId: touch.credential.id };
  const lines = [
    base64.encode(sha256(clientDataJSON)),
    RP_ID,
    base64.encode(encodeCbor(authenticatorData)),
    base64.encode(signature),
  ];
  const parse = (output: readonly string[]) => codeOf(() => parseAssertOutput(output.join('\n'), asked));

  test('to another question, or cut short, or of another form is refused', () => {
    const [hash = '', rpId = '', data = '', sig = ''] = lines;
    expect(parse([])).toBe('tool-output');
    expect(parse([hash, rpId, data])).toBe('tool-output');
    expect(parse([...lines, 'AAAA', 'more'])).toBe('tool-output');
    expect(parse([HASH.replace(/^./, 'x'), rpId, data, sig])).toBe('tool-output');
    expect(parse([hash, 'example.org', data, sig])).toBe('tool-output');
    expect(parse([hash, rpId, 'no base64', sig])).toBe('tool-output');
    expect(parse([hash, rpId, base64.encode(Uint8Array.of(0)), sig])).toBe('tool-output');
    expect(parse([hash, rpId, base64.encode(authenticatorData), sig])).toBe('malformed');
    expect(parse(['x'.repeat(70_000)])).toBe('too-long');
  });

  test('becomes the assertion, with a user handle or without', async () => {
    for (const output of [lines, [...lines, 'AAAA']]) {
      const assertion = parseAssertOutput(`${output.join('\n')}\n`, asked);
      expect(assertion).toEqual(touch.assertion);
      await verifyTouch({ ...touch, assertion });
    }
  });
});

describe('an answer of fido2-cred', () => {
  function answer(attestation: 'packed' | 'self', algorithm: 'es256' | 'eddsa', fmt = 'packed') {
    const input = registration({ attestation, algorithm });
    const { clientDataJSON, attestationObject, credentialId } = parseRegistration(input.response);
    const object = decodeCbor(attestationObject);
    if (!(object instanceof Map)) throw new Error('an attestation object is a map');
    const statement: unknown = object.get('attStmt');
    const authData: unknown = object.get('authData');
    if (!(statement instanceof Map) || !(authData instanceof Uint8Array)) throw new Error('no statement');
    const x5c: unknown = statement.get('x5c');
    const lines = [
      base64.encode(sha256(clientDataJSON)),
      RP_ID,
      fmt,
      base64.encode(encodeCbor(authData)),
      base64.encode(base64urlnopad.decode(credentialId)),
      base64.encode(statement.get('sig')),
      ...(Array.isArray(x5c) ? [base64.encode(x5c[0])] : []),
    ];
    return { input, lines, asked: { clientDataJSON, rpId: RP_ID, algorithm } };
  }

  test('to another question, or of another form is refused', () => {
    const { lines, asked } = answer('packed', 'es256');
    const parse = (output: readonly string[]) => codeOf(() => parseCredOutput(output.join('\n'), asked));
    expect(parse(lines.slice(0, 5))).toBe('tool-output');
    expect(parse([...lines, 'AAAA'])).toBe('tool-output');
    expect(parse(lines.with(0, 'AAAA'))).toBe('tool-output');
    expect(parse(lines.with(1, 'example.org'))).toBe('tool-output');
    expect(parse(lines.with(3, 'AA=='))).toBe('tool-output');
    expect(parse(lines.with(4, base64.encode(new SoftAuthenticator().credentialIdBytes)))).toBe(
      'tool-output',
    );
    expect(parse(lines.with(5, '?'))).toBe('tool-output');
  });

  test.each([
    ['packed', 'es256'],
    ['packed', 'eddsa'],
    ['self', 'es256'],
    ['self', 'eddsa'],
  ] as const)('becomes the registration: %s, %s', async (attestation, algorithm) => {
    const { input, lines, asked } = answer(attestation, algorithm);
    const response = parseCredOutput(`${lines.join('\n')}\n`, asked);
    expect(response).toEqual({ ...input.response, transports: [] });
    await verifyRegistration({ ...input, response });
  });

  test('of an old U2F key is one without attestation', async () => {
    const { input, lines, asked } = answer('packed', 'es256', 'fido-u2f');
    const verified = await verifyRegistration({
      ...input,
      response: parseCredOutput(lines.join('\n'), asked),
    });
    expect(verified).toMatchObject({ fmt: 'none' });
    expect(verified.attestedBy).toBeUndefined();
  });
});
