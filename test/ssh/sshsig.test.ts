import { describe, expect, it } from 'vitest';
import { encodeCertificate } from '../../src/ssh/certificate.ts';
import type { SshErrorCode } from '../../src/ssh/error.ts';
import type { Possession } from '../../src/ssh/possession.ts';
import { POSSESSION_NAMESPACE, possessionMessage } from '../../src/ssh/possession.ts';
import { signMessage } from '../../src/ssh/private-key.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import {
  armorSshsig,
  dearmorSshsig,
  encodeSshsig,
  signSshsig,
  sshsigPreimage,
  verifySshsig,
} from '../../src/ssh/sshsig.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import { issue } from '../support/certificates.ts';
import { generateKey, generateSecurityKey, generateSigner } from '../support/keys.ts';

const MESSAGE = new TextEncoder().encode('what was asked for');
const key = generateKey('ssh-ed25519');
const blob = signSshsig(key, 'usher-possession', MESSAGE);

interface Fields {
  readonly magic: string;
  readonly version: number;
  readonly key: Uint8Array;
  readonly namespace: string;
  readonly reserved: string;
  readonly hash: string;
  readonly signature: Uint8Array;
}

/** An SSHSIG blob with any field changed. */
function raw(changes: Partial<Fields>): Uint8Array {
  const fields: Fields = {
    magic: 'SSHSIG',
    version: 1,
    key: encodePublicKey(key.publicKey),
    namespace: 'usher-possession',
    reserved: '',
    hash: 'sha512',
    signature: signMessage(key, sshsigPreimage('usher-possession', MESSAGE)),
    ...changes,
  };
  return new WireWriter()
    .raw(new TextEncoder().encode(fields.magic))
    .uint32(fields.version)
    .string(fields.key)
    .string(fields.namespace)
    .string(fields.reserved)
    .string(fields.hash)
    .string(fields.signature)
    .bytes();
}

describe('an SSHSIG is refused', () => {
  const certificate = issue(generateSigner('ssh-ed25519'), { subject: key.publicKey });

  it.each<[string, Uint8Array, SshErrorCode]>([
    ['with another magic', raw({ magic: 'SSHSIX' }), 'bad-signature'],
    ['of version 0', raw({ version: 0 }), 'bad-signature'],
    ['of version 2', raw({ version: 2 }), 'bad-signature'],
    ['with something in the reserved field', raw({ reserved: 'x' }), 'bad-signature'],
    ['that hashes with SHA-1', raw({ hash: 'sha1' }), 'bad-signature'],
    ['that hashes with nothing', raw({ hash: '' }), 'bad-signature'],
    ['by a certificate', raw({ key: encodeCertificate(certificate) }), 'nested-certificate'],
    ['without a signature', raw({ signature: new Uint8Array() }), 'truncated'],
    ['with bytes behind it', Uint8Array.of(...blob, 0), 'trailing-bytes'],
    ['that is too long', new Uint8Array(8193), 'too-long'],
  ])('%s', (_, bytes, code) => {
    expect(() => verifySshsig(bytes, 'usher-possession', MESSAGE)).toThrow(expect.objectContaining({ code }));
  });

  it('cut at any byte', () => {
    for (let length = 0; length < blob.length; length++)
      expect(() => verifySshsig(blob.subarray(0, length), 'usher-possession', MESSAGE)).toThrow();
  });
});

describe('an SSHSIG is not valid', () => {
  it('for another namespace, also when the blob names the asked one', () => {
    expect(verifySshsig(blob, 'usher-call', MESSAGE).valid).toBe(false);
    const moved = raw({ namespace: 'usher-call' });
    expect(verifySshsig(moved, 'usher-call', MESSAGE).valid).toBe(false);
    expect(verifySshsig(moved, 'usher-possession', MESSAGE).valid).toBe(false);
  });

  it('for another message', () => {
    expect(verifySshsig(blob, 'usher-possession', Uint8Array.of(...MESSAGE, 0)).valid).toBe(false);
  });

  it('when it names another hash than it was made with', () => {
    expect(verifySshsig(raw({ hash: 'sha256' }), 'usher-possession', MESSAGE).valid).toBe(false);
  });

  it('when the key signed the message itself', () => {
    const signature = signMessage(key, MESSAGE);
    expect(verifySshsig(raw({ signature }), 'usher-possession', MESSAGE).valid).toBe(false);
  });

  it('under another key', () => {
    const other = generateKey('ssh-ed25519').publicKey;
    const verification = verifySshsig(raw({ key: encodePublicKey(other) }), 'usher-possession', MESSAGE);
    expect(verification).toEqual({ key: other, valid: false });
  });
});

