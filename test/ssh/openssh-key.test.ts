import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64 } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { SshError } from '../../src/ssh/error.ts';
import { readPrivateKeyFile, readPublicKeyFile } from '../../src/ssh/key-file.ts';
import { readSecurityKeyFile, writeOpensshPrivateKey } from '../../src/ssh/openssh-key.ts';
import { ed25519FromSeed } from '../../src/ssh/private-key.ts';
import type { SecurityPublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import { generateKey, generateSecurityKey } from '../support/keys.ts';
import { subjectFields } from '../support/raw-certificate.ts';

const securityKey = generateSecurityKey('sk-ssh-ed25519@openssh.com').publicKey;
const other = generateSecurityKey('sk-ssh-ed25519@openssh.com').publicKey;

interface FileFields {
  readonly cipher: string;
  readonly count: number;
  readonly front: SecurityPublicKey;
  readonly inside: SecurityPublicKey;
  readonly checks: readonly [number, number];
  readonly padding: readonly number[];
}

/** A security key's file with any field changed. */
function body(changes: Partial<FileFields> = {}): Uint8Array {
  const fields: FileFields = {
    cipher: 'none',
    count: 1,
    front: securityKey,
    inside: securityKey,
    checks: [5, 5],
    padding: [1, 2, 3],
    ...changes,
  };
  const secret = new WireWriter()
    .uint32(fields.checks[0])
    .uint32(fields.checks[1])
    .string(fields.inside.type)
    .raw(subjectFields(fields.inside))
    .byte(1)
    .string('handle')
    .string('')
    .string('comment')
    .raw(Uint8Array.from(fields.padding))
    .bytes();
  return new WireWriter()
    .raw(new TextEncoder().encode('openssh-key-v1\0'))
    .string(fields.cipher)
    .string('none')
    .string('')
    .uint32(fields.count)
    .string(encodePublicKey(fields.front))
    .string(secret)
    .bytes();
}

function file(bytes: Uint8Array): string {
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${base64.encode(bytes)}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

describe('the file of a security key', () => {
  it('gives key, flags, handle and comment', () => {
    expect(readSecurityKeyFile(file(body()))).toEqual({
      publicKey: securityKey,
      flags: 1,
      keyHandle: new TextEncoder().encode('handle'),
      comment: 'comment',
    });
  });

  it.each<[string, string, string]>([
    ['is encrypted', file(body({ cipher: 'aes256-ctr' })), 'needs-passphrase'],
    ['holds two keys', file(body({ count: 2 })), 'bad-key'],
    ['holds another key inside than in front', file(body({ inside: other })), 'bad-key'],
    ['has two different check numbers', file(body({ checks: [5, 6] })), 'bad-key'],
    ['has another padding', file(body({ padding: [1, 2, 4] })), 'bad-key'],
    ['has a whole block of padding', file(body({ padding: [1, 2, 3, 4, 5, 6, 7, 8] })), 'bad-key'],
    ['has no armor', base64.encode(body()), 'bad-armor'],
    ['has another magic', file(body().fill(0x4f, 0, 1)), 'bad-armor'],
    ['is too long', file(new Uint8Array(40_000)), 'bad-armor'],
    ['is of a plain key', writeOpensshPrivateKey(generateKey('ssh-ed25519'), '', 1), 'bad-key'],
  ])('is refused when it %s', (_, text, code) => {
    expect(() => readSecurityKeyFile(text)).toThrow(expect.objectContaining({ code }));
  });

  it('is refused cut at any byte but those of its padding', () => {
    const bytes = body({ padding: [] });
    for (let length = 0; length < bytes.length; length++)
      expect(() => readSecurityKeyFile(file(bytes.subarray(0, length))), `${length}`).toThrow(SshError);
  });
});

describe('a private key file is refused', () => {
  it.each<[string, string, string]>([
    ['that is empty', '', 'bad-key'],
    ['that is a public key', formatPublicKeyLine(securityKey), 'bad-key'],
    ['that is too long', 'x'.repeat(40_000), 'too-long'],
    ['with nonsense inside', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'bad-key'],
  ])('%s', (_, text, code) => {
    expect(() => readPrivateKeyFile(text)).toThrow(expect.objectContaining({ name: 'SshError', code }));
  });

  it('whose public key in front is another than the one inside (a lie about which key signs)', () => {
    const [mine, theirs] = [generateKey('ssh-ed25519'), generateKey('ssh-ed25519')];
    const text = writeOpensshPrivateKey(mine, '', 1);
    const bytes = base64.decode(text.replaceAll(/-.*-|\n/g, ''));
    const at = Buffer.from(bytes).indexOf(encodePublicKey(mine.publicKey));
    bytes.set(encodePublicKey(theirs.publicKey), at);
    expect(() => readPrivateKeyFile(file(bytes))).toThrow(SshError);
  });

  it('and its passphrase and contents stay out of the error', () => {
    const text = readFileSync(join(import.meta.dirname, '../vectors/ssh/keys/p256.pkcs8.encrypted'), 'utf8');
    const error = errorOf(() => readPrivateKeyFile(text, 'canary-passphrase'));
    const whole = `${error.stack} ${JSON.stringify(error, Object.getOwnPropertyNames(error))} ${String(error.cause)}`;
    expect(whole).not.toContain('canary-passphrase');
    expect(whole).not.toContain(text.split('\n')[1]);
  });
});

describe('a public key file is refused', () => {
  const line = formatPublicKeyLine(generateKey('ssh-ed25519').publicKey);
  const pem = generateKey('ecdsa-sha2-nistp256').object.export({ type: 'pkcs8', format: 'pem' });

  it.each<[string, string]>([
    ['that is empty', ''],
    ['with two keys', `${line}\n${line}\n`],
    ['that is a private key', writeOpensshPrivateKey(generateKey('ssh-ed25519'), '', 1)],
    ['that is a private key in PEM', pem.toString()],
    ['with nonsense inside', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'],
    ['that is too long', 'x'.repeat(40_000)],
  ])('%s', (_, text) => {
    expect(() => readPublicKeyFile(text)).toThrow(SshError);
  });

  it('but blank lines and comments do not matter', () => {
    expect(readPublicKeyFile(`# mine\n\n${line} alice@laptop\n`).comment).toBe('alice@laptop');
  });
});

function errorOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}

it.each([
  [0, 1],
  [0, 0],
  [0, 0x80],
  [0x80, 0],
])('a private key whose seed begins with %i, %i is read back', (...first) => {
  const seed = new Uint8Array(32).fill(7);
  seed.set(first);
  const key = ed25519FromSeed(seed);
  const read = readPrivateKeyFile(writeOpensshPrivateKey(key, 'a comment', 1));
  expect(read.publicKey).toEqual(key.publicKey);
  expect(read.object.equals(key.object)).toBe(true);
});
