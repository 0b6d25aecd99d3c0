/**
 * x/crypto's CertChecker and we judge the same certificates. What we would issue, it must accept; what it refuses, we must never issue. Where it accepts
 * what we refuse, the reason stands beside the case.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decodeCertificate,
  decodeDraft,
  encodeCertificate,
  flagOption,
  valueOption,
} from '../../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import { verifyCertificateSignature } from '../../../src/ssh/certificate-signature.ts';
import { SshError } from '../../../src/ssh/error.ts';
import type { KeyType } from '../../../src/ssh/public-key.ts';
import { encodePublicKey, KEY_TYPES, samePublicKey } from '../../../src/ssh/public-key.ts';
import { WireWriter } from '../../../src/ssh/wire.ts';
import { arbitraryFields } from '../../support/arbitrary-certificate.ts';
import { issue, loginFields, NOW } from '../../support/certificates.ts';
import type { TestSigner } from '../../support/keys.ts';
import { generateSigner } from '../../support/keys.ts';
import { haveParts } from '../../support/parts.ts';
import type { RawFields } from '../../support/raw-certificate.ts';
import { options, rawCertificate, rawDraft, strings } from '../../support/raw-certificate.ts';
import type { Xcrypto, XcryptoCase } from '../../support/xcrypto.ts';
import { startXcrypto, XCRYPTO_PARTS } from '../../support/xcrypto.ts';

const SIGNERS = new Map<KeyType, TestSigner>(KEY_TYPES.map((type) => [type, generateSigner(type)]));
const ca = signer('ssh-ed25519');
const authorities = [...SIGNERS.values()].map(({ publicKey }) => publicKey);

interface Judged {
  readonly blob: Uint8Array;
  /** What we say, and what x/crypto says when that is something else. */
  readonly ours: boolean;
  readonly theirs?: boolean;
  readonly changes?: Partial<XcryptoCase>;
}

const good = issue(ca, { principals: ['alice'] });

