/** The key that a certificate is for: a fresh one that only ever lives in memory and agent, or one that the person has. */
import { readFile } from 'node:fs/promises';
import { AgentError } from '../../src/agent/error.ts';
import { withPrivateAgent } from '../../src/agent/private-agent.ts';
import { fileReason } from '../../src/file-reason.ts';
import { SshError } from '../../src/ssh/error.ts';
import { isOpensshKeyFile, readOpensshHeader, readSecurityKeyFile } from '../../src/ssh/openssh-key.ts';
import type { PrivateKey, SecurityKeyFile } from '../../src/ssh/private-key.ts';
import { ed25519FromSeed } from '../../src/ssh/private-key.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey, isSecurityKey } from '../../src/ssh/public-key.ts';
import { encodeSshsig, signSshsig, sshsigPreimage } from '../../src/ssh/sshsig.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { askSecret, say, whileWaiting } from '../terminal.ts';

export interface Subject {
  readonly publicKey: PublicKey;
  /** The SSHSIG blob over `message`: shows that the caller holds the key. */
  readonly sign: (namespace: string, message: Uint8Array) => Promise<Uint8Array>;
  /** What an agent gets: the key itself, or the handle of a security key. */
  readonly agentKey: PrivateKey | SecurityKeyFile;
  /** Only of an existing key. */
  readonly file?: string;
}

const MAX_KEY_FILE_CHARACTERS = 32_768;

export function freshSubject(randomBytes: (length: number) => Uint8Array): Subject {
  return plainSubject(ed25519FromSeed(randomBytes(32)));
}

/** @throws UsherCommandError `key-file` */
export async function fileSubject(
  surroundings: Surroundings,
  file: string,
  provider: string | undefined,
): Promise<Subject> {
  const text = await readKeyText(file);
  if (isSecurityKeyText(text))
    return { ...securityKeySubject(surroundings, parseSecurityKey(file, text), provider), file };
  return { ...plainSubject(await openPlainKey(surroundings, file, text)), file };
}

/** Reads the file of an `sk` key. @throws UsherCommandError `key-file` */
export async function loadSecurityKey(file: string): Promise<SecurityKeyFile> {
  return parseSecurityKey(file, await readKeyText(file));
}

/** Signs with the authenticator, through an agent that lives for this one touch and that nobody else can reach. */
export async function signWithSecurityKey(
  surroundings: Surroundings,
  key: SecurityKeyFile,
  data: Uint8Array,
  provider: string | undefined,
): Promise<Uint8Array> {
  const given = provider === undefined ? {} : { securityKeyProvider: provider };
  const signing = withPrivateAgent(async (agent) => {
    await agent.add({ key, comment: 'usher' }, given);
    return agent.sign(encodePublicKey(key.publicKey), data, 0);
  }, given);
  try {
    return await whileWaiting(surroundings, 'touch your security key', signing);
  } catch (cause) {
    if (!(cause instanceof AgentError)) throw cause;
    throw new UsherCommandError('touch-failed', `the security key did not sign: ${cause.message}`, {
      cause,
      hint: 'is the right key plugged in, and did you touch it?',
    });
  }
}

function plainSubject(privateKey: PrivateKey): Subject {
  return {
    publicKey: privateKey.publicKey,
    agentKey: privateKey,
    sign: async (namespace, message) => signSshsig(privateKey, namespace, message),
  };
}

function securityKeySubject(
  surroundings: Surroundings,
  key: SecurityKeyFile,
  provider: string | undefined,
): Subject {
  return {
    publicKey: key.publicKey,
    agentKey: key,
    sign: async (namespace, message) => {
      say(surroundings, 'touch the key that is to be certified, to show that you hold it');
      const preimage = sshsigPreimage(namespace, message);
      const signature = await signWithSecurityKey(surroundings, key, preimage, provider);
      return encodeSshsig(key.publicKey, namespace, signature);
    },
  };
}

async function openPlainKey(surroundings: Surroundings, file: string, text: string): Promise<PrivateKey> {
  // Its parsers take a while to load, and only this needs them.
  const { readPrivateKeyFile } = await import('../../src/ssh/key-file.ts');
  try {
    return readPrivateKeyFile(text);
  } catch (cause) {
    if (!(cause instanceof SshError) || cause.code !== 'needs-passphrase') throw keyFileError(file, cause);
  }
  const passphrase = await askSecret(surroundings, `passphrase of ${file}`);
  try {
    return readPrivateKeyFile(text, passphrase);
  } catch (cause) {
    throw keyFileError(file, cause);
  }
}

function parseSecurityKey(file: string, text: string): SecurityKeyFile {
  try {
    return readSecurityKeyFile(text);
  } catch (cause) {
    if (cause instanceof SshError && cause.code === 'needs-passphrase')
      throw new UsherCommandError('key-file', `${file} is encrypted`, {
        cause,
        hint: `a security key's file is useless without the key itself: take the passphrase off with ssh-keygen -p -f ${file}`,
      });
    if (cause instanceof SshError && isPlainKeyText(text))
      throw new UsherCommandError('key-file', `${file} is not the file of a security key`, {
        cause,
        hint: 'name the file that ssh-keygen -t ed25519-sk made',
      });
    throw keyFileError(file, cause);
  }
}

async function readKeyText(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length <= MAX_KEY_FILE_CHARACTERS) return text;
  } catch (cause) {
    throw new UsherCommandError('key-file', `${file} can not be read: ${fileReason(cause)}`, {
      cause,
      hint: 'name the file of a private key, as ssh-keygen made it',
    });
  }
  throw new UsherCommandError('key-file', `${file} is too long for a key file`);
}

function isPlainKeyText(text: string): boolean {
  return text.startsWith('-----BEGIN ') && !isSecurityKeyText(text);
}

function isSecurityKeyText(text: string): boolean {
  try {
    return isOpensshKeyFile(text) && isSecurityKey(readOpensshHeader(text).publicKey);
  } catch {
    return false;
  }
}

function keyFileError(file: string, cause: unknown): UsherCommandError {
  if (!(cause instanceof SshError)) throw cause;
  return new UsherCommandError('key-file', `${file}: ${cause.message}`, {
    cause,
    ...(cause.code === 'wrong-passphrase'
      ? {}
      : { hint: 'name the file of the private key, not of the public key' }),
  });
}
