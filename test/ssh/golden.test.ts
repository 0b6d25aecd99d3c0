/** What OpenSSH wrote (test/vectors/ssh/make.sh) is read as what it was asked to write, and encodes to the same bytes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64 } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { encodeCertificate, optionValue } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { formatCertificateLine, parseCertificateLine } from '../../src/ssh/certificate-line.ts';
import {
  inspectCertificateSignature,
  verifyCertificateSignature,
} from '../../src/ssh/certificate-signature.ts';
import { readPrivateKeyFile, readPublicKeyFile } from '../../src/ssh/key-file.ts';
import { readSecurityKeyFile, writeOpensshPrivateKey } from '../../src/ssh/openssh-key.ts';
import { signMessage } from '../../src/ssh/private-key.ts';
import { fingerprint, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { verifySignature } from '../../src/ssh/signature.ts';
import { armorSshsig, dearmorSshsig, signSshsig, verifySshsig } from '../../src/ssh/sshsig.ts';
import { rawDraftOf } from '../support/raw-certificate.ts';

const VECTORS = join(import.meta.dirname, '../vectors/ssh');
const PLAIN = ['ed25519', 'p256', 'p384', 'p521', 'rsa3072'];

function read(...path: readonly string[]): string {
  return readFileSync(join(VECTORS, ...path), 'utf8');
}

function names(folder: string, ending: string): readonly string[] {
  const files = readdirSync(join(VECTORS, folder)).filter((name) => name.endsWith(ending));
  return files.map((name) => name.slice(0, -ending.length));
}

/** Those that we refuse to read at all, and why. */
const REFUSED_KEYS: Readonly<Record<string, string>> = { dsa: 'unknown-type', rsa2048: 'weak-key' };

describe('a public key by ssh-keygen', () => {
  const all = names('keys', '.fingerprint');

  it('exists as a vector for each type', () => expect(all).toHaveLength(14));

  it.each(all.filter((name) => name in REFUSED_KEYS))('%s is refused', (name) => {
    expect(() => readPublicKeyFile(read('keys', `${name}.pub`))).toThrow(
      expect.objectContaining({ code: REFUSED_KEYS[name] }),
    );
  });

  it.each(all.filter((name) => !(name in REFUSED_KEYS)))(
    '%s has the fingerprint that ssh-keygen says',
    (name) => {
      const line = read('keys', `${name}.pub`).trim();
      const { key, comment } = readPublicKeyFile(line);
      expect(fingerprint(key)).toBe(read('keys', `${name}.fingerprint`).trim());
      expect(formatPublicKeyLine(key, comment)).toBe(line);
    },
  );

  it.each(names('keys', '.pub').filter((name) => name.includes('.')))(
    '%s is the same key in another format',
    (name) => {
      const [plain = ''] = name.split('.');
      expect(readPublicKeyFile(read('keys', `${name}.pub`)).key).toEqual(
        readPublicKeyFile(read('keys', `${plain}.pub`)).key,
      );
    },
  );
});

