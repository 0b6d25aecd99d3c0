/** What hosts and authority write to each other has one spelling, and counts only with its signatures. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatCertificatesBody,
  formatCertificatesDocument,
  MAX_SIGNED_CERTIFICATES_CHARACTERS,
  openCertificatesBody,
  openCertificatesDocument,
} from '../../../src/fleet/host/certificates-document.ts';
import {
  formatCertificatesReply,
  parseCertificatesReply,
} from '../../../src/fleet/host/certificates-reply.ts';
import { formatFetch, openFetch } from '../../../src/fleet/host/fetch-document.ts';
import { formatReport, openReport } from '../../../src/fleet/host/report-document.ts';
import { openSigned } from '../../../src/fleet/host/signed-document.ts';
import type { TokenFile } from '../../../src/fleet/host/token-file.ts';
import { formatTokenFile, parseTokenFile } from '../../../src/fleet/host/token-file.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { issue } from '../../support/certificates.ts';
import { codeOf } from '../../support/code-of.ts';
import { generateKey, generateSecurityKey, generateSigner } from '../../support/keys.ts';
import {
  CERTIFICATES,
  EC,
  ED,
  FETCH,
  NEXT,
  REPORT,
  SECRET,
  signedBy,
  signedCertificates,
} from './documents.ts';

const TOKEN: TokenFile = {
  authority: 'https://ca.example.org',
  host: 'web1',
  bundleKey: ED.publicKey,
  token: SECRET,
  until: 1_800_003_600,
};
const REPLY = {
  host: 'web1',
  generation: 4,
  certificates: [issue(generateSigner('ssh-ed25519'), { type: 'host', extensions: [] })],
};

/** Each with its one spelling, unsigned, and the function that reads it. */
const FORMS: readonly [name: string, text: string, read: (text: string) => unknown][] = [
  ['a token file', formatTokenFile(TOKEN), parseTokenFile],
  ['a reply', formatCertificatesReply(REPLY), parseCertificatesReply],
  [
    'a request for certificates',
    formatCertificatesDocument(CERTIFICATES),
    (text) => openCertificatesDocument(signedBy(text, [ED, EC])),
  ],
  ['a fetch', formatFetch(FETCH), (text) => openFetch(signedBy(text, [ED]))],
  ['a report', formatReport(REPORT), (text) => openReport(signedBy(text, [ED]))],
];