describe('an SSHSIG is valid', () => {
  it('for its key, namespace and message', () => {
    expect(verifySshsig(blob, 'usher-possession', MESSAGE)).toEqual({ key: key.publicKey, valid: true });
  });

  it('by a security key, and tells of the touch', () => {
    const securityKey = generateSecurityKey('sk-ssh-ed25519@openssh.com');
    for (const flags of [0, 1, 5]) {
      const signature = securityKey.sign(sshsigPreimage('usher-possession', MESSAGE), { flags, counter: 3 });
      const made = encodeSshsig(securityKey.publicKey, 'usher-possession', signature);
      expect(verifySshsig(made, 'usher-possession', MESSAGE)).toMatchObject({
        valid: true,
        securityKey: { userPresent: flags !== 0, userVerified: flags === 5, counter: 3 },
      });
    }
  });
});

it('an empty namespace is a mistake of the programmer', () => {
  expect(() => signSshsig(key, '', MESSAGE)).toThrow(TypeError);
});

describe('armor', () => {
  it('is read as what was armored', () => {
    expect(dearmorSshsig(armorSshsig(blob))).toEqual(blob);
    expect(dearmorSshsig(armorSshsig(blob).replaceAll('\n', '\r\n'))).toEqual(blob);
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['no armor', 'U1NIU0lH'],
    ['no end', armorSshsig(blob).replace(/-----END.*/, '')],
    ['no begin', armorSshsig(blob).replace(/-----BEGIN.*/, '')],
    ['of another kind', armorSshsig(blob).replaceAll('SSH SIGNATURE', 'PGP SIGNATURE')],
    ['nothing inside', armorSshsig(new Uint8Array())],
    ['a character that is not base64', armorSshsig(blob).replace('U1NI', 'U1N*')],
    ['two signatures', armorSshsig(blob) + armorSshsig(blob)],
    ['more than any signature', armorSshsig(new Uint8Array(20_000))],
  ])('with %s is refused', (_, text) => {
    expect(() => dearmorSshsig(text)).toThrow(expect.objectContaining({ code: 'bad-armor' }));
  });
});

describe('a proof of possession', () => {
  const asked: Possession = {
    origin: 'https://ca.example.org',
    person: 'alice',
    purpose: 'login',
    key: key.publicKey,
    time: 1_800_000_000,
  };
  const proof = signSshsig(key, POSSESSION_NAMESPACE, possessionMessage(asked));

  it('is good for what it names', () => {
    expect(verifySshsig(proof, POSSESSION_NAMESPACE, possessionMessage(asked)).valid).toBe(true);
  });

  it.each<[string, Partial<Possession>]>([
    ['authority', { origin: 'https://evil.example.org' }],
    ['person', { person: 'bob' }],
    ['purpose', { purpose: 'sudo' }],
    ['key', { key: generateKey('ssh-ed25519').publicKey }],
    ['time', { time: 1_800_000_001 }],
  ])('is not good for another %s', (_, changes) => {
    const message = possessionMessage({ ...asked, ...changes });
    expect(verifySshsig(proof, POSSESSION_NAMESPACE, message).valid).toBe(false);
  });

  it('has no other reading: fields can not be moved into each other', () => {
    const moved = possessionMessage({ ...asked, person: 'alicelogin', purpose: '' });
    expect(moved).not.toEqual(possessionMessage(asked));
  });

  it('is made of whole seconds', () => {
    expect(() => possessionMessage({ ...asked, time: 0.5 })).toThrow(TypeError);
    expect(() => possessionMessage({ ...asked, time: -1 })).toThrow(TypeError);
  });
});