describe('a private key by ssh-keygen', () => {
  const all = readdirSync(join(VECTORS, 'keys')).filter((name) => !/\.(pub|fingerprint)$/.test(name));
  const readable = all.filter(
    (name) => PLAIN.includes(name.split('.')[0] ?? '') && !name.endsWith('chacha20'),
  );
  const isEncrypted = (name: string): boolean => /encrypted|aes128-cbc/.test(name);

  it('exists as a vector for each type and format', () => expect(readable).toHaveLength(32));

  it.each(readable)('%s signs for its public key', (name) => {
    const key = readPrivateKeyFile(read('keys', name), isEncrypted(name) ? 'vectors' : undefined);
    const { key: expected } = readPublicKeyFile(read('keys', `${name.split('.')[0]}.pub`));
    expect(key.publicKey).toEqual(expected);
    const message = Uint8Array.of(1, 2, 3);
    expect(verifySignature(expected, signMessage(key, message), message)).toEqual({ valid: true });
  });

  it.each(readable.filter(isEncrypted))('%s is not opened without or with a wrong passphrase', (name) => {
    expect(() => readPrivateKeyFile(read('keys', name))).toThrow(
      expect.objectContaining({ code: 'needs-passphrase' }),
    );
    expect(() => readPrivateKeyFile(read('keys', name), 'wrong')).toThrow(
      expect.objectContaining({ code: 'wrong-passphrase' }),
    );
  });

  it('says what to do about a cipher that is not read', () => {
    expect(() => readPrivateKeyFile(read('keys', 'ed25519.chacha20'), 'vectors')).toThrow(
      /ssh-keygen -p -Z aes256-ctr/,
    );
  });

  it('is refused when it is weak, of an unknown type, or of a security key', () => {
    expect(() => readPrivateKeyFile(read('keys', 'rsa2048'))).toThrow(
      expect.objectContaining({ code: 'weak-key' }),
    );
    expect(() => readPrivateKeyFile(read('keys', 'dsa'))).toThrow(
      expect.objectContaining({ code: 'unknown-type' }),
    );
    expect(() => readPrivateKeyFile(read('keys', 'sk-ed25519'))).toThrow(/authenticator/);
  });

  it.each(['ed25519', 'p256', 'p384', 'p521', 'rsa3072'])('%s, written by us, is read again', (name) => {
    const key = readPrivateKeyFile(read('keys', name));
    const again = readPrivateKeyFile(writeOpensshPrivateKey(key, 'comment', 0xfffffffe));
    expect(again.publicKey).toEqual(key.publicKey);
    expect(again.object.equals(key.object)).toBe(true);
  });

  it('of Ed25519, written by us with its own check number, is the same file', () => {
    const text = read('keys', 'ed25519');
    expect(writeOpensshPrivateKey(readPrivateKeyFile(text), 'ed25519@vectors', checkIntOf(text))).toBe(text);
  });

  it('of a security key gives its handle and flags', () => {
    const flags = {
      'sk-ed25519': 0x01,
      'sk-ecdsa': 0x01,
      'sk-ed25519-uv': 0x05,
      'sk-ed25519-no-touch': 0x00,
    };
    for (const [name, expected] of Object.entries(flags)) {
      const file = readSecurityKeyFile(read('keys', name));
      expect(file).toMatchObject({ flags: expected, comment: `${name}@vectors` });
      expect(file.publicKey).toEqual(readPublicKeyFile(read('keys', `${name}.pub`)).key);
      expect(file.keyHandle.length).toBeGreaterThan(0);
    }
  });

  it('of a security key is not read when it is encrypted', () => {
    expect(() => readSecurityKeyFile(read('keys', 'sk-ed25519.encrypted'))).toThrow(
      expect.objectContaining({ code: 'needs-passphrase' }),
    );
  });
});