describe.each(FORMS)('%s', (_name, text, read) => {
  it('is lines of ASCII, a name and a value each', () => {
    expect(text).toMatch(/^usher host [a-z]+ v1\n([a-z0-9-]+ [\x21-\x7e][\x20-\x7e]*\n)+$/);
    expect(() => read(text)).not.toThrow();
  });

  it.each<[string, (text: string) => string]>([
    ['is of another version', (t) => t.replace(' v1\n', ' v2\n')],
    ['has no end of its last line', (t) => t.slice(0, -1)],
    ['has an empty line', (t) => `${t}\n`],
    ['has a line that nobody knows', (t) => `${t}note hello\n`],
    ['has its lines in another order', (t) => t.replace(/^(.*\n)(.*\n)(.*\n)/, '$1$3$2')],
    ['lacks a line', (t) => t.replace(/\nhost .*\n/, '\n')],
    ['has a line twice', (t) => t.replace(/\n(host .*\n)/, '\n$1$1')],
    ['has two blanks', (t) => t.replace('host web1', 'host  web1')],
    ['ends a line with a blank', (t) => t.replace('host web1\n', 'host web1 \n')],
    ['has lines of Windows', (t) => t.replaceAll('\n', '\r\n')],
    ['names a host in capitals', (t) => t.replace('host web1', 'host WEB1')],
    ['names a path as host', (t) => t.replace('host web1', 'host ../web1')],
    ['holds a zero byte', (t) => t.replace('host web1', 'host web1\0')],
  ])('%s: refused', (_fault, change) => {
    const changed = change(text);
    expect(changed).not.toBe(text);
    expect(['bad-document', 'bad-signature']).toContain(codeOf(() => read(changed)));
  });

  it('has no other spelling that is read', () => {
    const at = fc.nat(text.length);
    const insertion = fc.constantFrom('', '0', ' ', '\n', '\t', '+', 'a', '-', '=', 'é');
    fc.assert(
      fc.property(at, fc.nat(2), insertion, (position, cut, inserted) => {
        const changed = text.slice(0, position) + inserted + text.slice(position + cut);
        // What is read says something else: it is written back as it came.
        const read1 = attempt(() => read(changed));
        expect(read1 === undefined || changed === text || !sameJson(read1, read(text))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a token file', () => {
  it('gives back what it was made from', () => {
    expect(parseTokenFile(formatTokenFile(TOKEN))).toEqual(TOKEN);
  });

  it.each<[string, string, string]>([
    ['an authority over plain http', 'authority https://ca.example.org', 'authority http://ca.example.org'],
    ['an authority with a path', 'authority https://ca.example.org', 'authority https://ca.example.org/x'],
    ['a short token', SECRET, SECRET.slice(1)],
    ['a time with a sign', 'until 1', 'until +1'],
    ['a time with a zero', 'until 1', 'until 01'],
    ['a comment behind the key', formatPublicKeyLine(ED.publicKey), formatPublicKeyLine(ED.publicKey, 'x')],
    ['a security key', formatPublicKeyLine(ED.publicKey), securityKeyLine()],
  ])('%s: refused', (_fault, from, to) => {
    expect(codeOf(() => parseTokenFile(formatTokenFile(TOKEN).replace(from, to)))).toBe('bad-document');
  });
});

describe('a request for certificates', () => {
  const body = (signed = signedCertificates()) => formatCertificatesBody(SECRET, signed);

  it('gives back what it was made from, and what the log keeps has no secret', () => {
    const request = openCertificatesBody(body());
    expect(request).toMatchObject({ ...CERTIFICATES, secret: SECRET });
    expect(request.signed).not.toContain(SECRET);
    expect(openCertificatesDocument(request.signed)).toEqual(CERTIFICATES);
  });

  it.each<[string, () => string]>([
    ['one key has not signed', () => signedCertificates({}, [ED])],
    ['the signatures are in another order', () => signedCertificates({}, [EC, ED])],
    ['one key has signed twice', () => signedCertificates({}, [ED, ED])],
    ['another key has signed too', () => signedCertificates({}, [ED, EC, generateKey('ssh-ed25519')])],
    [
      'another key has signed instead',
      () => signedCertificates({}, [ED, generateKey('ecdsa-sha2-nistp256')]),
    ],
    ['nobody has signed', () => formatCertificatesDocument(CERTIFICATES)],
    [
      'it is signed in another namespace',
      () => signedBy(formatCertificatesDocument(CERTIFICATES), [ED, EC], 'file'),
    ],
    ['there is text behind the signatures', () => `${signedCertificates()}more\n`],
    ['a signature is cut', () => signedCertificates().slice(0, -60)],
    ['the text was changed', () => signedCertificates().replace('generation 3', 'generation 4')],
    [
      'there are nine signatures',
      () =>
        signedCertificates(
          {},
          Array.from({ length: 9 }, () => ED),
        ),
    ],
  ])('%s: refused', (_fault, signed) => {
    expect(codeOf(() => openCertificatesBody(body(signed())))).toBe('bad-signature');
  });

  it.each<[string, string]>([
    ['no secret', signedCertificates()],
    ['another secret', formatCertificatesBody(NEXT, signedCertificates())],
    ['a secret of another form', body().replace(SECRET, 'A'.repeat(44))],
    ['two secrets', `secret ${SECRET}\n${body()}`],
    ['nothing', ''],
  ])('%s: refused', (_fault, text) => {
    expect(['bad-document', 'bad-signature']).toContain(codeOf(() => openCertificatesBody(text)));
  });

  it('renews with a new secret', () => {
    expect(codeOf(() => signedCertificates({ nextHash: CERTIFICATES.secretHash }))).toBe('bad-document');
  });

  it.each<[string, () => string]>([
    ['no key', () => formatCertificatesDocument({ ...CERTIFICATES, keys: [] })],
    [
      'a key twice',
      () => formatCertificatesDocument({ ...CERTIFICATES, keys: [ED.publicKey, ED.publicKey] }),
    ],
    ['nine keys', () => formatCertificatesDocument({ ...CERTIFICATES, keys: nineKeys() })],
  ])('%s: never written, never read', (_fault, write) => {
    expect(codeOf(write)).toBe('bad-document');
  });

  it.each<[string, string]>([
    ['DSA', 'ssh-dss AAAAB3NzaC1kc3MAAAAA'],
    ['a certificate', certificateLine()],
    ['a security key', securityKeyLine()],
    ['a key with a comment', `${formatPublicKeyLine(ED.publicKey)} root@web1`],
  ])('%s as key: refused', (_fault, line) => {
    const text = formatCertificatesDocument(CERTIFICATES).replace(formatPublicKeyLine(EC.publicKey), line);
    expect(codeOf(() => openCertificatesDocument(signedBy(text, [ED, EC])))).toBe('bad-document');
  });

  it('is measured before it is read', () => {
    const long = `${formatCertificatesDocument(CERTIFICATES)}${'x'.repeat(MAX_SIGNED_CERTIFICATES_CHARACTERS)}`;
    expect(codeOf(() => openCertificatesDocument(long))).toBe('bad-document');
  });
});

describe('a signature', () => {
  it('covers every character', () => {
    const signed = signedBy(formatFetch(FETCH), [ED]);
    const end = signed.indexOf('-----BEGIN');
    for (let at = 0; at < end; at++) {
      const changed = `${signed.slice(0, at)}${signed[at] === '1' ? '2' : '1'}${signed.slice(at + 1)}`;
      expect(codeOf(() => openSigned(changed))).toBe('bad-signature');
    }
  });

  it('stands beside at most seven others', () => {
    const times = (count: number) => Array.from({ length: count }, () => ED);
    expect(openSigned(signedBy(formatFetch(FETCH), times(8))).signers).toHaveLength(8);
    expect(codeOf(() => openSigned(signedBy(formatFetch(FETCH), times(9))))).toBe('bad-signature');
  });

  it('of a fetch is one', () => {
    expect(codeOf(() => openFetch(signedBy(formatFetch(FETCH), [ED, EC])))).toBe('bad-document');
    expect(openFetch(signedBy(formatFetch(FETCH), [EC]))).toEqual({ ...FETCH, signer: EC.publicKey });
  });

  it('of a fetch is none of a report', () => {
    expect(codeOf(() => openReport(signedBy(formatFetch(FETCH), [ED])))).toBe('bad-document');
    expect(codeOf(() => openFetch(signedBy(formatReport(REPORT), [ED])))).toBe('bad-document');
  });
});

describe('a report', () => {
  it('gives back what it was made from', () => {
    expect(openReport(signedBy(formatReport(REPORT), [ED]))).toEqual({ ...REPORT, signer: ED.publicKey });
  });

  it('may be of a host with a thousand certificates to tell of', () => {
    const seen = Array.from({ length: 1000 }, (_, index) => ({
      purpose: 'builder' as const,
      serial: 0xffff_ffff_ffff_ffffn - BigInt(index),
    }));
    const key = `SHA256:${'a'.repeat(43)}`;
    const trusts = Array.from({ length: 64 }, () => ({ purpose: 'builder' as const, key }));
    const problems = Array.from({ length: 10 }, () => 'x'.repeat(200));
    const report = { ...REPORT, seen, trusts, problems };
    expect(openReport(signedBy(formatReport(report), [ED]))).toMatchObject({ seen, trusts, problems });
  });

  it.each<[string, Partial<typeof REPORT>]>([
    ['1001 serials', { seen: Array.from({ length: 1001 }, () => ({ purpose: 'login', serial: 1n })) }],
    ['9 shown serials', { shows: Array.from({ length: 9 }, () => 1n) }],
    ['11 problems', { problems: Array.from({ length: 11 }, () => 'x') }],
    [
      '65 keys',
      { trusts: Array.from({ length: 65 }, () => ({ purpose: 'login', key: `SHA256:${'a'.repeat(43)}` })) },
    ],
    ['a problem of two lines', { problems: ['a\nseen login 1'] }],
    ['a problem that is empty', { problems: [''] }],
    ['a version that is not ASCII', { openssh: 'OpenSSH é' }],
    ['a key that is no fingerprint', { trusts: [{ purpose: 'login', key: 'MD5:00' }] }],
    ['a nonce in capitals', { nonce: 'A'.repeat(32) }],
  ])('%s: never written', (_fault, changes) => {
    expect(codeOf(() => formatReport({ ...REPORT, ...changes }))).toBe('bad-document');
  });

  it.each<[string, string, string]>([
    ['another purpose', 'seen login 0', 'seen host 0'],
    ['a serial beyond 64 bits', 'seen login 0', 'seen login 18446744073709551616'],
    ['a serial with a zero', 'seen login 0', 'seen login 00'],
    ['a serial in hex', 'seen login 0', 'seen login 0x0'],
    ['no serial', 'seen login 0', 'seen login'],
  ])('%s: refused', (_fault, from, to) => {
    const text = formatReport(REPORT).replace(from, to);
    expect(codeOf(() => openReport(signedBy(text, [ED])))).toBe('bad-document');
  });
});

function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function sameJson(a: unknown, b: unknown): boolean {
  const json = (value: unknown) => JSON.stringify(value, (_key, v) => (typeof v === 'bigint' ? `${v}` : v));
  return json(a) === json(b);
}

function nineKeys() {
  return Array.from({ length: 9 }, () => generateKey('ssh-ed25519').publicKey);
}

function securityKeyLine(): string {
  return formatPublicKeyLine(generateSecurityKey('sk-ssh-ed25519@openssh.com').publicKey);
}

function certificateLine(): string {
  return formatCertificatesReply(REPLY).split('certificate ')[1]?.trim() ?? '';
}
