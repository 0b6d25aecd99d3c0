import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CaSigner } from '../../src/authority/ports.ts';
import { systemRandom } from '../../src/compose.ts';
import { fileSigner } from '../../src/signer/file.ts';
import type { ConfiguredSigners } from '../../src/signer/keyring.ts';
import { FileKeyring } from '../../src/signer/keyring.ts';
import { readPrivateKeyFile } from '../../src/ssh/key-file.ts';
import { ed25519FromSeed } from '../../src/ssh/private-key.ts';
import { parsePublicKeyLine, samePublicKey } from '../../src/ssh/public-key.ts';
import { verifySignature } from '../../src/ssh/signature.ts';

const MESSAGE = Uint8Array.of(1, 2, 3);

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'usher-keyring-'));
});
afterEach(() => rm(directory, { recursive: true }));

function signer(): CaSigner {
  return fileSigner(ed25519FromSeed(systemRandom.bytes(32)));
}

function keyringOf(login: Partial<ConfiguredSigners> = {}, place = directory): FileKeyring {
  const none = { signers: [], arePlainFiles: false };
  const configured = {
    ...{ sudo: none, builder: none, host: none },
    login: { signers: [signer()], arePlainFiles: true, ...login },
  };
  return new FileKeyring({ directory: place, configured, random: systemRandom });
}

async function made(keyring: FileKeyring): Promise<CaSigner> {
  return (await keyring.make('login')) ?? expect.fail('it makes none');
}

describe('a keyring', () => {
  it('makes no key where the settings keep them elsewhere than in plain files', async () => {
    expect(await keyringOf({ arePlainFiles: false }).make('login')).toBeUndefined();
    expect(await readdir(directory)).toEqual([]);
  });

  it('makes no key in a directory where it may not', async () => {
    // Where not even root makes files.
    expect(await keyringOf({}, '/sys').make('login')).toBeUndefined();
  });

  it('makes a key in a file of its own, for its owner alone', async () => {
    const { publicKey } = await made(keyringOf());
    const [name = '', pub = '', ...others] = (await readdir(directory)).sort();
    expect(others).toEqual([]);
    expect(name).toMatch(/^login-[0-9a-f]{8}$/);
    expect(pub).toBe(`${name}.pub`);
    expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    const key = readPrivateKeyFile(await readFile(join(directory, name), 'utf8'));
    expect(samePublicKey(key.publicKey, publicKey)).toBe(true);
    const line = parsePublicKeyLine((await readFile(join(directory, pub), 'utf8')).trim());
    expect(samePublicKey(line.key, publicKey)).toBe(true);
  });

  it('signs with a key that another process made', async () => {
    const { publicKey } = await made(keyringOf());
    const other = await keyringOf().signer('login', publicKey);
    const signature = (await other?.sign(MESSAGE)) ?? new Uint8Array();
    expect(verifySignature(publicKey, signature, MESSAGE).valid).toBe(true);
  });

  it('has no signer for a key of another purpose, configured or made', async () => {
    const configured = signer();
    const keyring = keyringOf({ signers: [configured] });
    const { publicKey } = await made(keyring);
    for (const key of [configured.publicKey, publicKey]) {
      expect(await keyring.signer('login', key)).toBeDefined();
      expect(await keyring.signer('sudo', key)).toBeUndefined();
    }
    expect(await keyring.signer('login', signer().publicKey)).toBeUndefined();
  });

  it('names what it made, and takes no other file for a key', async () => {
    const keyring = keyringOf();
    const { publicKey } = await made(keyring);
    await writeFile(join(directory, 'login-00000000'), 'half a key');
    await writeFile(join(directory, 'door-00000000'), 'no purpose');
    const [key, ...others] = await keyring.made();
    expect(others).toEqual([]);
    expect(key).toMatchObject({ purpose: 'login', key: publicKey });
    expect(key?.file).toContain(join(directory, 'login-'));
  });

  it('does not take a file for a key that is in it by another name', async () => {
    const keyring = keyringOf();
    const { publicKey } = await made(keyring);
    const [first = ''] = (await readdir(directory)).filter((name) => !name.endsWith('.pub'));
    const second = await made(keyringOf());
    await writeFile(
      join(directory, first),
      await readFile(join(directory, nameOther(await readdir(directory), first))),
    );
    expect(await keyringOf().signer('login', publicKey)).toBeUndefined();
    expect(await keyringOf().signer('login', second.publicKey)).toBeDefined();
  });
});

function nameOther(names: readonly string[], name: string): string {
  return names.find((each) => each !== name && !each.endsWith('.pub')) ?? '';
}
