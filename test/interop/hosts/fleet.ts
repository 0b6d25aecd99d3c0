/** An authority with hosts in its roster, and somebody who keeps them and logs in to them. */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base64urlnopad } from '@scure/base';
import { expect } from 'vitest';
import { formatTokenFile } from '../../../src/fleet/host/token-file.ts';
import type { ActTouchReply } from '../../../src/http/contract/acts.ts';
import { HOST_MEDIA_TYPE } from '../../../src/http/contract/hosts.ts';
import type { Act } from '../../../src/ssh/act.ts';
import { decodeCertificate } from '../../../src/ssh/certificate.ts';
import { formatCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { readPrivateKeyFile } from '../../../src/ssh/key-file.ts';
import { writeOpensshPrivateKey } from '../../../src/ssh/openssh-key.ts';
import type { PrivateKey } from '../../../src/ssh/private-key.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { newKey } from '../../authority/scene.ts';
import { freePort } from '../../support/free-port.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import { startHost } from '../../support/host-machine.ts';
import type { HostProgramKind } from '../../support/host-program.ts';
import type { Relay } from '../../support/relay.ts';
import { startRelay } from '../../support/relay.ts';
import { runOrThrow } from '../../support/run.ts';
import { LOGIN } from '../../support/sshd.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { Person } from '../service/person.ts';

export const ROSTER = `
people:
  alice: { logins: [${LOGIN}], roles: [engineer, keeper] }
  carol: { logins: [carol], roles: [engineer] }
roles:
  engineer: { login: { hosts: [web], lifetime: 8h } }
  keeper: { manage: [hosts, revoke, ca] }
hosts:
  web1: { names: [web1, web1.example.org], groups: [web] }
  web2: { groups: [web] }
  web3: { groups: [web] }
`;

const STAGED = new URL('../../support/staged-usherd.ts', import.meta.url).pathname;

/** A key with a login certificate, as files for ssh. */
export interface LoginFiles {
  readonly identityFile: string;
  readonly serial: bigint;
}

export interface Fleet extends AsyncDisposable {
  readonly usherd: Usherd;
  readonly relay: Relay;
  readonly origin: string;
  readonly bundleKey: PrivateKey;
  /** `@cert-authority` for every host of the roster. */
  readonly knownHosts: readonly string[];
  /** Does something to the authority, as the keeper. */
  keep(act: Act): Promise<ActTouchReply>;
  /** A token for a host, as the file that `usher host invite` writes. */
  invite(host: string): Promise<string>;
  /** @param parent where its files are; the usual place for temporary files when absent. */
  start(host: string, program: HostProgramKind, parent?: string): Promise<HostMachine>;
  /** A certificate for signing in, by a touch. */
  login(): Promise<LoginFiles>;
  /** One that nobody issued, by whoever stole the CA key. */
  forge(serial: bigint): Promise<LoginFiles>;
  /** A key without a certificate. */
  plainKey(): Promise<{ readonly identityFile: string; readonly line: string }>;
  loadRoster(text: string): Promise<void>;
  /** The files of the host that signed this call, by their hash. */
  archiveFor(call: Uint8Array, filesHash: string): Promise<Uint8Array>;
  /** Seconds that the clock of the authority is ahead. */
  shiftClock(seconds: number): Promise<void>;
  /** Public key line of the CA key of a purpose. */
  caLine(purpose: string): Promise<string>;
}

export async function startFleet(roster: string = ROSTER): Promise<Fleet> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-test-fleet-'));
  const stage = join(directory, 'stage');
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const usherd = await startUsherd({
    roster,
    program: STAGED,
    env: { USHERD_STAGE: stage },
    // People and hosts know the relay's address only.
    edit: (text) => text.replace(/^origin: .*$/m, `origin: ${origin}`),
  });
  const relay = await startRelay(port, usherd.origin);
  const service = { origin, address: usherd.origin, command: usherd.command, keyCounts: false };
  const alice = await Person.enrol(service, 'alice');
  const keysDirectory = join(usherd.dir, 'keys');
  const bundleKey = readPrivateKeyFile(await readFile(join(keysDirectory, 'bundle'), 'utf8'));
  const caLine = async (purpose: string) =>
    (await readFile(join(keysDirectory, `${purpose}.pub`), 'utf8')).trim();
  const knownHosts = [`@cert-authority web1,web2,web3 ${await caLine('host')}`];
  const keep = async (act: Act) => {
    const { status, body } = await alice.act(act);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body;
  };
  let files = 0;
  const writeKey = async (key: PrivateKey) => {
    const identityFile = join(directory, `key${++files}`);
    await writeFile(identityFile, writeOpensshPrivateKey(key, '', 1), { mode: 0o600 });
    return identityFile;
  };
  return {
    ...{ usherd, relay, origin, bundleKey, knownHosts, keep, caLine },
    invite: async (host) => {
      const token = base64urlnopad.encode(randomBytes(32));
      const tokenHash = new Uint8Array(createHash('sha256').update(token).digest());
      await keep({ kind: 'invite-host', host, tokenHash });
      const until = Math.floor(Date.now() / 1000) + 3600;
      return formatTokenFile({ authority: origin, host, bundleKey: bundleKey.publicKey, token, until });
    },
    start: (host, program, parent) =>
      startHost(host, { authority: origin, bundleKey: bundleKey.publicKey, program, parent }),
    login: async () => {
      const key = newKey();
      const { status, body } = await alice.touch(await alice.ask({ key, logins: [LOGIN], hosts: ['web'] }));
      const [issued] = body.certificates ?? [];
      if (issued === undefined) throw new Error(`${status} ${JSON.stringify(body)}`);
      const certificate = decodeCertificate(base64urlnopad.decode(issued.certificate));
      const identityFile = await writeKey(key);
      await writeFile(`${identityFile}-cert.pub`, `${formatCertificateLine(certificate)}\n`);
      return { identityFile, serial: certificate.fields.serial };
    },
    forge: async (serial) => {
      const identityFile = await writeKey(newKey());
      await writeFile(`${identityFile}.pub`, await runOrThrow('ssh-keygen', ['-y', '-f', identityFile]));
      const what = ['-I', 'forged', '-n', `${LOGIN}@web`, '-z', String(serial), '-V', '-1m:+1h'];
      await runOrThrow('ssh-keygen', [
        '-q',
        '-s',
        join(keysDirectory, 'login'),
        ...what,
        `${identityFile}.pub`,
      ]);
      return { identityFile, serial };
    },
    plainKey: async () => {
      const key = newKey();
      return { identityFile: await writeKey(key), line: formatPublicKeyLine(key.publicKey) };
    },
    loadRoster: (text) => loadRoster(usherd, text),
    archiveFor: async (call, filesHash) => {
      const response = await fetch(`${usherd.origin}/v1/hosts/files/${filesHash}`, {
        method: 'POST',
        headers: { 'content-type': HOST_MEDIA_TYPE },
        body: new Uint8Array(call),
      });
      if (!response.ok) throw new Error(await response.text());
      return new Uint8Array(await response.arrayBuffer());
    },
    shiftClock: (seconds) => writeFile(stage, JSON.stringify({ clockOffset: seconds })),
    [Symbol.asyncDispose]: async () => {
      await relay[Symbol.asyncDispose]();
      await usherd[Symbol.asyncDispose]();
      await chmod(directory, 0o700);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** By the signal, which starts no program. */
async function loadRoster({ dir, log, signal }: Usherd, text: string): Promise<void> {
  const loads = () => log().split('"roster in force"').length - 1;
  const before = loads();
  await writeFile(join(dir, 'roster.yaml'), text);
  signal('SIGHUP');
  await expect.poll(loads, { timeout: 20_000, interval: 10 }).toBe(before + 1);
}
