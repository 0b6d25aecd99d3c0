/** The rules that no draft of ours breaks, whatever policy says. */
import { describe, expect, it } from 'vitest';
import {
  assembleCertificate,
  decodeDraft,
  encodeDraft,
  flagOption,
  valueOption,
} from '../../src/ssh/certificate.ts';
import type { CertificateFields, CertificateOption } from '../../src/ssh/certificate-fields.ts';
import type { SshErrorCode } from '../../src/ssh/error.ts';
import { loginFields, NOW } from '../support/certificates.ts';
import { generateSigner } from '../support/keys.ts';
import type { RawFields } from '../support/raw-certificate.ts';
import { options, rawDraft, strings } from '../support/raw-certificate.ts';

const ca = generateSigner('ssh-ed25519');
const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `user${index}`);

type Refused = readonly [situation: string, changes: Partial<CertificateFields>, code: SshErrorCode];

const REFUSED: readonly Refused[] = [
  ['without principals, which sshd takes for everybody (CVE-2024-7594)', { principals: [] }, 'bad-principal'],
  ['with 257 principals', { principals: names(257) }, 'too-long'],
  ['with an empty principal', { principals: [''] }, 'bad-principal'],
  ['with a principal twice', { principals: ['alice', 'alice'] }, 'bad-principal'],
  ['with a comma in a principal (CVE-2026-35414)', { principals: ['alice,root'] }, 'bad-principal'],
  ['with a blank in a principal', { principals: ['alice root'] }, 'bad-principal'],
  ['with a newline behind a principal', { principals: ['alice\n'] }, 'bad-principal'],
  ['with a NUL in a principal', { principals: ['alice\0root'] }, 'bad-principal'],
  ['with a wildcard principal', { principals: ['*'] }, 'bad-principal'],
  ['with a principal at a wildcard', { principals: ['alice@*'] }, 'bad-principal'],
  ['with a principal at two hosts', { principals: ['alice@web1@web2'] }, 'bad-principal'],
  ['with a principal at no host', { principals: ['alice@'] }, 'bad-principal'],
  ['with a principal in capitals', { principals: ['Alice'] }, 'bad-principal'],
  ['with a principal that looks alike (Cyrillic a)', { principals: ['аlice'] }, 'bad-principal'],
  ['with a serial of zero', { serial: 0n }, 'bad-serial'],
  ['with a serial of more than 63 bits', { serial: 2n ** 63n }, 'bad-serial'],
  ['with a negative serial', { serial: -1n }, 'bad-serial'],
  ['with a nonce of 16 bytes', { nonce: new Uint8Array(16) }, 'bad-certificate'],
  ['with an empty key id', { keyId: '' }, 'bad-key-id'],
  ['with a blank in the key id', { keyId: 'login:alice bob' }, 'bad-key-id'],
  ['with a newline in the key id, for log lines', { keyId: 'login:alice\nAccepted' }, 'bad-key-id'],
  ['with a key id of 256 characters', { keyId: 'a'.repeat(256) }, 'bad-key-id'],
  ['that ends when it begins', { validAfter: 5n, validBefore: 5n }, 'bad-validity'],
  ['that ends before it begins', { validAfter: 6n, validBefore: 5n }, 'bad-validity'],
  ['for ever', { validAfter: 0n, validBefore: 2n ** 64n - 1n }, 'bad-validity'],
  ['from the beginning of time', { validAfter: 0n, validBefore: 3600n }, 'bad-validity'],
  ['from before it', { validAfter: -300n, validBefore: 3600n }, 'bad-validity'],
  ['for more than 90 days', { validBefore: BigInt(NOW + 91 * 86_400) }, 'bad-validity'],
  ['in milliseconds on one side', { validBefore: BigInt(NOW) * 1000n }, 'bad-validity'],
  [
    'in milliseconds on both sides',
    { validAfter: BigInt(NOW) * 1000n, validBefore: BigInt(NOW + 3600) * 1000n },
    'bad-validity',
  ],
  ['with an unknown critical option', { criticalOptions: [valueOption('x@example.org', 'a')] }, 'bad-option'],
  [
    'with verify-required, which pam-ussh refuses',
    { criticalOptions: [flagOption('verify-required')] },
    'bad-option',
  ],
  ['with an unknown extension', { extensions: [flagOption('x@example.org')] }, 'bad-option'],
  ['with no-touch-required', { extensions: [flagOption('no-touch-required')] }, 'bad-option'],
  [
    'with a critical option among the extensions',
    { extensions: [flagOption('force-command')] },
    'bad-option',
  ],
  [
    'with extensions out of byte order, which pam-ussh refuses',
    { extensions: [flagOption('permit-pty'), flagOption('permit-agent-forwarding')] },
    'bad-option',
  ],
  [
    'with an extension twice',
    { extensions: [flagOption('permit-pty'), flagOption('permit-pty')] },
    'bad-option',
  ],
  [
    'with critical options out of order',
    { criticalOptions: critical('source-address', 'force-command') },
    'bad-option',
  ],
  [
    'with a critical option twice',
    { criticalOptions: critical('force-command', 'force-command') },
    'bad-option',
  ],
  ['with an extension that has a value', { extensions: [valueOption('permit-pty', 'x')] }, 'bad-option'],
  [
    'with a critical option without a value',
    { criticalOptions: [flagOption('force-command')] },
    'bad-option',
  ],
  ['with an empty value', { criticalOptions: [valueOption('source-address', '')] }, 'bad-option'],
  ['with a value that is not wrapped', { criticalOptions: [unwrapped('/bin/true')] }, 'bad-option'],
  ['with bytes behind a wrapped value', { criticalOptions: [trailing('/bin/true')] }, 'bad-option'],
  ['of a host with an extension', { type: 'host' }, 'bad-option'],
  [
    'of a host with a critical option',
    { type: 'host', extensions: [], criticalOptions: critical('source-address') },
    'bad-option',
  ],
];

