import { sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toKeyObject } from '../../src/ssh/key-object.ts';
import { signMessage } from '../../src/ssh/private-key.ts';
import type { SignatureFormat } from '../../src/ssh/signature.ts';
import { encodeSignature, verifySignature } from '../../src/ssh/signature.ts';
import { WireReader, WireWriter } from '../../src/ssh/wire.ts';
import { generateKey, generateSecurityKey, PLAIN_KEY_TYPES, SECURITY_KEY_TYPES } from '../support/keys.ts';

const MESSAGE = new TextEncoder().encode('what was asked for');
const OTHER = new TextEncoder().encode('what was not asked for');
const KEYS = PLAIN_KEY_TYPES.map((type) => generateKey(type));
const SECURITY_KEYS = SECURITY_KEY_TYPES.map((type) => generateSecurityKey(type));
const rsa = KEYS.find(({ publicKey }) => publicKey.type === 'ssh-rsa') ?? generateKey('ssh-rsa');
const ed25519 = generateKey('ssh-ed25519');
const p256 = generateKey('ecdsa-sha2-nistp256');

/** A blob of any name and value, for what encodeSignature would never write. */
function blob(format: string, value: Uint8Array): Uint8Array {
  return new WireWriter().string(format).string(value).bytes();
}

function valueIn(signature: Uint8Array): Uint8Array {
  const reader = new WireReader(signature);
  reader.string();
  return reader.string();
}

describe('a signature that is refused', () => {
  it.each(KEYS)('$publicKey.type over another message', (key) => {
    expect(verifySignature(key.publicKey, signMessage(key, MESSAGE), OTHER)).toEqual({ valid: false });
  });

  it.each(KEYS)('$publicKey.type by another key', (key) => {
    const other = generateKey(key.publicKey.type as (typeof PLAIN_KEY_TYPES)[number]); // KEYS are made of these types
    expect(verifySignature(other.publicKey, signMessage(key, MESSAGE), MESSAGE)).toEqual({ valid: false });
  });

  it('RSA with SHA-1 (ssh-rsa), although the numbers are right', () => {
    const value = sign('sha1', MESSAGE, rsa.object);
    expect(() => verifySignature(rsa.publicKey, blob('ssh-rsa', value), MESSAGE)).toThrow(/rsa-sha2-512/);
  });

  it('RSA whose format names another hash than it was made with', () => {
    const value = sign('sha256', MESSAGE, rsa.object);
    expect(verifySignature(rsa.publicKey, blob('rsa-sha2-512', value), MESSAGE)).toEqual({ valid: false });
  });

  it('RSA shorter than the modulus', () => {
    const value = sign('sha512', MESSAGE, rsa.object).subarray(1);
    expect(() => verifySignature(rsa.publicKey, blob('rsa-sha2-512', value), MESSAGE)).toThrow(/384 bytes/);
  });

  it.each([63, 65])('Ed25519 of %i bytes', (length) => {
    const value = new Uint8Array(length);
    expect(() => verifySignature(ed25519.publicKey, blob('ssh-ed25519', value), MESSAGE)).toThrow(/64 bytes/);
  });

  it('of the format of another key type', () => {
    const value = valueIn(signMessage(ed25519, MESSAGE));
    expect(() => verifySignature(p256.publicKey, blob('ssh-ed25519', value), MESSAGE)).toThrow(
      expect.objectContaining({ code: 'bad-signature' }),
    );
  });

  it('ECDSA in DER instead of two mpints', () => {
    const value = sign('sha256', MESSAGE, p256.object);
    expect(() => verifySignature(p256.publicKey, blob(p256.publicKey.type, value), MESSAGE)).toThrow();
  });

  it('ECDSA with a needless zero in front of r', () => {
    const reader = new WireReader(valueIn(signMessage(p256, MESSAGE)));
    const [r, s] = [reader.string(), reader.string()];
    const padded = new WireWriter()
      .string(Uint8Array.of(0, ...r))
      .string(s)
      .bytes();
    expect(() => verifySignature(p256.publicKey, blob(p256.publicKey.type, padded), MESSAGE)).toThrow(
      expect.objectContaining({ code: 'not-canonical' }),
    );
  });

  it.each([
    ['r = 0', Uint8Array.of(), Uint8Array.of(1)],
    ['s = 0', Uint8Array.of(1), Uint8Array.of()],
    ['r longer than the order', new Uint8Array(33).fill(1), Uint8Array.of(1)],
  ])('ECDSA with %s', (_, r, s) => {
    const value = new WireWriter().mpint(r).mpint(s).bytes();
    expect(() => verifySignature(p256.publicKey, blob(p256.publicKey.type, value), MESSAGE)).toThrow(
      expect.objectContaining({ code: 'bad-signature' }),
    );
  });

  it('ECDSA with bytes behind s', () => {
    const value = Uint8Array.of(...valueIn(signMessage(p256, MESSAGE)), 0);
    expect(() => verifySignature(p256.publicKey, blob(p256.publicKey.type, value), MESSAGE)).toThrow(
      expect.objectContaining({ code: 'trailing-bytes' }),
    );
  });

  it('with bytes behind it', () => {
    const longer = Uint8Array.of(...signMessage(ed25519, MESSAGE), 0);
    expect(() => verifySignature(ed25519.publicKey, longer, MESSAGE)).toThrow(
      expect.objectContaining({ code: 'trailing-bytes' }),
    );
  });

  it('longer than any signature', () => {
    expect(() => verifySignature(ed25519.publicKey, new Uint8Array(2049), MESSAGE)).toThrow(
      expect.objectContaining({ code: 'too-long' }),
    );
  });

  it.each(KEYS)('$publicKey.type cut at any byte', (key) => {
    const signature = signMessage(key, MESSAGE);
    for (let length = 0; length < signature.length; length++)
      expect(() => verifySignature(key.publicKey, signature.subarray(0, length), MESSAGE)).toThrow();
  });
});

