/**
 * The CA keys of the settings, and those that the authority made itself to replace them: files beside the first ones, named
 * by purpose and public key. A file that nothing came of signs nothing: which key signs stands in the store.
 */
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { hex } from '@scure/base';
import type { CaSigner, Keyring, MadeKey, Random } from '../authority/ports.ts';
import type { Purpose } from '../authority/purpose.ts';
import { PURPOSES, purposeOf } from '../authority/purpose.ts';
import { systemCode } from '../command-error.ts';
import { replaceFile } from '../durable-file.ts';
import { SshError } from '../ssh/error.ts';
import { readPrivateKeyFile } from '../ssh/key-file.ts';
import { writeOpensshPrivateKey } from '../ssh/openssh-key.ts';
import type { PrivateKey } from '../ssh/private-key.ts';
import { ed25519FromSeed } from '../ssh/private-key.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { encodePublicKey, formatPublicKeyLine, samePublicKey } from '../ssh/public-key.ts';
import { fileSigner } from './file.ts';

/** What the settings say of one purpose. */
export interface ConfiguredSigners {
  readonly signers: readonly CaSigner[];
  /** Whether every one is a file without a passphrase: only then is a new file kept as well as they are. */
  readonly arePlainFiles: boolean;
}

export interface KeyringOptions {
  /** Where new keys go. */
  readonly directory: string;
  readonly configured: Readonly<Record<Purpose, ConfiguredSigners>>;
  readonly random: Random;
}

const MADE_NAME = new RegExp(`^(${PURPOSES.join('|')})-[0-9a-f]{8}$`);
const SEED_BYTES = 32;
/** Of a directory that its keeper shut: keys come by the settings then. */
const SHUT = ['EACCES', 'EPERM', 'EROFS'];

export class FileKeyring implements Keyring {
  readonly #options: KeyringOptions;
  /** By file: those that signed since start. */
  readonly #read = new Map<string, PrivateKey>();

  constructor(options: KeyringOptions) {
    this.#options = options;
  }

  configured(purpose: Purpose): readonly CaSigner[] {
    return this.#options.configured[purpose].signers;
  }

  async signer(purpose: Purpose, key: PublicKey): Promise<CaSigner | undefined> {
    const configured = this.configured(purpose).find(({ publicKey }) => samePublicKey(publicKey, key));
    return configured ?? this.#madeSigner(purpose, key);
  }

  async make(purpose: Purpose): Promise<CaSigner | undefined> {
    if (!this.#options.configured[purpose].arePlainFiles) return undefined;
    const key = ed25519FromSeed(this.#options.random.bytes(SEED_BYTES));
    try {
      await writeKey(this.#fileOf(purpose, key.publicKey), key, `usher ${purpose} CA`);
    } catch (error) {
      if (SHUT.includes(systemCode(error) ?? '')) return undefined;
      throw error;
    }
    return fileSigner(key);
  }

  async made(): Promise<readonly MadeKey[]> {
    const { directory } = this.#options;
    const names = (await readdir(directory)).filter((name) => MADE_NAME.test(name)).toSorted();
    const keys = await Promise.all(names.map((name) => readMadeKey(join(directory, name))));
    return names.flatMap((name, index) => {
      const key = keys[index]?.publicKey;
      const purpose = purposeOf(name.slice(0, name.indexOf('-')));
      return key === undefined ? [] : [{ purpose, key, file: join(directory, name) }];
    });
  }

  /** Another process may have made it since the last look. */
  async #madeSigner(purpose: Purpose, key: PublicKey): Promise<CaSigner | undefined> {
    const file = this.#fileOf(purpose, key);
    const made = this.#read.get(file) ?? (await readMadeKey(file));
    if (made === undefined || !samePublicKey(made.publicKey, key)) return undefined;
    this.#read.set(file, made);
    return fileSigner(made);
  }

  #fileOf(purpose: Purpose, key: PublicKey): string {
    const mark = hex.encode(sha256(encodePublicKey(key)).subarray(0, 4));
    return join(this.#options.directory, `${purpose}-${mark}`);
  }
}

/** The private half comes last: a crash before it leaves no key. */
async function writeKey(file: string, key: PrivateKey, comment: string): Promise<void> {
  if (existsSync(file)) throw new TypeError(`${file} holds another key: the generator repeats itself`);
  const line = `${formatPublicKeyLine(key.publicKey, comment)}\n`;
  await replaceFile(`${file}.pub`, line, { mode: 0o644, exactly: true });
  const text = writeOpensshPrivateKey(key, comment, randomInt(2 ** 32));
  await replaceFile(file, text, { mode: 0o600 });
}

/** @returns undefined for a file that is not there, or that takes a passphrase by now: then the settings name it. */
async function readMadeKey(file: string): Promise<PrivateKey | undefined> {
  try {
    return readPrivateKeyFile(await readFile(file, 'utf8'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SshError) return undefined;
    throw error;
  }
}
