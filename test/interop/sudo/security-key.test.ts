/** Security keys and real sudo: as the key that is certified, and as the CA key that a person touches. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base64urlnopad } from '@scure/base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AgentConnection } from '../../../src/agent/connection.ts';
import { decodeEcdsaSignature } from '../../../src/fido/ecdsa-signature.ts';
import type { Certificate } from '../../../src/ssh/certificate.ts';
import { assembleCertificate, decodeCertificate, encodeDraft } from '../../../src/ssh/certificate.ts';
import { formatCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { readSecurityKeyFile } from '../../../src/ssh/openssh-key.ts';
import type { SecurityKeyFile } from '../../../src/ssh/private-key.ts';
import type { PublicKey } from '../../../src/ssh/public-key.ts';
import { encodePublicKey, formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { WireWriter } from '../../../src/ssh/wire.ts';
import { issue, loginFields, validNow } from '../../support/certificates.ts';
import { generateKey, generateSecurityKey } from '../../support/keys.ts';
import { haveParts, program } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import { SoftAuthenticator } from '../../support/soft-authenticator.ts';
import { SK_DUMMY, startSshAgent } from '../../support/ssh-agent.ts';
import { haveSudo } from '../../support/sudo.ts';
import type { Carried, Session } from './session.ts';
import { accepted, openSession, refused, SESSION_PARTS } from './session.ts';

const PARTS = { ...SESSION_PARTS, 'ssh-keygen': 'openssh-client', [SK_DUMMY]: 'openssh-tests' };
const TYPES = ['ed25519-sk', 'ecdsa-sk'] as const;
const NO_FLAGS = 0;
const ORIGIN = 'https://ca.example.org';

describe.runIf(haveSudo() && haveParts(PARTS))('a security key', () => {
  let session: Session;
  let directory: string;
  let made = 0;

  beforeAll(async () => {
    session = await openSession();
    directory = await mkdtemp(join(tmpdir(), 'usher-test-sk-'));
  });
  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function newKey(type: string, ...options: readonly string[]): Promise<SecurityKeyFile> {
    const file = join(directory, `key-${made++}`);
    const all = options.flatMap((option) => ['-O', option]);
    const args = ['-q', '-t', type, '-w', SK_DUMMY, '-N', '', '-f', file, ...all];
    await runOrThrow(program('ssh-keygen'), args);
    return readSecurityKeyFile(await readFile(file, 'utf8'));
  }

  const fieldsFor = (subject: PublicKey) => ({
    ...{ subject, principals: [session.place.user, 'sudoer@web1'], extensions: [], ...validNow() },
  });

  describe('that is certified itself', () => {
    async function carried(type: string, ...options: readonly string[]): Promise<Carried> {
      const key = await newKey(type, ...options);
      const certificate = issue(session.sudoCa, fieldsFor(key.publicKey));
      return { key, certificate, comment: 'usher sudo', constraints: { securityKeyProvider: SK_DUMMY } };
    }

    it.each(TYPES)('%s is good for sudo over ssh -A', async (type) => {
      await session.carry(await carried(type));
      accepted(await session.sudo());
      await session.carry(await carried(type, 'application=ssh:sudo'));
      accepted(await session.sudo());
    });

    it.each(TYPES)('%s that needs no touch is judged by the x/crypto of the host', async (type) => {
      await session.carry(await carried(type, 'no-touch-required'));
      const result = await session.sudo();
      if (result.code === 0) accepted(result);
      else refused(result, /missing required user presence flag/);
    });
  });

  describe('that is the CA’s', () => {
    /** As a person signs: the key from its file, for a moment in an agent of its own. */
    async function signedBy(authority: SecurityKeyFile, subject: PublicKey, principals: readonly string[]) {
      await using agent = await startSshAgent();
      const connection = await AgentConnection.connect(agent.socketPath);
      await connection.add({ key: authority, comment: 'CA' }, { securityKeyProvider: SK_DUMMY });
      const fields = { ...fieldsFor(subject), principals, authority: authority.publicKey };
      const draft = encodeDraft(loginFields(fields));
      const signature = await connection.sign(encodePublicKey(authority.publicKey), draft, NO_FLAGS);
      connection.close();
      return decodeCertificate(assembleCertificate(draft, signature));
    }

    async function trust(authority: PublicKey): Promise<void> {
      const line = formatPublicKeyLine(authority);
      await session.place.write('sudo_ca.pub', `${line}\n`);
      await session.server.writeAuthorities([line, formatPublicKeyLine(session.loginCa.publicKey)]);
    }

    it.each(TYPES)('%s signs what sudo accepts', async (type) => {
      const authority = await newKey(type, 'application=ssh:sudo-ca');
      await trust(authority.publicKey);
      const key = generateKey('ssh-ed25519');
      const certificate = await signedBy(authority, key.publicKey, [session.place.user, 'sudoer@web1']);
      await session.carry({ key, certificate, comment: 'usher sudo' });
      accepted(await session.sudo());
    });

    it.each(TYPES)('%s signs what sshd accepts, too', async (type) => {
      const authority = await newKey(type);
      await trust(authority.publicKey);
      const { user } = session.place;
      const key = generateKey('ssh-ed25519');
      const certificate = await signedBy(authority, key.publicKey, [`${user}@web1`]);
      await session.carry({ key, certificate, comment: 'usher login' });
      const login = { as: user, agent: session.agent.socketPath, command: 'echo in' };
      const result = await session.server.login(login);
      expect(result, result.stderr).toMatchObject({ code: 0, stdout: 'in\n' });
    });

    it('is believed without a touch, so that who issues must look at it', async () => {
      const authority = generateSecurityKey('sk-ssh-ed25519@openssh.com', 'ssh:sudo-ca');
      await trust(authority.publicKey);
      const key = generateKey('ssh-ed25519');
      const untouched = {
        publicKey: authority.publicKey,
        sign: (draft: Uint8Array) => authority.sign(draft, { flags: 0 }),
      };
      const certificate = issue(untouched, fieldsFor(key.publicKey));
      await session.carry({ key, certificate, comment: 'usher sudo' });
      accepted(await session.sudo());
    });

    describe('and signs in a browser', () => {
      let authenticator: SoftAuthenticator;
      let authority: PublicKey;

      beforeEach(async () => {
        authenticator = new SoftAuthenticator({ algorithm: 'es256' });
        const { point } = authenticator.key;
        authority = { type: 'sk-ecdsa-sha2-nistp256@openssh.com', point, application: 'ca.example.org' };
        await trust(authority);
      });

      function signedInBrowser(subject: PublicKey): Certificate {
        const draft = encodeDraft(loginFields({ ...fieldsFor(subject), authority }));
        const signature = webauthnSignature(authenticator, draft);
        return decodeCertificate(assembleCertificate(draft, signature));
      }

      it('makes what ssh-keygen finds well signed, and sudo refuses', async () => {
        const key = generateKey('ssh-ed25519');
        const certificate = signedInBrowser(key.publicKey);
        const file = join(directory, 'browser-cert.pub');
        await writeFile(file, `${formatCertificateLine(certificate)}\n`);
        expect(await runOrThrow(program('ssh-keygen'), ['-Lf', file])).toContain('sudoer@web1');
        await session.carry({ key, certificate, comment: 'usher sudo' });
        refused(await session.sudo());
      });
    });
  });
});

/** PROTOCOL.u2f, "SSH U2F Signatures": the form that keeps the whole answer of a browser. */
function webauthnSignature(authenticator: SoftAuthenticator, draft: Uint8Array): Uint8Array {
  const answer = authenticator.get({ rpId: 'ca.example.org', origin: ORIGIN, challenge: draft });
  const { authenticatorData, clientDataJSON, signature } = answer;
  const data = base64urlnopad.decode(authenticatorData);
  const { r, s } = decodeEcdsaSignature(base64urlnopad.decode(signature));
  return new WireWriter()
    .string('webauthn-sk-ecdsa-sha2-nistp256@openssh.com')
    .string(new WireWriter().mpint(r).mpint(s).bytes())
    .raw(data.subarray(32, 37))
    .string(ORIGIN)
    .string(base64urlnopad.decode(clientDataJSON))
    .string('')
    .bytes();
}
