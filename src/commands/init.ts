/** `usherd init`: a new authority in a directory of its own, complete or not at all. */
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { loadRoster } from '../authority/load-roster.ts';
import { PURPOSES } from '../authority/purpose.ts';
import { FILES, openAuthority, systemRandom } from '../compose.ts';
import { parseConfig } from '../config.ts';
import { sampleRoster } from '../policy/sample.ts';
import { writeOpensshPrivateKey } from '../ssh/openssh-key.ts';
import { ed25519FromSeed } from '../ssh/private-key.ts';
import { fingerprint, formatPublicKeyLine } from '../ssh/public-key.ts';

export interface InitOptions {
  readonly dir: string;
  readonly origin: string;
  readonly listen: string;
}

/** @returns what to tell the keeper. @throws when the directory exists: an authority is never made over another. */
export async function init({ dir, origin, listen }: InitOptions): Promise<string> {
  const target = resolve(dir);
  if (existsSync(target)) throw new Error(`${dir} exists already: name a directory that does not`);
  const text = configText(origin, listen);
  parseConfig(text, target);
  await mkdir(dirname(target), { recursive: true });
  const draft = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
  try {
    const bundleFingerprint = await fill(draft, text);
    await rename(draft, target);
    return summary(dir, bundleFingerprint);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

async function fill(directory: string, config: string): Promise<string> {
  await mkdir(join(directory, 'keys'), { mode: 0o700 });
  await writeFile(join(directory, FILES.config), config, { mode: 0o600 });
  await writeFile(join(directory, FILES.roster), sampleRoster(), { mode: 0o600 });
  for (const purpose of PURPOSES) await makeKey(directory, FILES.caKey(purpose), `usher ${purpose} CA`);
  await makeKey(directory, FILES.bundleKey, 'usher bundle key');
  await makeKey(directory, FILES.logKey, 'usher log key');
  await writeFile(join(directory, FILES.decoySecret), randomBytes(32), { mode: 0o600 });
  return begin(directory, config);
}

async function makeKey(directory: string, path: string, comment: string): Promise<void> {
  const key = ed25519FromSeed(systemRandom.bytes(32));
  const file = join(directory, path);
  const text = writeOpensshPrivateKey(key, comment, randomInt(2 ** 32));
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  await writeFile(`${file}.pub`, `${formatPublicKeyLine(key.publicKey, comment)}\n`, { mode: 0o644 });
  await chmod(`${file}.pub`, 0o644);
}

/** The first leaves: which keys this authority has, when it is opened with them, and its roster. */
async function begin(directory: string, config: string): Promise<string> {
  const authority = await openAuthority(parseConfig(config, directory));
  try {
    await loadRoster(authority, sampleRoster());
    return fingerprint(authority.bundleKey.publicKey);
  } finally {
    await authority.store.close();
  }
}

function configText(origin: string, listen: string): string {
  const signers = PURPOSES.map((purpose) => `  ${purpose}: { file: ${FILES.caKey(purpose)} }`).join('\n');
  return `# The settings of usherd; docs/operating.md explains each. Relative paths are meant from this file's directory.
# The address that people's browsers and commands use. Credentials belong to it: it can not be changed later.
origin: ${origin}
# Where usherd listens. Put a TLS proxy in front, or name a certificate below.
listen: ${listen}
# tls: { certificate: tls/fullchain.pem, key: tls/key.pem }
# Proxies whose X-Forwarded-For is believed.
# trusted_proxies: [127.0.0.1]
# Who signs for each purpose: a key file (passphrase_file, or the systemd credential <purpose>-passphrase), or an
# ssh-agent that holds the key (smart card, HSM): { agent: /run/usher/agent.sock, public_key: keys/login.pub }. A list of
# them is what a key can be replaced with (usher ca rotate): the first one signs until then.
signers:
${signers}
# Public halves of CA keys that are kept away from here, for emergencies.
# break_glass: [keys/break-glass.pub]
`;
}

function summary(dir: string, bundleFingerprint: string): string {
  return [
    `made ${dir}`,
    `  ${FILES.config}  the settings`,
    `  ${FILES.roster}  who may have what: edit it, then usherd roster load --dir ${dir}`,
    `  keys/         CA keys (one a purpose), log key, bundle key`,
    `bundle key ${bundleFingerprint}`,
    `next: usherd serve --dir ${dir}`,
  ].join('\n');
}