/** Those that both judge alike. */
const CASES: Readonly<Record<string, Judged>> = {
  'a plain login certificate': same(true, encodeCertificate(good)),
  'the second of its principals': same(true, ours({ principals: ['bob', 'alice'] })),
  'a principal at a host': {
    ...same(true, ours({ principals: ['alice@web1'] })),
    changes: { principals: ['alice@web1'] },
  },
  '256 principals': same(
    true,
    ours({ principals: [...Array(255).keys()].map((n) => `user${n}`).concat('alice') }),
  ),
  'no extensions': same(true, ours({ extensions: [] })),
  'all extensions': same(
    true,
    ours({
      extensions: ['X11-forwarding', 'agent-forwarding', 'port-forwarding', 'pty', 'user-rc'].map((name) =>
        flagOption(`permit-${name}`),
      ),
    }),
  ),
  'source-address': same(true, ours({ criticalOptions: [valueOption('source-address', '10.0.0.0/8')] })),
  'force-command where it is enforced': {
    ...same(true, ours({ criticalOptions: [valueOption('force-command', '/bin/true')] })),
    changes: { supportedCriticalOptions: ['force-command'] },
  },
  'in its first second': { ...same(true, encodeCertificate(good)), changes: { time: NOW - 300 } },
  'in its last second': { ...same(true, encodeCertificate(good)), changes: { time: NOW + 3599 } },
  'another principal': { ...same(false, encodeCertificate(good)), changes: { principals: ['bob'] } },
  'a principal in capitals': { ...same(false, encodeCertificate(good)), changes: { principals: ['ALICE'] } },
  'part of a principal': { ...same(false, encodeCertificate(good)), changes: { principals: ['alic'] } },
  'one second too early': { ...same(false, encodeCertificate(good)), changes: { time: NOW - 301 } },
  'one second too late': { ...same(false, encodeCertificate(good)), changes: { time: NOW + 3600 } },
  'no authority at all': { ...same(false, encodeCertificate(good)), changes: { authorities: [] } },
  'an authority that nobody trusts': same(
    false,
    encodeCertificate(issue(generateSigner('ssh-ed25519'), { principals: ['alice'] })),
  ),
  'a host certificate for a user': same(false, ours({ type: 'host', extensions: [] })),
  'a user certificate for a host': { ...same(false, encodeCertificate(good)), changes: { as: 'host' } },
  'a host certificate for its host': {
    ...same(true, ours({ type: 'host', principals: ['web1.example.org'], extensions: [] })),
    changes: { as: 'host', principals: ['web1.example.org'] },
  },
  'a host certificate for another host': {
    ...same(false, ours({ type: 'host', principals: ['web1.example.org'], extensions: [] })),
    changes: { as: 'host', principals: ['web2.example.org'] },
  },
  'a changed principal': {
    ...same(false, replaced(encodeCertificate(good), 'alice', 'alicf')),
    changes: { principals: ['alicf'] },
  },
  'the signature of another certificate': same(
    false,
    encodeCertificate({ ...good, signature: issue(ca).signature }),
  ),
  'a signature by another key under the CA name': same(false, impostor()),
  'an empty signature': same(false, encodeCertificate({ ...good, signature: new Uint8Array() })),
  'a signature that is cut': same(
    false,
    encodeCertificate({ ...good, signature: good.signature.subarray(0, -1) }),
  ),
  'a signature of another format': same(
    false,
    encodeCertificate({ ...good, signature: strings('ssh-rsa', new Uint8Array(64)) }),
  ),
  'bytes behind the certificate': same(false, Uint8Array.of(...encodeCertificate(good), 0)),
  'a certificate that is cut': same(false, encodeCertificate(good).subarray(0, -1)),
  'a plain key': same(false, encodePublicKey(good.fields.subject)),
  'a certificate as CA': same(false, raw({ authority: encodeCertificate(good) })),
  'extensions out of order': same(
    false,
    raw({ extensions: options(['permit-pty', ''], ['permit-X11-forwarding', '']) }),
  ),
  'an extension twice': same(false, raw({ extensions: options(['permit-pty', ''], ['permit-pty', '']) })),
  'critical options out of order': same(
    false,
    raw({ criticalOptions: options(['source-address', '10.0.0.0/8'], ['force-command', 'a']) }),
  ),
  'a value that is not wrapped': same(
    false,
    raw({ criticalOptions: strings('source-address', '10.0.0.0/8') }),
  ),
  'an unknown critical option': same(false, raw({ criticalOptions: options(['x@example.org', 'a']) })),
  'verify-required, a critical option that it does not know': same(
    false,
    raw({ criticalOptions: options(['verify-required', '']) }),
  ),
  'the webauthn form of a security key signature': same(false, webauthn()),
};

/** Those that only we refuse, and why. */
const STRICTER: Readonly<Record<string, Judged>> = {
  'no principals: everybody, to a Go server': stricter(raw({ principals: new Uint8Array() })),
  'a comma in a principal (CVE-2026-35414)': stricter(raw({ principals: strings('alice,root', 'alice') })),
  'serial zero: it can not be revoked': stricter(raw({ serial: 0n })),
  'a serial of 64 bits': stricter(raw({ serial: 2n ** 64n - 1n })),
  'validity for ever': stricter(raw({ validAfter: 0n, validBefore: 2n ** 64n - 1n })),
  'validity for a year': stricter(raw({ validBefore: BigInt(NOW + 365 * 86_400) })),
  'an end in milliseconds': stricter(raw({ validBefore: BigInt(NOW) * 1000n })),
  'an unknown extension': stricter(raw({ extensions: options(['x@example.org', '']) })),
  'a key id with a newline': stricter(raw({ keyId: 'login:alice\nAccepted publickey' })),
  'something in the reserved field': stricter(raw({ reserved: strings('x') })),
  'a nonce of 16 bytes': stricter(raw({ nonce: new Uint8Array(16) })),
};

