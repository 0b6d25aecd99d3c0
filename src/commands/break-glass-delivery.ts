/** Where the certificates of an emergency go: with fresh keys into the ssh-agent, or beside a key that somebody has. */
import { readFile, stat } from 'node:fs/promises';
import { AgentConnection } from '../agent/connection.ts';
import type { BreakGlassPurpose } from '../authority/break-glass.ts';
import type { Clock, Random } from '../authority/ports.ts';
import { CommandError } from '../command-error.ts';
import { replaceFile } from '../durable-file.ts';
import { equalBytes } from '../fido/equal-bytes.ts';
import { fileReason } from '../file-reason.ts';
import type { Certificate } from '../ssh/certificate.ts';
import { encodeCertificate } from '../ssh/certificate.ts';
import { formatCertificateLine } from '../ssh/certificate-line.ts';
import { readPublicKeyFile } from '../ssh/key-file.ts';
import { ed25519FromSeed } from '../ssh/private-key.ts';
import type { PublicKey } from '../ssh/public-key.ts';

export interface SignedForPurpose {
  readonly purpose: BreakGlassPurpose;
  readonly certificate: Certificate;
}

export interface Delivery {
  /** The key to certify. */
  readonly subject: (purpose: BreakGlassPurpose) => PublicKey;
  /** @returns for each certificate, where it is now. */
  readonly deliver: (signed: readonly SignedForPurpose[]) => Promise<readonly string[]>;
  readonly close: () => void;
}

/** @throws CommandError, AgentError when there is no agent of one's own. Nothing is in it before `deliver`. */
export async function agentDelivery(
  socket: string | undefined,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<Delivery> {
  if (socket === undefined || socket === '')
    throw new CommandError('no ssh-agent is known: SSH_AUTH_SOCK is not set', {
      hint: 'start one in this shell: eval "$(ssh-agent)"; or name a public key: --key FILE.pub',
    });
  await refuseForeignSocket(socket);
  const agent = await AgentConnection.connect(socket);
  // One key each: a key has one role.
  const keys = { login: ed25519FromSeed(random.bytes(32)), sudo: ed25519FromSeed(random.bytes(32)) };
  return {
    subject: (purpose) => keys[purpose].publicKey,
    deliver: async (signed) => {
      for (const { purpose, certificate } of signed) {
        const [principal = ''] = certificate.fields.principals;
        const identity = { key: keys[purpose], certificate, comment: `break-glass ${purpose} ${principal}` };
        await agent.add(identity, { lifetime: Number(certificate.fields.validBefore) - clock.now() });
      }
      await assertKept(agent, signed);
      return signed.map(() => 'in the agent');
    },
    close: () => agent.close(),
  };
}

/** Certificates for the key in `<key>.pub`: `<key>-cert.pub` for logins, where ssh finds it, and `<key>-sudo-cert.pub`. */
export async function fileDelivery(path: string): Promise<Delivery> {
  const { key } = readPublicKeyFile(await readKeyText(path));
  const base = path.replace(/\.pub$/, '');
  const files = { login: `${base}-cert.pub`, sudo: `${base}-sudo-cert.pub` };
  return {
    subject: () => key,
    deliver: async (signed) => {
      for (const { purpose, certificate } of signed)
        await replaceFile(files[purpose], `${formatCertificateLine(certificate)}\n`, { mode: 0o644 });
      return signed.map(({ purpose }) => files[purpose]);
    },
    close: () => undefined,
  };
}

async function readKeyText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CommandError(`${path} can not be read: ${fileReason(cause)}`, {
      cause,
      hint: 'name the file of a public key: --key FILE.pub',
    });
  });
}

/** Whoever owns the socket gets the private keys. */
async function refuseForeignSocket(path: string): Promise<void> {
  const owner = await stat(path).then(
    ({ uid }) => uid,
    () => undefined,
  );
  if (owner !== undefined && owner !== process.getuid?.())
    throw new CommandError(`the agent's socket ${path} belongs to user ${owner}, not to you`, {
      hint: 'set SSH_AUTH_SOCK to the socket of your own agent',
    });
}

/** Some desktop agents say yes and drop certificates. */
async function assertKept(agent: AgentConnection, signed: readonly SignedForPurpose[]): Promise<void> {
  const kept = await agent.list();
  const isKept = ({ certificate }: SignedForPurpose) =>
    kept.some(({ blob }) => equalBytes(blob, encodeCertificate(certificate)));
  if (!signed.every(isKept))
    throw new CommandError('the agent does not hold what was put into it', {
      hint: 'some desktop agents drop certificates: use ssh-agent of OpenSSH, or --key FILE.pub',
    });
}
