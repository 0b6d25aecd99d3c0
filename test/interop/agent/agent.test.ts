/** Our agent client with the real ssh-agent. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentConnection } from '../../../src/agent/connection.ts';
import { withPrivateAgent } from '../../../src/agent/private-agent.ts';
import { encodeCertificate } from '../../../src/ssh/certificate.ts';
import { formatCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { readSecurityKeyFile } from '../../../src/ssh/openssh-key.ts';
import type { SecurityKeyFile } from '../../../src/ssh/private-key.ts';
import type { KeyType } from '../../../src/ssh/public-key.ts';
import { encodePublicKey, formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { verifySignature } from '../../../src/ssh/signature.ts';
import { issue, validNow } from '../../support/certificates.ts';
import { generateKey, generateSigner, PLAIN_KEY_TYPES, SECURITY_KEY_TYPES } from '../../support/keys.ts';
import { haveParts, program } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';
import type { SshAgent } from '../../support/ssh-agent.ts';
import { SK_DUMMY, SSH_AGENT_PARTS, startSshAgent } from '../../support/ssh-agent.ts';

const MESSAGE = new TextEncoder().encode('to be signed');

const parts = { ...SSH_AGENT_PARTS, 'ssh-keygen': 'openssh-client', [SK_DUMMY]: 'openssh-tests' };

describe.runIf(haveParts(parts))('with a real ssh-agent', () => {
  let agent: SshAgent;
  let connection: AgentConnection;
  let directory: string;
  const securityKeys = new Map<KeyType, SecurityKeyFile>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-test-agent-keys-'));
    for (const type of SECURITY_KEY_TYPES) securityKeys.set(type, await makeSecurityKey(directory, type));
    agent = await startSshAgent();
    connection = await AgentConnection.connect(agent.socketPath);
  });

  afterAll(async () => {
    connection?.close();
    await agent?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  function keyOf(type: KeyType) {
    const securityKey = securityKeys.get(type);
    if (securityKey !== undefined) return securityKey;
    const plain = PLAIN_KEY_TYPES.find((known) => known === type);
    if (plain === undefined) throw new Error(`no key of type ${type}`);
    return generateKey(plain);
  }

  describe.each([...PLAIN_KEY_TYPES, ...SECURITY_KEY_TYPES])('%s', (type) => {
    const provider = type.startsWith('sk-') ? { securityKeyProvider: SK_DUMMY } : {};

    it('is added, listed by ssh-add, signs, and is removed', async () => {
      const key = keyOf(type);
      const blob = encodePublicKey(key.publicKey);
      await connection.add({ key, comment: 'usher test' }, { lifetime: 60, ...provider });
      expect(await connection.list()).toContainEqual({ blob, comment: 'usher test' });
      const listed = await runOrThrow(program('ssh-add'), ['-L'], {
        env: { SSH_AUTH_SOCK: agent.socketPath },
      });
      expect(listed).toContain(formatPublicKeyLine(key.publicKey, 'usher test'));
      const signature = await connection.sign(blob, MESSAGE);
      expect(verifySignature(key.publicKey, signature, MESSAGE)).toMatchObject({ valid: true });
      await connection.remove(blob);
      expect(await connection.list()).toEqual([]);
    });

    it('is added with its certificate, signs as the certificate, and is removed', async () => {
      const key = keyOf(type);
      const certificate = issue(generateSigner('ssh-ed25519'), { subject: key.publicKey, ...validNow() });
      const blob = encodeCertificate(certificate);
      await connection.add({ key, certificate, comment: 'usher login' }, { lifetime: 60, ...provider });
      const listed = await runOrThrow(program('ssh-add'), ['-L'], {
        env: { SSH_AUTH_SOCK: agent.socketPath },
      });
      expect(listed).toContain(formatCertificateLine(certificate, 'usher login'));
      expect(verifySignature(key.publicKey, await connection.sign(blob, MESSAGE), MESSAGE).valid).toBe(true);
      await connection.remove(blob);
      expect(await connection.list()).toEqual([]);
    });
  });

  it('answers many requests at once, each with its own answer', async () => {
    const keys = Array.from({ length: 8 }, () => generateKey('ssh-ed25519'));
    await Promise.all(keys.map((key) => connection.add({ key, comment: '' }, { lifetime: 60 })));
    const signatures = await Promise.all(
      keys.map((key) => connection.sign(encodePublicKey(key.publicKey), MESSAGE)),
    );
    keys.forEach((key, index) => {
      const signature = signatures[index] ?? new Uint8Array();
      expect(verifySignature(key.publicKey, signature, MESSAGE).valid).toBe(true);
    });
    await Promise.all(keys.map((key) => connection.remove(encodePublicKey(key.publicKey))));
  });

  it('is refused a signature by a key that the agent does not hold, and goes on', async () => {
    const blob = encodePublicKey(generateKey('ssh-ed25519').publicKey);
    await expect(connection.sign(blob, MESSAGE)).rejects.toMatchObject({ code: 'refused' });
    await expect(connection.remove(blob)).rejects.toMatchObject({ code: 'refused' });
    expect(await connection.list()).toEqual([]);
  });

  it('forgets a key when its lifetime is over', async () => {
    const key = generateKey('ssh-ed25519');
    await connection.add({ key, comment: '' }, { lifetime: 1 });
    await expect.poll(() => connection.list(), { timeout: 10_000 }).toEqual([]);
  });

  it('asks the person at each use of a key that was added with confirm', async () => {
    const asked = join(directory, 'asked');
    const askpass = join(directory, 'askpass');
    await writeFile(askpass, `#!/bin/sh\necho "$1" >> ${asked}\n[ ! -e ${asked}.no ]\n`, { mode: 0o700 });
    await using confirming = await startSshAgent({
      env: { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' },
    });
    const own = await AgentConnection.connect(confirming.socketPath);
    const key = generateKey('ssh-ed25519');
    const blob = encodePublicKey(key.publicKey);
    await own.add({ key, comment: 'usher login alice@ca' }, { confirm: true });
    expect(verifySignature(key.publicKey, await own.sign(blob, MESSAGE), MESSAGE).valid).toBe(true);
    expect(await readFile(asked, 'utf8')).toContain('usher login alice@ca');
    await writeFile(`${asked}.no`, '');
    await expect(own.sign(blob, MESSAGE)).rejects.toMatchObject({ code: 'refused' });
    own.close();
  });

  describe('of our own', () => {
    it('signs with a security key and leaves nothing behind', async () => {
      const key = keyOf('sk-ssh-ed25519@openssh.com');
      const place = await withPrivateAgent(
        async (own, socketPath) => {
          await own.add({ key, comment: '' }, { securityKeyProvider: SK_DUMMY });
          const signature = await own.sign(encodePublicKey(key.publicKey), MESSAGE);
          expect(verifySignature(key.publicKey, signature, MESSAGE)).toMatchObject({
            securityKey: { userPresent: true },
          });
          return { directory: dirname(socketPath), pid: await ownerOf(socketPath) };
        },
        { securityKeyProvider: SK_DUMMY },
      );
      expect(existsSync(place.directory)).toBe(false);
      expect(await isRunning(place.pid)).toBe(false);
    });

    it('is gone also when the work failed', async () => {
      const seen: { socketPath?: string; pid?: number } = {};
      const work = withPrivateAgent(async (_, socketPath) => {
        Object.assign(seen, { socketPath, pid: await ownerOf(socketPath) });
        throw new Error('no touch');
      });
      await expect(work).rejects.toThrow('no touch');
      expect(existsSync(seen.socketPath ?? '/')).toBe(false);
      expect(await isRunning(seen.pid ?? 1)).toBe(false);
    });

    it('ends when the process that started it is killed', async () => {
      const module = new URL('../../../src/agent/private-agent.ts', import.meta.url).href;
      const script = `const { withPrivateAgent } = await import(${JSON.stringify(module)});
        await withPrivateAgent(async (_, path) => { console.log(path); process.kill(process.pid, 'SIGKILL'); });`;
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
      const socketPath = stdout.trim();
      // ssh-agent looks every ten seconds whether its companion still runs.
      await expect.poll(() => existsSync(socketPath), { timeout: 20_000, interval: 200 }).toBe(false);
      await rm(dirname(socketPath), { recursive: true });
    });

    it('loads no other library than the one that was named', async () => {
      const key = keyOf('sk-ssh-ed25519@openssh.com');
      const other = join(directory, 'other.so');
      await writeFile(other, '');
      await withPrivateAgent(
        async (own) => {
          await expect(
            own.add({ key, comment: '' }, { securityKeyProvider: SK_DUMMY }),
          ).rejects.toMatchObject({ code: 'refused' });
        },
        { securityKeyProvider: other },
      );
    });
  });
});

async function makeSecurityKey(directory: string, type: KeyType): Promise<SecurityKeyFile> {
  const name = type === 'sk-ssh-ed25519@openssh.com' ? 'ed25519-sk' : 'ecdsa-sk';
  const file = join(directory, name);
  await runOrThrow(program('ssh-keygen'), ['-q', '-t', name, '-w', SK_DUMMY, '-N', '', '-f', file]);
  return readSecurityKeyFile(await readFile(file, 'utf8'));
}

/** The pid of the process whose arguments name the socket and which is the agent. */
async function ownerOf(socketPath: string): Promise<number> {
  const { stdout } = await run('/bin/sh', ['-c', 'grep -lsF "$1" /proc/[0-9]*/cmdline', 'sh', socketPath]);
  const pids = stdout
    .split('\n')
    .flatMap((path) => path.match(/\d+/) ?? [])
    .map(Number);
  const agents = [];
  for (const pid of pids)
    if ((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).startsWith('ssh-agent'))
      agents.push(pid);
  const [pid] = agents;
  if (pid === undefined) throw new Error('no agent found');
  return pid;
}

/** A process that has ended but that nobody has waited for does not count. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) Z /.test(stat);
}
