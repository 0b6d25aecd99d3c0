/** CA keys of a real authority in its directory, across starts with other settings. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authority } from '../../src/authority/authority.ts';
import type { CaAct } from '../../src/authority/ca-acts.ts';
import { carryOutCaAct } from '../../src/authority/ca-acts.ts';
import { activeSigner } from '../../src/authority/ca-keys.ts';
import { init } from '../../src/commands/init.ts';
import { openAuthority, readConfig, systemRandom } from '../../src/compose.ts';
import { writeOpensshPrivateKey } from '../../src/ssh/openssh-key.ts';
import type { PrivateKey } from '../../src/ssh/private-key.ts';
import { ed25519FromSeed } from '../../src/ssh/private-key.ts';
import { fingerprint, formatPublicKeyLine, parsePublicKeyLine } from '../../src/ssh/public-key.ts';

const STAGE: CaAct = { kind: 'stage-ca', purpose: 'login', key: '' };

let place = '';
let dir = '';
let settings = '';
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'usher-ca-keys-'));
  dir = join(place, 'ca');
  await init({ dir, origin: 'https://ca.example.org', listen: '127.0.0.1:8022' });
  settings = await readFile(join(dir, 'usherd.yaml'), 'utf8');
});
afterEach(() => rm(place, { recursive: true }));

/** Opens the authority with this as its signers for logins. */
async function started<T>(signers: string, work: (authority: Authority) => Promise<T>): Promise<T> {
  await writeFile(
    join(dir, 'usherd.yaml'),
    settings.replace('login: { file: keys/login }', `login: ${signers}`),
  );
  const authority = await openAuthority(await readConfig(dir));
  try {
    return await work(authority);
  } finally {
    await authority.store.close();
  }
}

/** @returns the fingerprint of the key */
async function perform(authority: Authority, act: CaAct): Promise<string> {
  const now = authority.clock.now();
  const { key } = await authority.store.write((tx) => carryOutCaAct(authority, tx, act, now));
  return fingerprint(parsePublicKeyLine(key).key);
}

function signing(authority: Authority): Promise<string> {
  return authority.store.read(async (tx) =>
    fingerprint((await activeSigner(authority, tx, 'login')).publicKey),
  );
}

async function makeKeyFile(name: string, text: (key: PrivateKey) => string): Promise<string> {
  const key = ed25519FromSeed(systemRandom.bytes(32));
  await writeFile(join(dir, 'keys', name), text(key), { mode: 0o600 });
  await writeFile(join(dir, 'keys', `${name}.pub`), `${formatPublicKeyLine(key.publicKey)}\n`);
  return fingerprint(key.publicKey);
}

function plain(key: PrivateKey): string {
  return writeOpensshPrivateKey(key, 'next', 7);
}

function encrypted({ object }: PrivateKey): string {
  const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
  return String(object.export(options));
}

describe('a key of its own', () => {
  it('signs at the next start, too, whatever the settings name first', async () => {
    const key = await started('{ file: keys/login }', async (authority) => {
      const staged = await perform(authority, STAGE);
      return perform(authority, { kind: 'activate-ca', purpose: 'login', key: staged, evenWithout: [] });
    });
    expect(await started('{ file: keys/login }', signing)).toBe(key);
    const made = (await readdir(join(dir, 'keys'))).find((name) => /^login-[0-9a-f]{8}$/.test(name)) ?? '';
    expect(await started(`{ file: keys/${made} }`, signing)).toBe(key);
    expect(await started(`[{ file: keys/login }, { file: keys/${made} }]`, signing)).toBe(key);
  });

  it.for([
    ['with a passphrase', '{ file: keys/next, passphrase_file: secret }'],
    ['in an agent', '{ agent: agent.sock, public_key: keys/next.pub }'],
    ['of which one has a passphrase', '[{ file: keys/login }, { file: keys/next, passphrase_file: secret }]'],
  ] as const)('is not made beside keys %s: it is told what to do instead', async ([, signers]) => {
    await makeKeyFile('next', encrypted);
    await writeFile(join(dir, 'secret'), 'secret\n', { mode: 0o600 });
    await rm(join(dir, 'usher.db'));
    const before = await readdir(join(dir, 'keys'));
    const refusal = started(signers, (authority) => perform(authority, STAGE));
    await expect(refusal).rejects.toMatchObject({
      code: 'wrong-ca-state',
      message: expect.stringMatching(
        /make a key, add it to signers.login in usherd.yaml, restart usherd, then/,
      ),
    });
    expect(await readdir(join(dir, 'keys'))).toEqual(before);
  });
});

describe('a key that its keeper made', () => {
  it('is staged by its fingerprint after a restart, and signs', async () => {
    const key = await makeKeyFile('next', plain);
    const both = '[{ file: keys/login }, { file: keys/next }]';
    await started(both, async (authority) => {
      expect(await signing(authority)).not.toBe(key);
      await perform(authority, { ...STAGE, key });
      await perform(authority, { kind: 'activate-ca', purpose: 'login', key, evenWithout: [] });
      expect(await signing(authority)).toBe(key);
    });
    expect(await started('{ file: keys/next }', signing)).toBe(key);
  });

  it('and lost is said at the start that lacks it', async () => {
    const key = await makeKeyFile('next', plain);
    const both = '[{ file: keys/login }, { file: keys/next }]';
    await started(both, (authority) => perform(authority, { ...STAGE, key }));
    await expect(started('{ file: keys/login }', signing)).rejects.toThrow(
      `the CA key ${key} for login is coming, but no signer has it: name it in usherd.yaml, signers.login`,
    );
  });

  it('and lost can still be replaced: the public half is enough to start', async () => {
    const key = await started('{ file: keys/login }', signing);
    await rm(join(dir, 'keys/login'));
    const next = await makeKeyFile('next', plain);
    const signers = '[{ agent: gone.sock, public_key: keys/login.pub }, { file: keys/next }]';
    await started(signers, async (authority) => {
      await perform(authority, { kind: 'revoke-ca', purpose: 'login', key, reason: 'the disk is broken' });
      await perform(authority, { ...STAGE, key: next });
      await perform(authority, { kind: 'activate-ca', purpose: 'login', key: next, evenWithout: [] });
    });
    expect(await started('{ file: keys/next }', signing)).toBe(next);
  });
});
