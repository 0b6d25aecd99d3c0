/** What `usher revoke` is told to revoke: exactly one thing. */
import { readFile } from 'node:fs/promises';
import { fileReason } from '../../src/file-reason.ts';
import type { RevocationTarget } from '../../src/ssh/act.ts';
import { parseCertificateLine } from '../../src/ssh/certificate-line.ts';
import { SshError } from '../../src/ssh/error.ts';
import { isOpensshKeyFile, readOpensshHeader } from '../../src/ssh/openssh-key.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { fingerprint, parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { UsherCommandError } from '../error.ts';

export interface TargetOptions {
  readonly person?: string;
  /** A file. */
  readonly key?: string;
  readonly machine?: string;
  readonly credential?: string;
}

const MAX_FILE_CHARACTERS = 262_144;
const CERTIFICATE = '-cert-v01@openssh.com';

/** @throws UsherCommandError `usage`, `key-file` */
export async function targetOf(
  serial: string | undefined,
  { person, key, machine, credential }: TargetOptions,
): Promise<RevocationTarget> {
  const given = [
    ...named('serial', serial),
    ...named('person', person),
    ...named('key', key),
    ...named('machine', machine),
    ...named('credential', credential),
  ];
  const [target, ...others] = given;
  if (target === undefined || others.length > 0)
    throw new UsherCommandError('usage', 'say what to revoke: one thing', {
      hint: 'a serial, or one of --person, --key, --machine and --credential',
    });
  return target.kind === 'key' ? { kind: 'key', name: await fingerprintIn(target.name) } : target;
}

function named(kind: RevocationTarget['kind'], name: string | undefined): readonly RevocationTarget[] {
  return name === undefined ? [] : [{ kind, name }];
}

/** Of the key in a file: a public key, a private one, or a certificate for it. */
export async function fingerprintIn(file: string): Promise<string> {
  const text = await readKeyText(file);
  try {
    return fingerprint(await readKey(text));
  } catch (cause) {
    if (!(cause instanceof SshError)) throw cause;
    throw new UsherCommandError('key-file', `${file}: ${cause.message}`, {
      cause,
      hint: 'name the file of a public key, a private key or a certificate',
    });
  }
}

/** Of a private key in OpenSSH's format the public half is readable without the passphrase. */
async function readKey(text: string): Promise<PublicKey> {
  if (isOpensshKeyFile(text)) return readOpensshHeader(text).publicKey;
  if (text.includes(CERTIFICATE)) return parseCertificateLine(text.trim()).certificate.fields.subject;
  if (!text.startsWith('-----BEGIN ')) return parsePublicKeyLine(text.trim()).key;
  // Its parsers take a while to load, and only this needs them.
  const { readPrivateKeyFile } = await import('../../src/ssh/key-file.ts');
  return readPrivateKeyFile(text).publicKey;
}

async function readKeyText(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length <= MAX_FILE_CHARACTERS) return text;
  } catch (cause) {
    throw new UsherCommandError('key-file', `${file} can not be read: ${fileReason(cause)}`, { cause });
  }
  throw new UsherCommandError('key-file', `${file} is too long for a key file`);
}
