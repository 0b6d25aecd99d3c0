/** Makes the authority from its directory: settings, keys, store. The only place that knows which adapters there are. */
import { randomBytes, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Authority } from './authority/authority.ts';
import { claimCaKeys } from './authority/key-roles.ts';
import type { CaSigner, Clock, Keyring, Random, Store } from './authority/ports.ts';
import type { Purpose } from './authority/purpose.ts';
import { PURPOSES } from './authority/purpose.ts';
import { RevocationLists } from './authority/revocation-lists.ts';
import { RosterInForce } from './authority/roster-in-force.ts';
import { CommandError, systemCode } from './command-error.ts';
import type { Config, KeySignerConfig, SignerConfigs } from './config.ts';
import { parseConfig } from './config.ts';
import { fileReason } from './file-reason.ts';
import { signCheckpoint } from './log/checkpoint.ts';
import type { NoteSigner } from './log/note-key.ts';
import { formatVerifierKey, logName } from './log/note-key.ts';
import { readPassphrase } from './passphrase.ts';
import { agentSigner } from './signer/agent.ts';
import { fileSigner } from './signer/file.ts';
import type { ConfiguredSigners } from './signer/keyring.ts';
import { FileKeyring } from './signer/keyring.ts';
import { SshError } from './ssh/error.ts';
import { readPrivateKeyFile, readPublicKeyFile } from './ssh/key-file.ts';
import type { PrivateKey } from './ssh/private-key.ts';
import { ed25519FromSeed } from './ssh/private-key.ts';
import type { PublicKey } from './ssh/public-key.ts';
import type { SignCheckpoint } from './store/log-sealer.ts';
import { openSqliteStore } from './store/sqlite.ts';

export const systemClock: Clock = { now: () => Math.floor(Date.now() / 1000) };
export const systemRandom: Random = { bytes: (length) => new Uint8Array(randomBytes(length)) };

/** The names of what `usherd init` makes in the authority's directory. */
export const FILES = {
  config: 'usherd.yaml',
  roster: 'roster.yaml',
  store: 'usher.db',
  keys: 'keys',
  logKey: 'keys/log',
  bundleKey: 'keys/bundle',
  decoySecret: 'keys/decoy',
  caKey: (purpose: Purpose) => `keys/${purpose}`,
} as const;

/** @throws CommandError when there is no authority in the directory. */
export async function readConfig(directory: string): Promise<Config> {
  const text = await readFile(join(directory, FILES.config), 'utf8').catch((cause: unknown) => {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCode(cause) ?? '')) throw cause;
    const hint = `name the directory that "usherd init" made, or make one: usherd init --dir ${directory} --origin https://…`;
    throw new CommandError(`there is no authority in ${directory}`, { cause, hint });
  });
  return parseConfig(text, directory);
}

/** What somebody puts around the ports, to measure or to break them; each is as it is when absent. */
export interface PortChanges {
  readonly clock?: Clock;
  readonly store?: (store: Store) => Store;
  readonly signer?: (signer: CaSigner) => CaSigner;
  readonly signCheckpoint?: (sign: SignCheckpoint) => SignCheckpoint;
}

/**
 * Opens the authority. The caller closes its store.
 * @throws when a key, the store or the settings can not be used; nothing is then left open.
 */
export async function openAuthority(config: Config, changes: PortChanges = {}): Promise<Authority> {
  const keyring = await openKeyring(config, changes.signer);
  const bundleKey = await readKey(join(config.directory, FILES.bundleKey), 'bundle');
  const logSigner = noteSigner(config.origin, await readKey(join(config.directory, FILES.logKey), 'log'));
  const decoySecret = new Uint8Array(await readFile(join(config.directory, FILES.decoySecret)));
  const offlineKeys = await Promise.all(
    config.breakGlassPaths.map((path) => readPublicKey(path, 'break-glass')),
  );
  const sudoSigner = config.signers.sudo === 'touch' ? 'touch' : 'authority';
  const authorityKeys = [...configuredKeys(keyring), ...offlineKeys, bundleKey.publicKey];
  const store = await openStore(config, logSigner, changes);
  const authority: Authority = {
    origin: config.origin,
    rpId: config.rpId,
    store,
    revocationLists: new RevocationLists({ now: () => performance.now(), pause }),
    rosters: new RosterInForce({ authorityKeys, sudoSigner }),
    keyring,
    sudoSigner,
    offlineKeys,
    bundleKey,
    throwaway: ed25519FromSeed(systemRandom.bytes(32)),
    logVerifierKey: formatVerifierKey(logSigner),
    decoySecret,
    clock: changes.clock ?? systemClock,
    random: systemRandom,
    bounds: {
      pool: { total: config.limits.pendingTotal, perAddress: config.limits.pendingPerAddress },
      perPersonHourly: config.limits.perPersonHourly,
      waitingPerPerson: config.limits.waitingPerPerson,
    },
  };
  return claimed(authority);
}

