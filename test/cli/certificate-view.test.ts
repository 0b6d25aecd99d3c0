import { describe, expect, it } from 'vitest';
import { viewCertificate, viewLines } from '../../cli/certificate-view.ts';
import { decodeCertificate } from '../../src/ssh/certificate.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import { issue, NOW } from '../support/certificates.ts';
import { generateSigner } from '../support/keys.ts';
import type { RawFields } from '../support/raw-certificate.ts';
import { options, rawCertificate, rawDraft, strings } from '../support/raw-certificate.ts';

const CA = generateSigner('ssh-ed25519');

/** Ids of the warnings about a certificate that somebody else issued. */
function warningsOf(changes: Partial<RawFields>, now = NOW): readonly string[] {
  return viewCertificate(decodeCertificate(rawCertificate(CA, changes)), now).warnings.map(({ id }) => id);
}

describe('a certificate that is shown', () => {
  it.each<[string, Partial<RawFields>, readonly string[]]>([
    ['no-principals', { principals: new Uint8Array() }, ['no-principals']],
    ['comma-in-principal', { principals: strings('root,alice') }, ['comma-in-principal']],
    ['serial-zero', { serial: 0n }, ['serial-zero']],
    ['valid-for-ever', { validBefore: 2n ** 64n - 1n }, ['valid-for-ever']],
    ['expired', { validBefore: BigInt(NOW) }, ['expired']],
    ['not-yet-valid', { validAfter: BigInt(NOW + 1) }, ['not-yet-valid']],
    [
      'unknown-critical-option',
      { criticalOptions: options(['x@example.org', 'y']) },
      ['unknown-critical-option'],
    ],
    [
      'critical-option-for-sudo',
      { criticalOptions: options(['force-command', 'id']) },
      ['critical-option-for-sudo'],
    ],
    [
      'source-address-for-sudo',
      { criticalOptions: options(['source-address', '::1']) },
      ['source-address-for-sudo'],
    ],
    [
      'options-out-of-order',
      { extensions: strings('permit-pty', '', 'permit-agent-forwarding', '') },
      ['options-out-of-order'],
    ],
    [
      'options-out-of-order, for one twice',
      { extensions: strings('permit-pty', '', 'permit-pty', '') },
      ['options-out-of-order'],
    ],
    ['host-certificate', { type: 2 }, ['host-certificate']],
  ])('is warned of: %s', (_id, changes, expected) => {
    expect(warningsOf(changes)).toEqual(expected);
  });

  it.each([
    ['ssh-rsa', 'sha1-signature'],
    ['webauthn-sk-ecdsa-sha2-nistp256@openssh.com', 'webauthn-signature'],
    ['ssh-ed25519', 'bad-signature'],
  ])('is warned of a signature %s that programs refuse', (format, expected) => {
    const signature = new WireWriter().string(format).string(new Uint8Array(64)).bytes();
    const blob = new WireWriter().raw(rawDraft(CA)).string(signature).bytes();
    expect(viewCertificate(decodeCertificate(blob), NOW).warnings.map(({ id }) => id)).toEqual([expected]);
  });

  it('of ours has nothing to be warned of', () => {
    const view = viewCertificate(issue(CA), NOW);
    expect(view.warnings).toEqual([]);
    expect(view).toMatchObject({
      kind: 'user',
      serial: 42n,
      signature: 'ssh-ed25519',
      principals: ['alice@web1'],
    });
    expect(Object.fromEntries(viewLines(view))).toMatchObject({
      serial: '42',
      valid: '2027-01-15 07:55:00Z to 2027-01-15 09:00:00Z',
      critical: '(none)',
      extensions: 'permit-agent-forwarding, permit-pty',
    });
  });
});
