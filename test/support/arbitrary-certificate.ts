/** Any certificate that we could issue, for fast-check. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { flagOption, valueOption } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { NOW } from './certificates.ts';

const EXTENSIONS = [
  'permit-X11-forwarding',
  'permit-agent-forwarding',
  'permit-port-forwarding',
  'permit-pty',
  'permit-user-rc',
].map(flagOption);

const CRITICAL = [
  valueOption('force-command', 'nix-store --serve --write "a=b"'),
  valueOption('source-address', '10.0.0.0/8,2001:db8::/32'),
];

const name = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,20}$/);
const principal = fc.oneof(
  name,
  fc.tuple(name, fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,30}$/)).map((two) => two.join('@')),
);

/** Fields for one of these subjects, to be signed by `authority`. */
export function arbitraryFields(
  subjects: readonly PublicKey[],
  authority: PublicKey,
): fc.Arbitrary<CertificateFields> {
  const common = fc.record({
    // Not shrunk, and not random in the sense of the run's seed: nothing reads a nonce.
    nonce: fc.constant(0).map(() => Uint8Array.from(randomBytes(32))),
    subject: fc.constantFrom(...subjects),
    serial: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
    keyId: fc.stringMatching(/^[A-Za-z0-9._:@/+=-]{1,255}$/),
    principals: fc.uniqueArray(principal, { minLength: 1, maxLength: 256, size: 'medium' }),
    authority: fc.constant(authority),
  });
  const validity = fc
    .tuple(fc.integer({ min: 1, max: 2 * NOW }), fc.integer({ min: 1, max: 90 * 86_400 }))
    .map(([after, seconds]) => ({ validAfter: BigInt(after), validBefore: BigInt(after + seconds) }));
  const options = fc.oneof(
    fc.record({
      type: fc.constant<'user'>('user'),
      criticalOptions: fc.subarray(CRITICAL),
      extensions: fc.subarray(EXTENSIONS),
    }),
    fc.constant({ type: 'host' as const, criticalOptions: [], extensions: [] }),
  );
  return fc.tuple(common, validity, options).map((parts) => Object.assign({}, ...parts));
}