describe.runIf(haveParts(XCRYPTO_PARTS))('x/crypto', () => {
  let xcrypto: Xcrypto;

  beforeAll(async () => {
    xcrypto = await startXcrypto();
  }, 300_000);

  afterAll(() => xcrypto?.stop());

  it.each(Object.entries({ ...CASES, ...STRICTER }))('and we judge: %s', async (id, judged) => {
    const asked = caseOf(id, judged);
    const [answer] = await xcrypto.ask([asked]);
    expect(weAccept(asked), 'we').toBe(judged.ours);
    expect(answer?.accepted, `x/crypto: ${answer?.reason}`).toBe(judged.theirs ?? judged.ours);
  });

  const pairs = KEY_TYPES.flatMap((authority) => KEY_TYPES.map((subject) => [authority, subject] as const));

  it.each(pairs)(
    'accepts a certificate by a %s CA for a %s key, and no changed one',
    async (authority, subject) => {
      const certificate = issue(signer(authority), {
        subject: signer(subject).publicKey,
        principals: ['alice'],
      });
      const blob = encodeCertificate(certificate);
      const changed = replaced(blob, 'alice', 'root_');
      const [first, second] = await xcrypto.ask([
        caseOf('good', { blob, ours: true }),
        caseOf('changed', { blob: changed, ours: false, changes: { principals: ['root_'] } }),
      ]);
      expect(first).toMatchObject({ accepted: true, reason: '' });
      expect(second).toMatchObject({ accepted: false });
    },
  );

  it('accepts 500 random certificates of ours for each of their principals', async () => {
    const all = fc
      .sample(arbitraryFields(authorities, ca.publicKey), { numRuns: 500, seed: 2 })
      .map((fields, index) =>
        asIssued(issue(ca, fields).fields, encodeCertificate(issue(ca, fields)), index),
      );
    const answers = await xcrypto.ask(all);
    expect(answers.filter(({ accepted }) => !accepted)).toEqual([]);
  });
});

function signer(type: KeyType): TestSigner {
  const found = SIGNERS.get(type);
  if (found === undefined) throw new Error(`no signer of type ${type}`);
  return found;
}

function same(verdict: boolean, blob: Uint8Array): Judged {
  return { blob, ours: verdict };
}

function stricter(blob: Uint8Array): Judged {
  return { blob, ours: false, theirs: true };
}

function ours(changes: Partial<CertificateFields>): Uint8Array {
  return encodeCertificate(issue(ca, loginFields({ principals: ['alice'], ...changes })));
}

function raw(changes: Partial<RawFields>): Uint8Array {
  return rawCertificate(ca, changes);
}

function impostor(): Uint8Array {
  const other = generateSigner('ssh-ed25519');
  const liar = { publicKey: ca.publicKey, sign: (message: Uint8Array) => other.sign(message) };
  return rawCertificate(liar);
}

function webauthn(): Uint8Array {
  const authority = signer('sk-ecdsa-sha2-nistp256@openssh.com');
  const draft = rawDraft(authority);
  const signature = new WireWriter()
    .string('webauthn-sk-ecdsa-sha2-nistp256@openssh.com')
    .string(strings(Uint8Array.of(1), Uint8Array.of(1)))
    .byte(1)
    .uint32(1)
    .string('https://ca.example.org')
    .string('{}')
    .string('')
    .bytes();
  return new WireWriter().raw(draft).string(signature).bytes();
}

/** The bytes with the first string that is `text` replaced by another of the same length. */
function replaced(blob: Uint8Array, text: string, other: string): Uint8Array {
  const at = Buffer.from(blob).indexOf(strings(text));
  if (at < 0 || text.length !== other.length) throw new Error('nothing to replace');
  const changed = blob.slice();
  changed.set(strings(other), at);
  return changed;
}

function caseOf(id: string, { blob, changes }: Judged): XcryptoCase {
  return { id, certificate: blob, authorities, as: 'user', principals: ['alice'], time: NOW, ...changes };
}

function asIssued(fields: CertificateFields, certificate: Uint8Array, index: number): XcryptoCase {
  return {
    id: `${index}`,
    certificate,
    authorities: [ca.publicKey],
    as: fields.type,
    principals: fields.principals,
    time: Number(fields.validAfter),
    supportedCriticalOptions: ['force-command'],
  };
}

/** Our own answer to the same question, from the rules for what we issue. */
function weAccept({ certificate: blob, authorities: trusted, as, principals, time }: XcryptoCase): boolean {
  try {
    const certificate = decodeCertificate(blob);
    const fields = decodeDraft(certificate.draft);
    return (
      verifyCertificateSignature(certificate) &&
      trusted.some((key) => samePublicKey(key, fields.authority)) &&
      fields.type === as &&
      principals.every((principal) => fields.principals.includes(principal)) &&
      fields.validAfter <= BigInt(time) &&
      BigInt(time) < fields.validBefore
    );
  } catch (error) {
    if (error instanceof SshError) return false;
    throw error;
  }
}
