import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  certificateTypeName,
  decodeCertificate,
  decodeDraft,
  encodeDraft,
  flagOption,
  optionValue,
  valueOption,
} from '../../src/ssh/certificate.ts';
import { formatCertificateLine, parseCertificateLine } from '../../src/ssh/certificate-line.ts';
import { inspectCertificateSignature } from '../../src/ssh/certificate-signature.ts';
import { KEY_TYPES } from '../../src/ssh/public-key.ts';
import { arbitraryFields } from '../support/arbitrary-certificate.ts';
import { issue, loginFields } from '../support/certificates.ts';
import { generateSecurityKey, generateSigner } from '../support/keys.ts';
import { rawCertificate, rawDraftOf } from '../support/raw-certificate.ts';

const SIGNERS = KEY_TYPES.map((type) => generateSigner(type));
const subjects = SIGNERS.map(({ publicKey }) => publicKey);

describe('a draft', () => {
  it.each(SIGNERS)(
    'to be signed by $publicKey.type decodes to its fields and encodes to its bytes',
    ({ publicKey }) => {
      fc.assert(
        fc.property(arbitraryFields(subjects, publicKey), (fields) => {
          const draft = encodeDraft(fields);
          expect(decodeDraft(draft)).toEqual(fields);
          expect(rawDraftOf(fields)).toEqual(draft);
        }),
        { numRuns: 50 },
      );
    },
  );
});

describe('a certificate', () => {
  it.each(SIGNERS)(
    'by $publicKey.type keeps its exact draft and comes through a line of text',
    (authority) => {
      const certificate = issue(authority);
      expect(encodeDraft(certificate.fields)).toEqual(certificate.draft);
      expect(parseCertificateLine(formatCertificateLine(certificate, 'a comment'))).toEqual({
        certificate,
        comment: 'a comment',
      });
    },
  );

  it('that we would not issue is read all the same, to be shown', () => {
    const blob = rawCertificate(generateSigner('ssh-ed25519'), { principals: new Uint8Array(), serial: 0n });
    expect(decodeCertificate(blob).fields).toMatchObject({ principals: [], serial: 0n });
  });

  it('by a security key tells of presence and verification, which sshd does not look at', () => {
    for (const [flags, userPresent, userVerified] of [
      [0, false, false],
      [1, true, false],
      [5, true, true],
    ] as const) {
      const key = generateSecurityKey('sk-ecdsa-sha2-nistp256@openssh.com');
      const certificate = issue({
        publicKey: key.publicKey,
        sign: (message) => key.sign(message, { flags }),
      });
      expect(inspectCertificateSignature(certificate)).toMatchObject({
        valid: true,
        securityKey: { userPresent, userVerified },
      });
    }
  });

  it('has the type names of OpenSSH', () => {
    expect(KEY_TYPES.map(certificateTypeName)).toEqual([
      'ssh-ed25519-cert-v01@openssh.com',
      'ecdsa-sha2-nistp256-cert-v01@openssh.com',
      'ecdsa-sha2-nistp384-cert-v01@openssh.com',
      'ecdsa-sha2-nistp521-cert-v01@openssh.com',
      'ssh-rsa-cert-v01@openssh.com',
      'sk-ssh-ed25519-cert-v01@openssh.com',
      'sk-ecdsa-sha2-nistp256-cert-v01@openssh.com',
    ]);
  });
});

describe('an option', () => {
  it('with a value gives it back, one without gives none', () => {
    expect(optionValue(valueOption('force-command', 'a=b,"c"'))).toBe('a=b,"c"');
    expect(optionValue(flagOption('permit-pty'))).toBeUndefined();
    expect(optionValue({ name: 'x', data: Uint8Array.of(0, 0, 0, 1, 65, 0) })).toBeUndefined();
  });
});

it('fields that name a subject twice as authority still make two different places on the wire', () => {
  const [key] = subjects;
  if (key === undefined) throw new Error('no key');
  const fields = loginFields({ subject: key, authority: key });
  expect(decodeDraft(encodeDraft(fields))).toEqual(fields);
});
