/**
 * A person who can log in to a loopback sshd by a login certificate, with an agent that ssh forwards there and sudo asks. The key that logs in is in a
 * file, so that a test alone decides what the agent holds:
 *
 *     await using session = await openSession();
 *     await session.carry(session.sudoKey());
 *     accepted(await session.sudo());
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { AgentConnection } from '../../../src/agent/connection.ts';
import type { AgentConstraints, AgentKey } from '../../../src/ssh/agent-messages.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import { formatCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { writeOpensshPrivateKey } from '../../../src/ssh/openssh-key.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { issue, validNow } from '../../support/certificates.ts';
import type { TestSigner } from '../../support/keys.ts';
import { generateKey, generateSigner } from '../../support/keys.ts';
import type { SshAgent } from '../../support/ssh-agent.ts';
import { startSshAgent } from '../../support/ssh-agent.ts';
import type { Sshd } from '../../support/sshd.ts';
import { SSHD_PARTS, startSshd } from '../../support/sshd.ts';
import type { Sudo, SudoOptions, SudoResult, SudoRun } from '../../support/sudo.ts';
import { openSudo } from '../../support/sudo.ts';

/** What `haveParts` needs for `openSession`, besides `haveSudo`. */
export const SESSION_PARTS = SSHD_PARTS;

/** A key as the agent is to hold it. */
export interface Carried extends AgentKey {
  readonly constraints?: AgentConstraints;
}

export interface Session extends AsyncDisposable {
  readonly place: Sudo;
  readonly server: Sshd;
  readonly agent: SshAgent;
  readonly loginCa: TestSigner;
  readonly sudoCa: TestSigner;
  /** A fresh key with a good sudo certificate for web1, and the changes that a test wants. */
  sudoKey(changes?: Partial<CertificateFields>, authority?: TestSigner): AgentKey;
  /** The same for a login certificate. */
  loginKey(changes?: Partial<CertificateFields>, authority?: TestSigner): AgentKey;
  /** Makes these, in this order, all that the agent holds. */
  carry(...keys: readonly Carried[]): Promise<void>;
  /** `ssh -A` to the host, and sudo there. */
  sudo(options?: SudoRun): Promise<SudoResult>;
}

export async function openSession(options: Partial<SudoOptions> = {}): Promise<Session> {
  const [loginCa, sudoCa] = [generateSigner('ssh-ed25519'), generateSigner('ssh-ed25519')];
  await using parts = new AsyncDisposableStack();
  const place = parts.use(
    await openSudo({ authorities: [formatPublicKeyLine(sudoCa.publicKey)], ...options }),
  );
  const agent = parts.use(await startSshAgent());
  const server = parts.use(
    await startSshd({
      authorities: [formatPublicKeyLine(loginCa.publicKey)],
      principals: { [place.user]: [`${place.user}@web1`] },
    }),
  );
  const sudoKey: Session['sudoKey'] = (changes, authority = sudoCa) =>
    sudoKeyFor(place.user, authority, changes);
  const loginKey: Session['loginKey'] = (changes, authority = loginCa) =>
    loginKeyFor(place.user, authority, changes);
  const identityFile = await writeKey(join(place.directory, 'login'), loginKey());
  const all = parts.move();
  return {
    ...{ place, server, agent, loginCa, sudoCa, sudoKey, loginKey },
    carry: (...keys) => carry(agent, keys),
    sudo: (more = {}) => place.sudo({ over: server, agent: agent.socketPath, identityFile, ...more }),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** As we issue it: the login first, since that is what pam-ussh logs, and nothing that is not needed. */
export function sudoKeyFor(
  login: string,
  authority: TestSigner,
  changes: Partial<CertificateFields> = {},
): AgentKey {
  const fields = { keyId: 'sudo:alice:AAAAAAAA', principals: [login, 'sudoer@web1'], extensions: [] };
  return certifiedKey(authority, { ...fields, ...changes });
}

function loginKeyFor(
  login: string,
  authority: TestSigner,
  changes: Partial<CertificateFields> = {},
): AgentKey {
  return certifiedKey(authority, { principals: [`${login}@web1`], ...changes });
}

function certifiedKey(authority: TestSigner, changes: Partial<CertificateFields>): AgentKey {
  const key = generateKey('ssh-ed25519');
  const certificate = issue(authority, { subject: key.publicKey, ...validNow(), ...changes });
  return { key, certificate, comment: certificate.fields.keyId };
}

/** A private key file, and its certificate where ssh and ssh-add look for it. @returns the file. */
export async function writeKey(file: string, { key, certificate, comment }: AgentKey): Promise<string> {
  if (!('object' in key) || certificate === undefined) throw new TypeError('not a key with a certificate');
  await writeFile(file, writeOpensshPrivateKey(key, comment, 1), { mode: 0o600 });
  await writeFile(`${file}-cert.pub`, `${formatCertificateLine(certificate)}\n`);
  return file;
}

/** Makes these, in this order, all that an agent holds. */
export async function carry(agent: SshAgent, keys: readonly Carried[]): Promise<void> {
  const connection = await AgentConnection.connect(agent.socketPath);
  for (const { blob } of await connection.list()) await connection.remove(blob);
  for (const key of keys) await connection.add(key, key.constraints);
  connection.close();
}

export function accepted(result: SudoResult): void {
  expect(result, result.reason).toMatchObject({ code: 0, stdout: 'root\n', hung: false });
  logged(result, ACCEPTED);
}

/** @param why the last thing that pam-ussh said. */
export function refused(result: SudoResult, why: RegExp = NO_VALID_CERTIFICATE): void {
  expect(result, result.reason).toMatchObject({ code: 1, stdout: '', hung: false });
  logged(result, why);
}

/** Two spellings, by which build it is. */
export const ACCEPTED = /^authentication succee?ded for /i;
export const NO_VALID_CERTIFICATE = /^no valid certs found$/;

export function logged(result: SudoResult, why: RegExp): void {
  if (result.log !== undefined) expect(result.log.at(-1) ?? '').toMatch(why);
}