async function openStore(config: Config, logSigner: NoteSigner, changes: PortChanges): Promise<Store> {
  const sign: SignCheckpoint = (size, root) => signCheckpoint({ size, root }, logSigner);
  const store = await openSqliteStore({
    path: join(config.directory, FILES.store),
    signCheckpoint: changes.signCheckpoint?.(sign) ?? sign,
  });
  return changes.store?.(store) ?? store;
}

/** The raw Ed25519 key of the log as signer of checkpoints. */
export function noteSigner(origin: string, key: PrivateKey): NoteSigner {
  if (key.publicKey.type !== 'ssh-ed25519')
    throw new SshError('bad-key', 'the key of the log is an Ed25519 key');
  return {
    name: logName(origin),
    publicKey: key.publicKey.point,
    sign: (message) => new Uint8Array(sign(null, message, key.object)),
  };
}

async function claimed(authority: Authority): Promise<Authority> {
  try {
    await claimCaKeys(authority);
    return authority;
  } catch (error) {
    await authority.store.close();
    throw error;
  }
}

async function openKeyring(
  { directory, signers }: Config,
  change: (signer: CaSigner) => CaSigner = (signer) => signer,
): Promise<FileKeyring> {
  const open = (purpose: Purpose) => openSigners(purpose, signers[purpose], change);
  const configured = {
    login: await open('login'),
    sudo: await open('sudo'),
    builder: await open('builder'),
    host: await open('host'),
  };
  return new FileKeyring({ directory: join(directory, FILES.keys), configured, random: systemRandom });
}

/** Those that could be somebody's security key; one that was made here is none. */
function configuredKeys(keyring: Keyring): readonly PublicKey[] {
  return PURPOSES.flatMap((purpose) => keyring.configured(purpose)).map(({ publicKey }) => publicKey);
}

async function openSigners(
  purpose: Purpose,
  configs: SignerConfigs[Purpose],
  change: (signer: CaSigner) => CaSigner,
): Promise<ConfiguredSigners> {
  if (configs === 'touch') return { signers: [], arePlainFiles: false };
  const opened: OpenedSigner[] = [];
  // One after the other: each may ask for a passphrase.
  for (const config of configs) opened.push(await openSigner(purpose, config));
  return {
    signers: opened.map(({ signer }) => change(signer)),
    arePlainFiles: opened.every(({ isPlainFile }) => isPlainFile),
  };
}

interface OpenedSigner {
  readonly signer: CaSigner;
  readonly isPlainFile: boolean;
}

async function openSigner(purpose: Purpose, config: KeySignerConfig): Promise<OpenedSigner> {
  if (config.kind === 'agent') {
    const publicKey = await readPublicKey(config.publicKeyPath, purpose);
    return { signer: agentSigner(config.socket, publicKey), isPlainFile: false };
  }
  const { key, hadPassphrase } = await openKey(config.path, purpose, config.passphraseFile);
  return { signer: fileSigner(key), isPlainFile: !hadPassphrase };
}

function readPublicKey(path: string, name: string): Promise<PublicKey> {
  return namingKey(name, path, async () => readPublicKeyFile(await readFile(path, 'utf8')).key);
}

/** @throws CommandError that names the key and its file, when it can not be read or its passphrase is not given. */
export async function readKey(path: string, name: string, passphraseFile?: string): Promise<PrivateKey> {
  return (await openKey(path, name, passphraseFile)).key;
}

interface OpenedKey {
  readonly key: PrivateKey;
  readonly hadPassphrase: boolean;
}

function openKey(path: string, name: string, passphraseFile?: string): Promise<OpenedKey> {
  return namingKey(name, path, async () => {
    const text = await readFile(path, 'utf8');
    if (isPublicKeyText(text))
      throw new CommandError('it is a public key', { hint: 'name the file of the private key' });
    try {
      return { key: readPrivateKeyFile(text), hadPassphrase: false };
    } catch (error) {
      if (!(error instanceof SshError && error.code === 'needs-passphrase')) throw error;
      const key = readPrivateKeyFile(text, await readPassphrase(name, passphraseFile));
      return { key, hadPassphrase: true };
    }
  });
}

/** An authority has seven key files: what is wrong with one is of use only with its name. */
async function namingKey<T>(name: string, path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const hasWords = systemCode(cause) === undefined && cause instanceof Error;
    const reason = hasWords ? cause.message : fileReason(cause);
    const hint = cause instanceof CommandError ? cause.hint : undefined;
    throw new CommandError(`the key "${name}" in ${path} can not be used: ${reason}`, {
      cause,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function isPublicKeyText(text: string): boolean {
  try {
    return readPublicKeyFile(text) !== undefined;
  } catch {
    return false;
  }
}
