/** Where CA keys can be: in encrypted files, in an agent, in an HSM. Each issues a certificate that ssh-keygen shows. */
import { existsSync, realpathSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { base64, base64urlnopad } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { carryOutCaAct } from '../../../src/authority/ca-acts.ts';
import { openAuthority, readConfig } from '../../../src/compose.ts';
import { decodeCertificate } from '../../../src/ssh/certificate.ts';
import { readPublicKeyFile } from '../../../src/ssh/key-file.ts';
import { fingerprint } from '../../../src/ssh/public-key.ts';
import { haveParts, program } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';
import { SSH_AGENT_PARTS, startSshAgent } from '../../support/ssh-agent.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { Person, ROSTER } from './person.ts';

const USHERD = fileURLToPath(new URL('../../../bin/usherd', import.meta.url));
const SOFTHSM = '/usr/lib/softhsm/libsofthsm2.so';
const KEYGEN = { 'ssh-keygen': 'openssh-client' } as const;

/** Signs in, and shows the certificate with ssh-keygen. */
async function certificateBy(usherd: Usherd): Promise<string> {
  const person = await Person.enrol(usherd);
  const { status, body } = await person.touch(await person.ask());
  if (status !== 200) throw new Error(JSON.stringify(body));
  const blob = base64urlnopad.decode(body.certificates[0]?.certificate ?? '');
  const type = new TextDecoder().decode(blob.subarray(4, 4 + (blob[3] ?? 0)));
  expect(decodeCertificate(blob).fields.principals).toEqual(['alice@web1']);
  return runOrThrow(program('ssh-keygen'), ['-L', '-f', '-'], { input: `${type} ${base64.encode(blob)}\n` });
}

async function publicFingerprint(path: string): Promise<string> {
  return fingerprint(readPublicKeyFile(await readFile(path, 'utf8')).key);
}

async function encryptLoginKey(dir: string, passphrase: string): Promise<void> {
  await runOrThrow(program('ssh-keygen'), [
    '-p',
    '-q',
    '-P',
    '',
    '-N',
    passphrase,
    '-f',
    join(dir, 'keys/login'),
  ]);
}

/** Stops the service, changes its directory, and starts it again. */
async function restartAfter(usherd: Usherd, change: () => Promise<void>): Promise<void> {
  usherd.signal('SIGTERM');
  await usherd.ended();
  await change();
  await usherd.start();
}

/** What two acts of a person do, while the service is stopped. */
async function replaceLoginKey(dir: string, key: string): Promise<void> {
  const authority = await openAuthority(await readConfig(dir));
  const now = authority.clock.now();
  for (const act of [
    { kind: 'stage-ca', purpose: 'login', key },
    { kind: 'activate-ca', purpose: 'login', key, evenWithout: [] },
  ] as const)
    await authority.store.write((tx) => carryOutCaAct(authority, tx, act, now));
  await authority.store.close();
}

function setLoginSigner(dir: string, signer: string): Promise<void> {
  return changeFile(join(dir, 'usherd.yaml'), (text) =>
    text.replace(/^ {2}login: .*$/m, `  login: ${signer}`),
  );
}

async function changeFile(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')));
}

describe.runIf(haveParts(KEYGEN))('a CA key in an encrypted file', () => {
  it('is opened with the passphrase in passphrase_file', async () => {
    const prepare = async (dir: string) => {
      await encryptLoginKey(dir, 'correct horse');
      await writeFile(join(dir, 'passphrase'), 'correct horse\n', { mode: 0o600 });
      await setLoginSigner(dir, '{ file: keys/login, passphrase_file: passphrase }');
    };
    await using usherd = await startUsherd({ roster: ROSTER, prepare });
    const shown = await certificateBy(usherd);
    expect(shown).toContain(await publicFingerprint(join(usherd.dir, 'keys/login.pub')));
  });

  it('is opened with the passphrase that systemd hands over', async () => {
    const credentials = await mkdtemp(join(tmpdir(), 'usher-credentials-'));
    await writeFile(join(credentials, 'login-passphrase'), 'battery staple', { mode: 0o400 });
    const env = { CREDENTIALS_DIRECTORY: credentials };
    await using usherd = await startUsherd({ roster: ROSTER, env });
    const invited = await run(process.execPath, [USHERD, 'invite', 'alice', '--dir', usherd.dir]);
    expect(invited.code).toBe(0);
    const person = await Person.enrol(usherd);
    await restartAfter(usherd, () => encryptLoginKey(usherd.dir, 'battery staple'));
    const { status } = await person.touch(await person.ask());
    expect(status).toBe(200);
    await rm(credentials, { recursive: true });
  });

  it.for([
    ['without a passphrase', undefined, /has a passphrase.*passphrase_file/],
    ['with a wrong one', 'wrong', /passphrase|can not be (read|opened|decrypted)/i],
  ] as const)('is not opened %s, and nothing of it is said', async ([, given, reason]) => {
    await using usherd = await startUsherd({ roster: ROSTER });
    const { dir } = usherd;
    usherd.signal('SIGTERM');
    await usherd.ended();
    await encryptLoginKey(dir, 'right one');
    if (given !== undefined) {
      await writeFile(join(dir, 'passphrase'), given);
      await setLoginSigner(dir, '{ file: keys/login, passphrase_file: passphrase }');
    }
    const { code, stderr } = await usherd.command('serve');
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(reason) });
    expect(stderr).not.toMatch(/right one|wrong\b|\n.*\n/);
  });
});

