/** Certificates that live only in an agent, host certificates, and revocation: with the real ssh, ssh-agent and sshd. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentConnection } from '../../../src/agent/connection.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import { formatCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { formatPublicKeyLine, parsePublicKeyLine } from '../../../src/ssh/public-key.ts';
import { issue, validNow } from '../../support/certificates.ts';
import { generateKey, generateSigner, PLAIN_KEY_TYPES } from '../../support/keys.ts';
import { haveParts } from '../../support/parts.ts';
import type { SshAgent } from '../../support/ssh-agent.ts';
import { SSH_AGENT_PARTS, startSshAgent } from '../../support/ssh-agent.ts';
import type { Sshd } from '../../support/sshd.ts';
import { LOGIN, SSHD_PARTS, startSshd } from '../../support/sshd.ts';

const userCa = generateSigner('ssh-ed25519');
const hostCa = generateSigner('ecdsa-sha2-nistp256');
const PRINCIPAL = `${LOGIN}@web1`;

describe.runIf(haveParts({ ...SSHD_PARTS, ...SSH_AGENT_PARTS }))('a certificate in an agent', () => {
  let server: Sshd;
  let agent: SshAgent;
  let connection: AgentConnection;

  beforeAll(async () => {
    agent = await startSshAgent();
    connection = await AgentConnection.connect(agent.socketPath);
    server = await startSshd({
      authorities: [formatPublicKeyLine(userCa.publicKey)],
      principals: { [LOGIN]: [PRINCIPAL] },
      hostCertificate: (line) =>
        formatCertificateLine(
          issue(hostCa, {
            subject: parsePublicKeyLine(line).key,
            type: 'host',
            keyId: 'host:web1:1',
            principals: ['web1.example.org'],
            extensions: [],
            ...validNow(),
          }),
        ),
      revokedKeys: '',
    });
  });

  afterAll(async () => {
    connection?.close();
    await agent?.stop();
    await server?.stop();
  });

  /** Puts a fresh key and its certificate into the agent for the time of `work`. */
  async function withCertificate<T>(
    type: (typeof PLAIN_KEY_TYPES)[number],
    changes: Partial<CertificateFields>,
    work: (line: string) => Promise<T>,
  ): Promise<T> {
    const key = generateKey(type);
    const certificate = issue(userCa, {
      subject: key.publicKey,
      principals: [PRINCIPAL],
      ...validNow(),
      ...changes,
    });
    await connection.add({ key, certificate, comment: 'usher login' }, { lifetime: 60 });
    const [identity] = await connection.list();
    try {
      return await work(formatCertificateLine(certificate));
    } finally {
      if (identity !== undefined) await connection.remove(identity.blob);
    }
  }

  it.each(PLAIN_KEY_TYPES)('of a %s key is all that ssh needs', async (type) => {
    await withCertificate(type, {}, async () => {
      const result = await server.login({ agent: agent.socketPath, command: 'echo in' });
      expect(result, result.stderr).toMatchObject({ code: 0, stdout: 'in\n' });
    });
    await server.waitForLog('ID login:alice:AAAAAAAA (serial 42) CA ED25519');
  });

  it('for another host does not help', async () => {
    await withCertificate('ssh-ed25519', { principals: [`${LOGIN}@web2`] }, async () => {
      expect((await server.login({ agent: agent.socketPath })).code).toBe(255);
    });
    await server.waitForLog('Certificate does not contain an authorized principal');
  });

  it('that is gone does not help', async () => {
    expect((await server.login({ agent: agent.socketPath })).code).toBe(255);
  });

  it('forwards the agent only when it says so', async () => {
    const login = {
      agent: agent.socketPath,
      args: ['-A'],
      command: 'test -z "$SSH_AUTH_SOCK" || echo forwarded',
    };
    await withCertificate('ssh-ed25519', {}, async () => {
      expect((await server.login(login)).stdout).toBe('forwarded\n');
    });
    await withCertificate('ssh-ed25519', { extensions: [] }, async () => {
      expect((await server.login(login)).stdout).toBe('');
    });
  });

  it('is refused once its key is revoked', async () => {
    await withCertificate('ssh-ed25519', {}, async (line) => {
      await server.writeRevokedKeys(`${line}\n`);
      const refused = await server.login({ agent: agent.socketPath });
      await server.writeRevokedKeys('');
      expect(refused.code).toBe(255);
      expect((await server.login({ agent: agent.socketPath })).code).toBe(0);
    });
  });

  it('is refused once its CA is no longer trusted', async () => {
    await withCertificate('ssh-ed25519', {}, async () => {
      await server.writeAuthorities([formatPublicKeyLine(hostCa.publicKey)]);
      const refused = await server.login({ agent: agent.socketPath });
      await server.writeAuthorities([formatPublicKeyLine(userCa.publicKey)]);
      expect(refused.code).toBe(255);
    });
  });

  describe('and the certificate of the host', () => {
    const trusted = (names: string) => [`@cert-authority ${names} ${formatPublicKeyLine(hostCa.publicKey)}`];
    const alias = ['-o', 'HostKeyAlias=web1.example.org'];

    it('is trusted under its name', async () => {
      await withCertificate('ssh-ed25519', {}, async () => {
        const knownHosts = trusted('*.example.org');
        const result = await server.login({ agent: agent.socketPath, knownHosts, args: alias });
        expect(result, result.stderr).toMatchObject({ code: 0 });
      });
    });

    it('is not trusted under another name, or by another CA', async () => {
      await withCertificate('ssh-ed25519', {}, async () => {
        const other = ['-o', 'HostKeyAlias=web2.example.org'];
        const wrongName = { agent: agent.socketPath, knownHosts: trusted('*.example.org'), args: other };
        expect((await server.login(wrongName)).stderr).toMatch(/Host key verification failed/);
        const wrongCa = { agent: agent.socketPath, knownHosts: trusted('*.example.net'), args: alias };
        expect((await server.login(wrongCa)).stderr).toMatch(/Host key verification failed/);
      });
    });
  });
});