describe('a signature that is accepted', () => {
  it.each(KEYS)('$publicKey.type by the key over the message', (key) => {
    expect(verifySignature(key.publicKey, signMessage(key, MESSAGE), MESSAGE)).toEqual({ valid: true });
  });

  it.each([
    ['rsa-sha2-256', 'sha256'],
    ['rsa-sha2-512', 'sha512'],
  ] as const satisfies [SignatureFormat, string][])('RSA as %s', (format, hash) => {
    const signature = encodeSignature(format, sign(hash, MESSAGE, rsa.object));
    expect(verifySignature(rsa.publicKey, signature, MESSAGE)).toEqual({ valid: true });
  });

  it('ECDSA with a short r or s, which encodes shorter', () => {
    const lengths = new Set<number>();
    for (let count = 0; count < 4000 && lengths.size < 4; count++) {
      const signature = signMessage(p256, Uint8Array.of(count >> 8, count & 255));
      lengths.add(signature.length);
      expect(verifySignature(p256.publicKey, signature, Uint8Array.of(count >> 8, count & 255)).valid).toBe(
        true,
      );
    }
    expect(lengths.size).toBeGreaterThan(3);
  });
});

describe('a signature of a security key', () => {
  describe.each(SECURITY_KEYS)('$publicKey.type', (key) => {
    it.each([
      [0x00, false, false],
      [0x01, true, false],
      [0x04, false, true],
      [0x05, true, true],
      [0x1d, true, true],
    ])('tells of its flags %i what the authenticator said', (flags, userPresent, userVerified) => {
      const signature = key.sign(MESSAGE, { flags, counter: 0x12345678 });
      expect(verifySignature(key.publicKey, signature, MESSAGE)).toEqual({
        valid: true,
        securityKey: { userPresent, userVerified, counter: 0x12345678 },
      });
    });

    it.each([0x03, 0x21, 0x41, 0x81])('is refused with the reserved flags %i', (flags) => {
      expect(() => verifySignature(key.publicKey, key.sign(MESSAGE, { flags }), MESSAGE)).toThrow(/flags/);
    });

    it('is not valid when the flags were changed afterwards', () => {
      const signature = key.sign(MESSAGE, { flags: 0 });
      signature[signature.length - 5] = 1;
      expect(verifySignature(key.publicKey, signature, MESSAGE)).toEqual({ valid: false });
    });

    it('is not valid when the counter was changed afterwards', () => {
      const signature = key.sign(MESSAGE, { counter: 1 });
      signature[signature.length - 1] = 2;
      expect(verifySignature(key.publicKey, signature, MESSAGE)).toEqual({ valid: false });
    });

    it('is not valid when made for another application', () => {
      const signature = key.sign(MESSAGE, { application: 'ssh:elsewhere' });
      expect(verifySignature(key.publicKey, signature, MESSAGE)).toEqual({ valid: false });
    });

    it('is not valid over another message', () => {
      expect(verifySignature(key.publicKey, key.sign(MESSAGE), OTHER)).toEqual({ valid: false });
    });

    it('is refused without flags and counter', () => {
      const signature = key.sign(MESSAGE);
      expect(() => verifySignature(key.publicKey, signature.subarray(0, -5), MESSAGE)).toThrow(
        expect.objectContaining({ code: 'truncated' }),
      );
    });
  });

  it('is refused in the webauthn form, which most verifiers of certificates refuse', () => {
    const key = generateSecurityKey('sk-ecdsa-sha2-nistp256@openssh.com');
    const value = valueIn(key.sign(MESSAGE));
    const signature = new WireWriter()
      .raw(blob('webauthn-sk-ecdsa-sha2-nistp256@openssh.com', value))
      .byte(1)
      .uint32(1)
      .string('https://ca.example.org')
      .string('{}')
      .string('')
      .bytes();
    expect(() => verifySignature(key.publicKey, signature, MESSAGE)).toThrow(
      expect.objectContaining({ code: 'bad-signature' }),
    );
  });

  it('is refused for the plain key of the same point', () => {
    const key = generateSecurityKey('sk-ssh-ed25519@openssh.com');
    const plain = { type: 'ssh-ed25519', point: key.publicKey.point } as const;
    expect(() => verifySignature(plain, key.sign(MESSAGE), MESSAGE)).toThrow();
    expect(() => verifySignature(key.publicKey, blob(plain.type, new Uint8Array(64)), MESSAGE)).toThrow();
  });
});

describe('a key object', () => {
  it.each(['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'] as const)(
    'is not made of a point off the curve of %s',
    (type) => {
      const { publicKey } = generateKey(type);
      if (publicKey.type === 'ssh-rsa') throw new TypeError('not an RSA key');
      const point = publicKey.point.slice();
      point[point.length - 1] = (point.at(-1) ?? 0) ^ 1;
      expect(() => toKeyObject({ type, point })).toThrow(expect.objectContaining({ code: 'bad-key' }));
    },
  );
});