describe.runIf(haveParts({ ...KEYGEN, ...SSH_AGENT_PARTS }))('a CA key in an agent', () => {
  it('signs, and its private half need not be on the disk of the authority', async () => {
    await using agent = await startSshAgent();
    const prepare = async (dir: string) => {
      const env = { SSH_AUTH_SOCK: agent.socketPath };
      await runOrThrow(program('ssh-add'), ['-q', join(dir, 'keys/login')], { env });
      await rm(join(dir, 'keys/login'));
      await setLoginSigner(dir, `{ agent: ${agent.socketPath}, public_key: keys/login.pub }`);
    };
    await using usherd = await startUsherd({ roster: ROSTER, prepare });
    const key = await publicFingerprint(join(usherd.dir, 'keys/login.pub'));
    expect(await certificateBy(usherd)).toContain(key);
  });

  it('that is gone makes the service unready and refuses touches; when it is back, the touch counts', async () => {
    await using agent = await startSshAgent();
    const signer = `{ agent: ${agent.socketPath}, public_key: keys/login.pub }`;
    const prepare = (directory: string) => setLoginSigner(directory, signer);
    await using usherd = await startUsherd({ roster: ROSTER, prepare });
    const { dir } = usherd;
    const env = { SSH_AUTH_SOCK: agent.socketPath };
    const person = await Person.enrol(usherd);
    const ready = await fetch(`${usherd.origin}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      checks: expect.arrayContaining([{ name: 'ca-login', ok: false }]),
    });
    const asked = await person.ask();
    expect(await person.touch(asked)).toMatchObject({ status: 503, body: { code: 'signing-failed' } });
    await runOrThrow(program('ssh-add'), ['-q', join(dir, 'keys/login')], { env });
    expect((await person.result(asked)).body).toEqual({ state: 'signing' });
    expect((await person.touch(await person.ask())).status).toBe(200);
  });
});

const PKCS11 = {
  ...KEYGEN,
  ...SSH_AGENT_PARTS,
  [SOFTHSM]: 'softhsm2',
  'softhsm2-util': 'softhsm2',
  openssl: 'openssl',
};

/** A token with one P-256 key, and an agent that holds it. */
async function withToken(work: (socket: string, publicKey: string) => Promise<void>): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), 'usher-hsm-'));
  const env = { SOFTHSM2_CONF: join(place, 'softhsm2.conf') };
  await mkdir(join(place, 'tokens'));
  await writeFile(env.SOFTHSM2_CONF, `directories.tokendir = ${join(place, 'tokens')}\nlog.level = ERROR\n`);
  const util = (...args: string[]) => runOrThrow(program('softhsm2-util'), args, { env });
  await util('--init-token', '--free', '--label', 'usher', '--pin', '123456', '--so-pin', '123456');
  const pem = await runOrThrow(program('openssl'), [
    'genpkey',
    '-algorithm',
    'EC',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
  ]);
  await writeFile(join(place, 'key.pem'), pem, { mode: 0o600 });
  await util(
    '--import',
    join(place, 'key.pem'),
    '--token',
    'usher',
    '--label',
    'login',
    '--id',
    'a1',
    '--pin',
    '123456',
  );
  await rm(join(place, 'key.pem'));
  const askpass = join(place, 'askpass');
  await writeFile(askpass, '#!/bin/sh\necho 123456\n');
  await chmod(askpass, 0o700);
  // The agent compares what the path leads to.
  const agent = await startSshAgent({ env, args: ['-P', realpathSync(SOFTHSM)] });
  try {
    const asking = {
      ...env,
      SSH_AUTH_SOCK: agent.socketPath,
      SSH_ASKPASS: askpass,
      SSH_ASKPASS_REQUIRE: 'force',
    };
    await runOrThrow(program('ssh-add'), ['-q', '-s', SOFTHSM], { env: asking });
    const listed = await runOrThrow(program('ssh-add'), ['-L'], { env: asking });
    await work(agent.socketPath, listed);
  } finally {
    await agent.stop();
    await rm(place, { recursive: true });
  }
}

describe.runIf(haveParts(PKCS11))('a CA key in a PKCS#11 token', () => {
  it('signs through ssh-agent, and never leaves the token', async () => {
    await withToken(async (socket, publicKey) => {
      await using usherd = await startUsherd({ roster: ROSTER });
      const { dir } = usherd;
      const token = `{ agent: ${socket}, public_key: keys/token.pub }`;
      await restartAfter(usherd, async () => {
        await writeFile(join(dir, 'keys/token.pub'), publicKey);
        await setLoginSigner(dir, `[{ file: keys/login }, ${token}]`);
        await replaceLoginKey(dir, await publicFingerprint(join(dir, 'keys/token.pub')));
        await rm(join(dir, 'keys/login'));
        await setLoginSigner(dir, token);
      });
      expect(publicKey).toMatch(/^ecdsa-sha2-nistp256 /);
      expect(await certificateBy(usherd)).toContain(await publicFingerprint(join(dir, 'keys/token.pub')));
      expect((await fetch(`${usherd.origin}/readyz`)).status).toBe(200);
    });
  });
});

describe('usherd init', () => {
  const init = (dir: string, origin = 'https://ca.example.org', ...args: string[]) =>
    run(USHERD, ['init', '--dir', dir, '--origin', origin, ...args]);

  it('refuses a directory that exists, and leaves it as it is', async () => {
    const place = await mkdtemp(join(tmpdir(), 'usher-init-'));
    await writeFile(join(place, 'mine'), 'mine');
    const { code, stderr } = await init(place);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('exists already') });
    expect(await readdir(place)).toEqual(['mine']);
    await rm(place, { recursive: true });
  });

  it.for([
    ['https://ca.example.org/', 'a slash at the end'],
    ['http://ca.example.org', 'no TLS, and not this machine'],
    ['ca.example.org', 'no scheme'],
    ['https://CA.example.org', 'capitals'],
    ['https://ca.example.org: x', 'YAML'],
  ] as const)('leaves nothing when the origin is %s (%s)', async ([origin]) => {
    const place = await mkdtemp(join(tmpdir(), 'usher-init-'));
    const { code, stderr } = await init(join(place, 'ca'), origin);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^usherd: error: usherd\.yaml has faults:/);
    expect(await readdir(place)).toEqual([]);
    await rm(place, { recursive: true });
  });

  it('leaves nothing when the address to listen on is none', async () => {
    const place = await mkdtemp(join(tmpdir(), 'usher-init-'));
    const { code } = await init(join(place, 'ca'), 'https://ca.example.org', '--listen', 'nowhere');
    expect(code).toBe(1);
    expect(await readdir(place)).toEqual([]);
    await rm(place, { recursive: true });
  });

  it('makes keys and settings that only their owner can read', async () => {
    const place = await mkdtemp(join(tmpdir(), 'usher-init-'));
    const dir = join(place, 'ca');
    const { code, stdout } = await init(dir);
    expect(code).toBe(0);
    expect(stdout).toMatch(/bundle key SHA256:/);
    const { stat } = await import('node:fs/promises');
    const modeOf = async (path: string) => ((await stat(join(dir, path))).mode & 0o777).toString(8);
    for (const path of ['.', 'keys']) expect(await modeOf(path)).toBe('700');
    for (const path of ['keys/login', 'keys/log', 'keys/bundle', 'keys/decoy', 'usher.db', 'usherd.yaml'])
      expect(await modeOf(path), path).toBe('600');
    expect(await readdir(place)).toEqual(['ca']);
    expect(existsSync(join(dir, 'keys/sudo.pub'))).toBe(true);
    await rm(place, { recursive: true });
  });
});