describe('a certificate by ssh-keygen', () => {
  const all = names('certificates', '.txt');
  const PLAIN_LOGIN = {
    type: 'user',
    serial: '1',
    keyId: 'login:alice:1',
    principals: ['alice'],
    validAfter: '1893456000',
    validBefore: '1893542400',
    criticalOptions: {},
    extensions: [
      'permit-X11-forwarding',
      'permit-agent-forwarding',
      'permit-port-forwarding',
      'permit-pty',
      'permit-user-rc',
    ],
  };

  function vector(name: string) {
    const [command = '', line = '', expected = '', listing = ''] = read('certificates', `${name}.txt`).split(
      /^---\n/m,
    );
    const { certificate } = parseCertificateLine(line);
    return {
      command,
      line: line.trim(),
      expected: { ...PLAIN_LOGIN, ...JSON.parse(expected) },
      listing,
      certificate,
    };
  }

  it('exists as a vector for each type and option', () => expect(all).toHaveLength(42));

  it.each(all)('%s has the fields that were asked for', (name) => {
    const { certificate, expected } = vector(name);
    expect(described(certificate.fields)).toEqual(expected);
  });

  it.each(all)('%s has the keys that ssh-keygen -L says', (name) => {
    const { certificate, listing } = vector(name);
    expect(listing).toContain(`-CERT ${fingerprint(certificate.fields.subject)}`);
    expect(listing).toMatch(/Signing CA: /);
    expect(listing).toContain(fingerprint(certificate.fields.authority));
  });

  it.each(all)('%s encodes to the same bytes', (name) => {
    const { certificate, line } = vector(name);
    expect(base64.encode(encodeCertificate(certificate))).toBe(line.split(' ')[1]);
    expect(rawDraftOf(certificate.fields)).toEqual(certificate.draft);
    expect(formatCertificateLine(certificate, line.split(' ')[2])).toBe(line);
  });

  it.each(all.filter((name) => name !== 'ca-ssh-rsa'))('%s has a good signature', (name) => {
    expect(verifyCertificateSignature(vector(name).certificate)).toBe(true);
  });

  it('is not good when it is signed with SHA-1', () => {
    expect(verifyCertificateSignature(vector('ca-ssh-rsa').certificate)).toBe(false);
  });

  it('by a security key tells whether it was touched', () => {
    expect(inspectCertificateSignature(vector('ca-sk-ed25519').certificate)).toMatchObject({
      securityKey: { userPresent: true, userVerified: false, counter: 0x12345678 },
    });
    expect(inspectCertificateSignature(vector('ca-sk-ed25519-no-touch').certificate)).toMatchObject({
      securityKey: { userPresent: false },
    });
  });
});

describe('a signature by ssh-keygen -Y sign', () => {
  const all = names('signatures', '.sig');
  const message = new TextEncoder().encode(read('signatures', 'message'));

  it('exists as a vector for each type', () => expect(all).toHaveLength(11));

  it.each(all)('%s is good for its message, key and namespace only', (name) => {
    const blob = dearmorSshsig(read('signatures', `${name}.sig`));
    const verification = verifySshsig(blob, 'vectors', message);
    expect(verification.valid).toBe(true);
    expect(verification.key).toEqual(
      readPublicKeyFile(read('keys', `${name.replace('-sha256', '')}.pub`)).key,
    );
    expect(verifySshsig(blob, 'other', message).valid).toBe(false);
    expect(verifySshsig(blob, 'vectors', Uint8Array.of(...message, 0)).valid).toBe(false);
  });

  it.each(all)('%s has the armor that we write', (name) => {
    const text = read('signatures', `${name}.sig`);
    expect(armorSshsig(dearmorSshsig(text))).toBe(text);
  });

  it.each(['ed25519', 'rsa3072', 'rsa4096'])('%s is what we sign with the same key', (name) => {
    const key = readPrivateKeyFile(read('keys', name));
    expect(armorSshsig(signSshsig(key, 'vectors', message))).toBe(read('signatures', `${name}.sig`));
  });

  it('by a key that asks for no touch says so', () => {
    const blob = dearmorSshsig(read('signatures', 'sk-ed25519-no-touch.sig'));
    expect(verifySshsig(blob, 'vectors', message)).toMatchObject({ securityKey: { userPresent: false } });
  });
});

function described(fields: CertificateFields) {
  const { type, serial, keyId, principals, validAfter, validBefore, criticalOptions, extensions } = fields;
  return {
    type,
    serial: `${serial}`,
    keyId,
    principals,
    validAfter: `${validAfter}`,
    validBefore: `${validBefore}`,
    criticalOptions: Object.fromEntries(
      criticalOptions.map((option) => [option.name, option.data.length === 0 ? null : optionValue(option)]),
    ),
    extensions: extensions.map(({ name }) => name),
  };
}

/** The check number stands right behind the public key (51 bytes) and the length of the secret part. */
function checkIntOf(text: string): number {
  const body = base64.decode(text.replaceAll(/-.*-|\n/g, ''));
  const offset = 'openssh-key-v1\0'.length + 8 + 8 + 4 + 4 + 4 + 51 + 4;
  return new DataView(body.buffer, body.byteOffset).getUint32(offset);
}
