import { describe, expect, it } from 'vitest';
import type { Entry } from '../../cli/agent/entries.ts';
import { ownEntries, usableEntries } from '../../cli/agent/entries.ts';
import { judgeEntries } from '../../cli/doctor/agent.ts';
import { encodeCertificate } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { issue, NOW } from '../support/certificates.ts';
import { generateSigner } from '../support/keys.ts';

const CA = generateSigner('ssh-ed25519');
const STRANGER = generateSigner('ssh-ed25519');
const OWNER = { purpose: 'login', person: 'alice', authority: 'ca.example.org' } as const;
const COMMENT = 'usher login alice@ca.example.org';

function entry(changes: Partial<CertificateFields> = {}, ca = CA): Entry {
  const certificate = issue(ca, changes);
  return { blob: encodeCertificate(certificate), comment: COMMENT, certificate };
}

/** It names the CA key; the signature is somebody else's. */
function forged(): Entry {
  return entry({}, { publicKey: CA.publicKey, sign: STRANGER.sign });
}

describe('a certificate in the agent is not believed when', () => {
  it.each<[string, Entry]>([
    ['its signature is wrong', forged()],
    ['another key signed it', entry({}, STRANGER)],
    ['it is over', entry({ validBefore: BigInt(NOW) })],
    ['it is not valid yet', entry({ validAfter: BigInt(NOW + 1) })],
  ])('%s', (_situation, one) => {
    expect(usableEntries([one], [CA.publicKey], NOW)).toEqual([]);
  });

  it('a key of ours is not among the known ones', () => {
    expect(usableEntries([entry()], [], NOW)).toEqual([]);
    expect(usableEntries([entry()], [STRANGER.publicKey, CA.publicKey], NOW)).toHaveLength(1);
  });

  it('its signature is wrong: the doctor says so, and examines another one', () => {
    const good = entry();
    const { entries, checks } = judgeEntries([forged(), good]);
    expect(entries).toEqual([good]);
    expect(checks).toMatchObject([{ id: 'certificate-ca', verdict: 'fail' }]);
    expect(judgeEntries([good])).toEqual({ entries: [good], checks: [] });
  });
});

describe('ours is', () => {
  it.each<[string, string, string, number]>([
    ['by comment and key id', COMMENT, 'login:alice:x', 1],
    ['not by the comment alone', COMMENT, 'login:bob:x', 0],
    ['not by the key id alone', 'usher login bob@ca.example.org', 'login:alice:x', 0],
    ['not of another purpose', COMMENT, 'sudo:alice:x', 0],
  ])('%s', (_situation, comment, keyId, count) => {
    const { blob } = entry({ keyId });
    expect(ownEntries([{ blob, comment }], OWNER)).toHaveLength(count);
  });
});
