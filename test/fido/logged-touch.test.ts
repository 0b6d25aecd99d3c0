import { describe, expect, it } from 'vitest';
import { parseClientData } from '../../src/fido/client-data.ts';
import {
  loggedEnrolmentDigest,
  loggedIssueDigest,
  verifyLoggedEnrolment,
  verifyLoggedIssue,
} from '../../src/fido/logged-touch.ts';
import type { CertificateLeaf, LeafOf } from '../../src/log/leaf.ts';
import type { LoggedTouch } from '../../src/log/leaf-fields.ts';
import { enrolledLeaf, issuedLeaf, reviewedLeaf, selfSignedLeaf, touchOver } from '../log/issued.ts';
import { codeOfAsync } from '../support/code-of.ts';

const WAYS = ['browser', 'ssh-key'] as const;

function withTouch(leaf: CertificateLeaf, changes: Partial<LoggedTouch>): CertificateLeaf {
  return { ...leaf, touches: leaf.touches.map((touch) => ({ ...touch, ...changes })) };
}

describe.each(WAYS)('a logged certificate touched by %s is refused when', (way) => {
  const good = issuedLeaf(way);
  const [hash = new Uint8Array(32), other = new Uint8Array(32)] = good.draftHashes;
  const elsewhere = touchOver(way, loggedIssueDigest(good), { origin: 'https://ca.example.com' });

  it.each<[string, CertificateLeaf, string]>([
    [
      'a draft more is said to be touched',
      { ...good, draftHashes: [...good.draftHashes, hash] },
      'challenge-mismatch',
    ],
    ['the drafts are in another order', { ...good, draftHashes: [other, hash] }, 'challenge-mismatch'],
    ['another request is said to be touched', { ...good, requestId: 'B'.repeat(22) }, 'challenge-mismatch'],
    ['the nonce is another', { ...good, nonce: new Uint8Array(32) }, 'challenge-mismatch'],
    [
      'it was valid for longer than was touched',
      { ...good, expiresAt: good.expiresAt + 1 },
      'challenge-mismatch',
    ],
    ['the origin is another', { ...good, origin: 'https://ca2.ca.example.org' }, 'challenge-mismatch'],
    ['the touch was for another origin', { ...good, touches: [elsewhere] }, 'origin-mismatch'],
    ['the signature is another', withTouch(good, { signature: elsewhere.signature }), 'bad-signature'],
    [
      'the nobody-touched flag is signed in',
      withTouch(good, { authenticatorData: flagless(good) }),
      'not-present',
    ],
    ['it has no touch', { ...good, touches: [] }, 'malformed'],
  ])('%s', async (_, leaf, code) => {
    expect(await codeOfAsync(verifyLoggedIssue(leaf))).toBe(code);
  });

  it('only its second touch is bad', async () => {
    const touches = [...good.touches, ...withTouch(good, { signature: elsewhere.signature }).touches];
    expect(await codeOfAsync(verifyLoggedIssue({ ...good, touches }))).toBe('bad-signature');
  });

  function flagless({ touches }: CertificateLeaf): Uint8Array {
    return (touches[0]?.authenticatorData ?? new Uint8Array(37)).with(32, 0);
  }
});

describe('a logged certificate', () => {
  it('touched with a passkey of another site is refused', async () => {
    const good = issuedLeaf('browser');
    for (const rpId of ['example.com', 'a.example.org', 'xample.org', 'ca.example.org.']) {
      const touches = [touchOver('browser', loggedIssueDigest(good), { rpId })];
      expect(await codeOfAsync(verifyLoggedIssue({ ...good, touches })), rpId).toBe('rp-mismatch');
    }
  });

  it('touched with a passkey of the domain above verifies', async () => {
    const good = issuedLeaf('browser');
    const touches = [touchOver('browser', loggedIssueDigest(good), { rpId: 'example.org' })];
    expect(await verifyLoggedIssue({ ...good, touches })).toMatchObject([{ rpId: 'example.org' }]);
  });

  it('touched with an SSH key under the name of another is refused', async () => {
    const good = issuedLeaf('ssh-key');
    const credentialId = `SHA256:${'A'.repeat(43)}`;
    expect(await codeOfAsync(verifyLoggedIssue(withTouch(good, { credentialId })))).toBe(
      'unknown-credential',
    );
  });

  it.each(WAYS)('touched by %s verifies from the leaf alone', async (way) => {
    const leaf = issuedLeaf(way);
    const [touch] = await verifyLoggedIssue(leaf);
    expect(touch).toMatchObject({
      credentialId: leaf.touches[0]?.credentialId,
      userVerified: way === 'browser',
    });
  });

  it('was touched over the digest that its fields give', () => {
    const leaf = issuedLeaf('browser');
    const [touch] = leaf.touches;
    expect(parseClientData(touch?.clientDataJson ?? new Uint8Array()).challenge).toEqual(
      loggedIssueDigest(leaf),
    );
  });
});

describe.each(WAYS)('a logged enrolment by %s', (way) => {
  const good = enrolledLeaf(way);

  it.each<[string, Partial<LeafOf<'enroll'>>]>([
    ['person', { person: 'mallory' }],
    ['invite', { inviteId: 'cd'.repeat(32) }],
    ['request', { requestId: 'B'.repeat(22) }],
    ['time', { expiresAt: 1 }],
  ])('for another %s is refused', async (_, changes) => {
    expect(await codeOfAsync(verifyLoggedEnrolment({ ...good, ...changes }))).toBe('challenge-mismatch');
  });

  it('with the signature of a certificate request is refused', async () => {
    const { clientDataJson, authenticatorData, signature } = touchOver(
      way,
      loggedIssueDigest(issuedLeaf(way)),
    );
    const mixed = { ...good, clientDataJson, authenticatorData, signature };
    expect(await codeOfAsync(verifyLoggedEnrolment(mixed))).toBe('challenge-mismatch');
  });

  it('verifies from the leaf alone', async () => {
    expect(await verifyLoggedEnrolment(good)).toMatchObject({ credentialId: good.credentialId });
    expect(parseClientData(good.clientDataJson).challenge).toEqual(loggedEnrolmentDigest(good));
  });
});

describe.each(WAYS)('the touches of a reviewed certificate by %s', (way) => {
  const good = reviewedLeaf(way);

  it('are verified, approvals included', async () => {
    expect(await verifyLoggedIssue(good)).toHaveLength(2);
    expect(await verifyLoggedIssue(reviewedLeaf(way, ''))).toHaveLength(2);
    expect(await verifyLoggedIssue(selfSignedLeaf())).toEqual([]);
  });

  it.each<[string, CertificateLeaf]>([
    ['the reason is another', { ...good, reason: 'deploy 4712' }],
    ['the reason was left out', { ...good, reason: '' }],
    ['it could be approved for longer', { ...good, approveBy: good.approveBy + 1 }],
    ['the touch of the holder is said to be an approval', { ...good, approvals: good.touches }],
    ['an approval is said to be the touch of the holder', { ...good, touches: good.approvals }],
  ])('are refused when %s', async (_, leaf) => {
    expect(await codeOfAsync(verifyLoggedIssue(leaf))).toBe('challenge-mismatch');
  });
});
