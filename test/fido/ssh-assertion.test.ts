import { describe, expect, test } from 'vitest';
import { parseAssertion } from '../../src/fido/assertion.ts';
import { buildClientData } from '../../src/fido/client-data.ts';
import { assertionFromSshSignature } from '../../src/fido/ssh-assertion.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import { codeOf } from '../support/code-of.ts';
import { FLAGS, SoftSecurityKey } from '../support/soft-authenticator.ts';
import { ALGORITHMS, DIGEST, ORIGIN } from './touch-scene.ts';

const CLIENT_DATA = buildClientData('webauthn.get', DIGEST, ORIGIN);

function convert(key: SoftSecurityKey, signature: Uint8Array): unknown {
  return codeOf(() => assertionFromSshSignature(key.publicKey, signature, CLIENT_DATA));
}

describe('a signature blob that is not by this kind of key is refused', () => {
  test('of another type: the other curve, webauthn-sk, a plain key', () => {
    const key = new SoftSecurityKey({ algorithm: 'eddsa' });
    const other = new SoftSecurityKey({ algorithm: 'es256' });
    expect(convert(key, other.sign(CLIENT_DATA))).toBe('malformed');
    expect(convert(other, key.sign(CLIENT_DATA))).toBe('malformed');
    for (const type of ['webauthn-sk-ecdsa-sha2-nistp256@openssh.com', 'ssh-ed25519', ''])
      expect(convert(key, new WireWriter().string(type).string(new Uint8Array(64)).bytes())).toBe(
        'malformed',
      );
  });

  test.each(ALGORITHMS)('cut at every byte, or with a byte more, %s', (algorithm) => {
    const key = new SoftSecurityKey({ algorithm });
    const blob = key.sign(CLIENT_DATA);
    for (let length = 0; length < blob.length; length += 1)
      expect(convert(key, blob.subarray(0, length))).toBe('malformed');
    expect(convert(key, Uint8Array.of(...blob, 0))).toBe('malformed');
  });

  test('with an Ed25519 signature of 63 bytes, a negative ECDSA number, or bytes after the numbers', () => {
    const [ed, ec] = [
      new SoftSecurityKey({ algorithm: 'eddsa' }),
      new SoftSecurityKey({ algorithm: 'es256' }),
    ];
    const blob = (type: string, inner: Uint8Array) =>
      new WireWriter().string(type).string(inner).byte(1).uint32(1).bytes();
    expect(convert(ed, blob(ed.publicKey.type, new Uint8Array(63)))).toBe('malformed');
    const negative = new WireWriter().string(Uint8Array.of(0x80)).string(Uint8Array.of(1)).bytes();
    expect(convert(ec, blob(ec.publicKey.type, negative))).toBe('malformed');
    const one = new WireWriter().string(Uint8Array.of(1));
    const third = one.string(Uint8Array.of(1)).byte(0).bytes();
    expect(convert(ec, blob(ec.publicKey.type, third))).toBe('malformed');
  });
});

test('flags and counter of the key are those of the assertion, its application is the RP id', () => {
  const key = new SoftSecurityKey({ application: 'ssh:ca.example.org' });
  const blob = key.sign(CLIENT_DATA, { flags: FLAGS.up | FLAGS.uv, counter: 0x01020304 });
  const assertion = parseAssertion(assertionFromSshSignature(key.publicKey, blob, CLIENT_DATA));
  expect(assertion.credentialId).toBe(fingerprint(key.publicKey));
  expect(assertion.clientDataJSON).toEqual(CLIENT_DATA);
  expect([...assertion.authenticatorData.subarray(32)]).toEqual([5, 1, 2, 3, 4]);
  expect(assertion.signature).toHaveLength(64);
});
