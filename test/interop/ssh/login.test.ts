/** Whether a real sshd lets our certificates in: for each type of CA key and each type of subject key. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { valueOption } from '../../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import { formatCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { readSecurityKeyFile, writeOpensshPrivateKey } from '../../../src/ssh/openssh-key.ts';
import type { KeyType, PublicKey } from '../../../src/ssh/public-key.ts';
import { formatPublicKeyLine, KEY_TYPES } from '../../../src/ssh/public-key.ts';
import { issue, validNow } from '../../support/certificates.ts';
import type { TestSigner } from '../../support/keys.ts';
import { generateKey, generateSigner } from '../../support/keys.ts';
import { haveParts, program } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import { SK_DUMMY } from '../../support/ssh-agent.ts';
import type { Sshd } from '../../support/sshd.ts';
import { LOGIN, SSHD_PARTS, startSshd } from '../../support/sshd.ts';

const PRINCIPAL = `${LOGIN}@web1`;

interface Subject {
  readonly file: string;
  readonly key: PublicKey;
}

describe.runIf(haveParts({ ...SSHD_PARTS, 'ssh-keygen': 'openssh-client', [SK_DUMMY]: 'openssh-tests' }))(
  'a real sshd',
  () => {
    let server: Sshd;
    let directory: string;
    let count = 0;
    const authorities = new Map<KeyType, TestSigner>();
    const subjects = new Map<KeyType, Subject>();

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'usher-test-login-'));
      for (const type of KEY_TYPES) authorities.set(type, generateSigner(type));
      for (const type of KEY_TYPES) subjects.set(type, await makeSubject(directory, type));
      server = await startSshd({
        authorities: [...authorities.values()].map(({ publicKey }) => formatPublicKeyLine(publicKey)),
        principals: { [LOGIN]: [PRINCIPAL, `${LOGIN}@web`] },
      });
    });

    afterAll(async () => {
      await server?.stop();
      await rm(directory, { recursive: true, force: true });
    });

    async function login(authority: TestSigner, subject: Subject, changes: Partial<CertificateFields> = {}) {
      const certificate = issue(authority, {
        subject: subject.key,
        principals: [PRINCIPAL],
        ...validNow(),
        ...changes,
      });
      const certificateFile = join(directory, `certificate-${count++}.pub`);
      await writeFile(certificateFile, `${formatCertificateLine(certificate)}\n`);
      const args = ['-o', `SecurityKeyProvider=${SK_DUMMY}`];
      return server.login({ identityFile: subject.file, certificateFile, args, command: 'echo in' });
    }

    const cases = KEY_TYPES.flatMap((authority) => KEY_TYPES.map((subject) => ({ authority, subject })));

    it.concurrent.for(cases)(
      'lets in a $subject key certified by a $authority CA',
      async (types, { expect }) => {
        const result = await login(get(authorities, types.authority), get(subjects, types.subject));
        expect(result, result.stderr).toMatchObject({ code: 0, stdout: 'in\n' });
      },
    );

    it.concurrent.for<[string, Partial<CertificateFields>]>([
      ['for another host', { principals: [`${LOGIN}@web2`] }],
      ['for the bare login where hosts are named', { principals: [LOGIN] }],
      ['that is expired', { validAfter: 1_700_000_000n, validBefore: 1_700_003_600n }],
      ['that is not valid yet', { validAfter: 4_000_000_000n, validBefore: 4_000_003_600n }],
      ['of a host', { type: 'host', extensions: [] }],
      ['for another source address', { criticalOptions: [sourceAddress('192.0.2.0/24')] }],
    ])('refuses a certificate %s', async ([, changes], { expect }) => {
      const result = await login(get(authorities, 'ssh-ed25519'), get(subjects, 'ssh-ed25519'), changes);
      expect(result.code).toBe(255);
      expect(result.stderr).toMatch(/Permission denied/);
    });

    it('refuses a certificate of a CA that it does not trust', async () => {
      const result = await login(generateSigner('ssh-ed25519'), get(subjects, 'ssh-ed25519'));
      expect(result.code).toBe(255);
    });

    it('lets in from the source address that a certificate names', async () => {
      const changes = { criticalOptions: [sourceAddress('127.0.0.0/8,::1/128')] };
      const result = await login(get(authorities, 'ssh-ed25519'), get(subjects, 'ssh-ed25519'), changes);
      expect(result, result.stderr).toMatchObject({ code: 0 });
    });
  },
);

function get<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`there is no ${String(key)}`);
  return value;
}

function sourceAddress(list: string) {
  return valueOption('source-address', list);
}

async function makeSubject(directory: string, type: KeyType): Promise<Subject> {
  const file = join(directory, type.replace('@openssh.com', ''));
  if (type === 'sk-ssh-ed25519@openssh.com' || type === 'sk-ecdsa-sha2-nistp256@openssh.com') {
    const name = type === 'sk-ssh-ed25519@openssh.com' ? 'ed25519-sk' : 'ecdsa-sk';
    await runOrThrow(program('ssh-keygen'), ['-q', '-t', name, '-w', SK_DUMMY, '-N', '', '-f', file]);
    return { file, key: readSecurityKeyFile(await readFile(file, 'utf8')).publicKey };
  }
  const key = generateKey(type);
  await writeFile(file, writeOpensshPrivateKey(key, '', 1), { mode: 0o600 });
  return { file, key: key.publicKey };
}
