/** Key files in the formats that people have. The only importer of sshpk, which is used for nothing else (docs: pitfalls of sshpk). */
import type { KeyObject } from 'node:crypto';
import { createPrivateKey } from 'node:crypto';
import sshpk from 'sshpk';
import { SshError } from './error.ts';
import { isOpensshKeyFile, readOpensshHeader } from './openssh-key.ts';
import type { PrivateKey } from './private-key.ts';
import { ed25519FromSeed, privateKeyFromObject } from './private-key.ts';
import type { PublicKey } from './public-key.ts';
import { decodePublicKey, isSecurityKey, parsePublicKeyLine, samePublicKey } from './public-key.ts';

/** An RSA 8192 key in PEM has about 6,400 characters. */
const MAX_FILE_CHARACTERS = 32_768;
const SSHPK_CIPHERS = /^(aes(128|192|256)-(ctr|cbc)|3des-cbc)$/;

/**
 * Reads a private key: OpenSSH's format (encrypted with a cipher other than GCM or ChaCha20, too), PEM and PKCS#8 (encrypted too).
 * @throws SshError `needs-passphrase` when there is none and one is needed, `wrong-passphrase`, `weak-key`, `unknown-type`, `bad-key`.
 */
export function readPrivateKeyFile(text: string, passphrase?: string): PrivateKey {
  if (text.length > MAX_FILE_CHARACTERS) throw new SshError('too-long', 'this is too long for a key file');
  return isOpensshKeyFile(text) ? readOpenssh(text, passphrase) : readPem(text, passphrase);
}

/**
 * Reads a public key: a line as in a `.pub` file, RFC 4716, PEM or PKCS#8. Only lines carry a comment.
 * @throws SshError also for private keys, certificates and more than one key.
 */
export function readPublicKeyFile(text: string): { readonly key: PublicKey; readonly comment: string } {
  if (text.length > MAX_FILE_CHARACTERS) throw new SshError('too-long', 'this is too long for a key file');
  if (/^-+ ?BEGIN /.test(text.trimStart())) return { key: readPublicPem(text), comment: '' };
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const [line = ''] = lines;
  if (lines.length !== 1) throw new SshError('bad-key', 'a public key file holds one key');
  return parsePublicKeyLine(line);
}

function readOpenssh(text: string, passphrase: string | undefined): PrivateKey {
  const { publicKey, cipher } = readOpensshHeader(text);
  if (isSecurityKey(publicKey))
    throw new SshError('bad-key', 'this is the file of a security key: only its authenticator can sign');
  if (cipher !== 'none' && !SSHPK_CIPHERS.test(cipher))
    throw new SshError(
      'bad-key',
      'the cipher of this key file is not read; "ssh-keygen -p -Z aes256-ctr" changes it',
    );
  const options = passphrase === undefined ? {} : { passphrase };
  const key = parse(cipher !== 'none', passphrase, () =>
    toObject(sshpk.parsePrivateKey(text, 'ssh-private', options)),
  );
  if (!samePublicKey(key.publicKey, publicKey))
    throw new SshError('bad-key', 'the key file holds two different keys');
  return key;
}

/** sshpk drops a zero at the front of an Ed25519 seed when it writes PKCS#8: one key in 500 would not be read. */
function toObject(key: sshpk.PrivateKey): KeyObject {
  const seed = key.type === 'ed25519' ? key.parts.find(({ name }) => name === 'k') : undefined;
  return seed === undefined
    ? createPrivateKey(key.toString('pkcs8'))
    : ed25519FromSeed(Uint8Array.from(seed.data)).object;
}

/** By Node, not by sshpk: that throws outside of the call, and so ends the process, when a passphrase is wrong. */
function readPem(text: string, passphrase: string | undefined): PrivateKey {
  return parse(text.includes('ENCRYPTED'), passphrase, () =>
    createPrivateKey(passphrase === undefined ? text : { key: text, passphrase }),
  );
}

/** Parsers' own errors are kept out: a wrong passphrase has many, and they may quote what they failed on. */
function parse(isEncrypted: boolean, passphrase: string | undefined, read: () => KeyObject): PrivateKey {
  if (isEncrypted && passphrase === undefined)
    throw new SshError('needs-passphrase', 'the key file is encrypted');
  return privateKeyFromObject(
    attempt(read, () =>
      isEncrypted
        ? new SshError('wrong-passphrase', 'the passphrase does not open the key file')
        : new SshError('bad-key', 'this is not a private key in a known format'),
    ),
  );
}

function attempt<T>(read: () => T, explain: () => SshError): T {
  try {
    return read();
  } catch {
    throw explain();
  }
}

function readPublicPem(text: string): PublicKey {
  // sshpk would read a private key here too and give its public half; whoever did that put the wrong file somewhere.
  if (text.includes('PRIVATE')) throw new SshError('bad-key', 'this is a private key, not a public one');
  const blob = attempt(
    () => sshpk.parseKey(text, 'pem').toBuffer('rfc4253'),
    () => new SshError('bad-key', 'this is not a public key in a known format'),
  );
  return decodePublicKey(Uint8Array.from(blob));
}
