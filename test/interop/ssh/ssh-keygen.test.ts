/** What `ssh-keygen -L` says of our certificates: it verifies the signature before it shows one. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Certificate } from '../../../src/ssh/certificate.ts';
import { certificateTypeName, optionValue } from '../../../src/ssh/certificate.ts';
import type { CertificateOption } from '../../../src/ssh/certificate-fields.ts';
import { formatCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { writeOpensshPrivateKey } from '../../../src/ssh/openssh-key.ts';
import type { KeyType, PublicKey } from '../../../src/ssh/public-key.ts';
import { fingerprint, formatPublicKeyLine, KEY_TYPES } from '../../../src/ssh/public-key.ts';
import { armorSshsig, encodeSshsig, signSshsig, sshsigPreimage } from '../../../src/ssh/sshsig.ts';
import { arbitraryFields } from '../../support/arbitrary-certificate.ts';
import { issue } from '../../support/certificates.ts';
import {
  generateKey,
  generateSecurityKey,
  generateSigner,
  PLAIN_KEY_TYPES,
  SECURITY_KEY_TYPES,
} from '../../support/keys.ts';
import { haveParts, program } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';

const COUNT = 1000;
const KIND: Readonly<Record<KeyType, string>> = {
  'ssh-ed25519': 'ED25519',
  'ecdsa-sha2-nistp256': 'ECDSA',
  'ecdsa-sha2-nistp384': 'ECDSA',
  'ecdsa-sha2-nistp521': 'ECDSA',
  'ssh-rsa': 'RSA',
  'sk-ssh-ed25519@openssh.com': 'ED25519-SK',
  'sk-ecdsa-sha2-nistp256@openssh.com': 'ECDSA-SK',
};

describe.runIf(haveParts({ 'ssh-keygen': 'openssh-client' }))('ssh-keygen', () => {
  let directory: string;
  let subjects: readonly PublicKey[];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-test-keygen-'));
    subjects = KEY_TYPES.flatMap((type) => [1, 2, 3].map(() => generateSigner(type).publicKey));
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each(KEY_TYPES)(
    `shows ${COUNT} random certificates by a %s CA as what they are`,
    async (type) => {
      const authority = generateSigner(type);
      const all = fc
        .sample(arbitraryFields(subjects, authority.publicKey), { numRuns: COUNT, seed: 1 })
        .map((fields) => issue(authority, fields));
      const file = join(directory, `${type}.pub`);
      await writeFile(file, all.map((certificate) => `${formatCertificateLine(certificate)}\n`).join(''));
      const { stdout, stderr, code } = await run(program('ssh-keygen'), ['-L', '-f', file], {
        env: { TZ: 'UTC' },
      });
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
      const shown = stdout.split(/^\S+:\n/m).slice(1);
      expect(shown).toHaveLength(COUNT);
      all.forEach((certificate, index) => {
        expect(shown[index]).toBe(listing(certificate));
      });
    },
    180_000,
  );

  it('refuses one whose signature is not by the key that it names', async () => {
    const good = issue(generateSigner('ssh-ed25519'));
    const bad = issue(generateSigner('ssh-ed25519'));
    const file = join(directory, 'bad.pub');
    await writeFile(file, `${formatCertificateLine({ ...good, signature: bad.signature })}\n`);
    expect((await run(program('ssh-keygen'), ['-L', '-f', file])).code).not.toBe(0);
  });

  it.each(PLAIN_KEY_TYPES)('reads the %s private key that we write', async (type) => {
    const key = generateKey(type);
    const file = join(directory, `private-${type}`);
    await writeFile(file, writeOpensshPrivateKey(key, 'a comment', 0xdeadbeef), { mode: 0o600 });
    const line = await runOrThrow(program('ssh-keygen'), ['-y', '-f', file]);
    expect(line.trim()).toBe(formatPublicKeyLine(key.publicKey, 'a comment'));
  });

  it.each([...PLAIN_KEY_TYPES, ...SECURITY_KEY_TYPES])('verifies the SSHSIG by a %s key', async (type) => {
    const message = new TextEncoder().encode('what was asked for');
    const { publicKey, blob } = signed(type, message);
    const [signature, signers] = [join(directory, `${type}.sig`), join(directory, `${type}.signers`)];
    await writeFile(signature, armorSshsig(blob));
    await writeFile(signers, `alice ${formatPublicKeyLine(publicKey)}\n`);
    const args = ['-Y', 'verify', '-f', signers, '-I', 'alice', '-n', 'usher-possession', '-s', signature];
    const good = await run(program('ssh-keygen'), args, { input: message });
    expect(good, good.stderr).toMatchObject({ code: 0 });
    expect((await run(program('ssh-keygen'), args, { input: 'something else' })).code).not.toBe(0);
  });

  it('agrees on the fingerprint of each type', async () => {
    const file = join(directory, 'all.pub');
    await writeFile(file, subjects.map((key) => `${formatPublicKeyLine(key)}\n`).join(''));
    const shown = await runOrThrow(program('ssh-keygen'), ['-l', '-f', file]);
    expect(
      shown
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[1]),
    ).toEqual(subjects.map(fingerprint));
  });

  function signed(type: KeyType, message: Uint8Array): { publicKey: PublicKey; blob: Uint8Array } {
    const securityType = SECURITY_KEY_TYPES.find((known) => known === type);
    const plainType = PLAIN_KEY_TYPES.find((known) => known === type);
    if (securityType !== undefined) {
      const { publicKey, sign } = generateSecurityKey(securityType);
      const signature = sign(sshsigPreimage('usher-possession', message));
      return { publicKey, blob: encodeSshsig(publicKey, 'usher-possession', signature) };
    }
    const key = generateKey(plainType ?? 'ssh-ed25519');
    return { publicKey: key.publicKey, blob: signSshsig(key, 'usher-possession', message) };
  }
});

/** The text that ssh-keygen.c (`print_cert`) writes, from our fields. */
function listing({ fields }: Certificate): string {
  const format = fields.authority.type === 'ssh-rsa' ? 'rsa-sha2-512' : fields.authority.type;
  const indented = (title: string, all: readonly string[]): string =>
    [`        ${title}: `, ...all.map((line) => `                ${line}`)].join('\n');
  return [
    `        Type: ${certificateTypeName(fields.subject.type)} ${fields.type} certificate`,
    `        Public key: ${KIND[fields.subject.type]}-CERT ${fingerprint(fields.subject)}`,
    `        Signing CA: ${KIND[fields.authority.type]} ${fingerprint(fields.authority)} (using ${format})`,
    `        Key ID: "${fields.keyId}"`,
    `        Serial: ${fields.serial}`,
    `        Valid: from ${time(fields.validAfter)} to ${time(fields.validBefore)}`,
    indented('Principals', fields.principals),
    fields.criticalOptions.length === 0
      ? '        Critical Options: (none)'
      : indented('Critical Options', fields.criticalOptions.map(option)),
    fields.extensions.length === 0
      ? '        Extensions: (none)'
      : indented(
          'Extensions',
          fields.extensions.map(({ name }) => name),
        ),
    '',
  ].join('\n');
}

function option(one: CertificateOption): string {
  return `${one.name} ${optionValue(one)}`;
}

function time(seconds: bigint): string {
  return new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
}