describe('a draft is refused', () => {
  it.each(REFUSED)('%s', (_, changes, code) => {
    expect(() => encodeDraft(loginFields(changes))).toThrow(
      expect.objectContaining({ name: 'SshError', code }),
    );
  });
});

describe('bytes that claim to be a draft are refused', () => {
  it.each<[string, Partial<RawFields>]>([
    ['without principals', { principals: new Uint8Array() }],
    ['with a comma in a principal', { principals: strings('alice,root') }],
    [
      'with extensions out of order',
      { extensions: options(['permit-pty', ''], ['permit-X11-forwarding', '']) },
    ],
    ['with a serial of zero', { serial: 0n }],
    ['in milliseconds', { validAfter: BigInt(NOW) * 1000n, validBefore: BigInt(NOW + 3600) * 1000n }],
  ])('%s', (_, changes) => {
    expect(() => decodeDraft(rawDraft(ca, changes))).toThrow(expect.objectContaining({ name: 'SshError' }));
  });

  it('with a signature behind it', () => {
    const draft = rawDraft(ca);
    expect(decodeDraft(draft).keyId).toBe('login:alice:AAAAAAAA');
    expect(() => decodeDraft(assembleCertificate(draft, ca.sign(draft)))).toThrow(
      expect.objectContaining({ code: 'trailing-bytes' }),
    );
  });
});

describe('a draft is made', () => {
  it.each<[string, Partial<CertificateFields>]>([
    ['for one login', {}],
    ['for 256 principals', { principals: names(256) }],
    [
      'for logins at hosts and groups',
      { principals: ['alice@web1', 'alice@web', 'sudoer@web1.example.org'] },
    ],
    ['for a host', { type: 'host', principals: ['web1.example.org', '1and1.example.org'], extensions: [] }],
    ['with the highest serial', { serial: 2n ** 63n - 1n }],
    ['for 90 days', { validBefore: BigInt(NOW + 90 * 86_400) }],
    ['with both critical options', { criticalOptions: critical('force-command', 'source-address') }],
    ['without extensions', { extensions: [] }],
  ])('%s', (_, changes) => {
    const fields = loginFields(changes);
    expect(decodeDraft(encodeDraft(fields))).toEqual(fields);
  });
});

function critical(...all: readonly string[]): readonly CertificateOption[] {
  return all.map((name) => valueOption(name, '192.0.2.1/32'));
}

function unwrapped(value: string): CertificateOption {
  return { name: 'force-command', data: new TextEncoder().encode(value) };
}

function trailing(value: string): CertificateOption {
  return { name: 'force-command', data: Uint8Array.of(...valueOption('', value).data, 0) };
}
