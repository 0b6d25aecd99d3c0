import { describe, expect, it } from 'vitest';
import { touchCode, touchDigest } from '../../../src/fido/touch-digest.ts';
import type { ReviewReply } from '../../../src/http/contract.ts';
import { encodeDraft, valueOption } from '../../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import { fingerprint } from '../../../src/ssh/public-key.ts';
import { ReviewFault } from '../../../web/touch/fault.ts';
import { readReview } from '../../../web/touch/review.ts';
import { bytes, DRAFTED_AT, fieldsOf, hashOf, ORIGIN, REQUEST_ID, replyOf } from '../review-reply.ts';

const HERE = { origin: ORIGIN, requestId: REQUEST_ID };

function faultOf(reply: ReviewReply, here: Parameters<typeof readReview>[1] = HERE): string {
  try {
    readReview(reply, here);
  } catch (fault) {
    if (fault instanceof ReviewFault) return fault.code;
    throw fault;
  }
  return 'none';
}

function faultOfDraft(changes: Partial<CertificateFields>): string {
  return faultOf(replyOf([encodeDraft(fieldsOf(changes))]));
}

describe('a request is not shown and not touched when', () => {
  it('it belongs to another origin than this page', () => {
    expect(faultOf({ ...replyOf(), origin: 'https://ca.example.org.evil.example' })).toBe('wrong-origin');
  });

  it('it is another request than this page was opened for', () => {
    expect(faultOf({ ...replyOf(), requestId: 'A'.repeat(22) })).toBe('other-request');
    expect(faultOfDraft({ keyId: `login:alice:${'A'.repeat(22)}` })).toBe('other-request');
  });

  it('a draft is made out to another person than the one shown', () => {
    expect(faultOfDraft({ keyId: `login:mallory:${REQUEST_ID}` })).toBe('other-person');
    expect(faultOf({ ...replyOf(), person: 'mallory' })).toBe('other-person');
    expect(faultOfDraft({ keyId: `login:alice:${REQUEST_ID}:more` })).toBe('other-person');
  });

  it('one draft of several is made out to another person', () => {
    const own = encodeDraft(fieldsOf());
    const others = encodeDraft(fieldsOf({ keyId: `login:mallory:${REQUEST_ID}` }));
    expect(faultOf(replyOf([own, others]))).toBe('other-person');
  });

  it('a draft is for a purpose that the page has no words for', () => {
    expect(faultOfDraft({ keyId: `sudo:alice:${REQUEST_ID}` })).toBe('other-purpose');
    expect(faultOfDraft({ type: 'host', criticalOptions: [], extensions: [] })).toBe('other-purpose');
    expect(faultOfDraft({ principals: ['alice@web1', 'sudoer@web1'] })).toBe('other-purpose');
    expect(faultOfDraft({ principals: ['sudoer'] })).toBe('other-purpose');
    expect(faultOfDraft({ principals: ['nix-builder@build1'] })).toBe('other-purpose');
    expect(faultOfDraft({ principals: ['web1.example.org'] })).toBe('other-purpose');
  });

  it('a draft carries an option that a sign-in never has', () => {
    expect(faultOfDraft({ criticalOptions: [valueOption('force-command', 'true')] })).toBe('other-purpose');
  });

  it('a draft is not exactly a draft', () => {
    const draft = encodeDraft(fieldsOf());
    expect(faultOf(replyOf([draft.slice(0, -1)]))).toBe('bad-draft');
    expect(faultOf(replyOf([Uint8Array.of(...draft, 0)]))).toBe('bad-draft');
    expect(faultOf(replyOf([draft.with(4, 0)]))).toBe('bad-draft');
    expect(faultOf({ ...replyOf(), drafts: ['not base64url!'] })).toBe('bad-draft');
  });

  it('there are no drafts, or the nonce is of another size', () => {
    expect(faultOf(replyOf([]))).toBe('bad-draft');
    expect(faultOf({ ...replyOf(), nonce: 'AAAA' })).toBe('bad-draft');
  });

  it('the code that was typed is that of other drafts', () => {
    const shown = readReview(replyOf(), HERE).code;
    const [other] = [encodeDraft(fieldsOf({ principals: ['root'] }))];
    expect(faultOf(replyOf([other]), { ...HERE, typedCode: shown })).toBe('other-code');
  });
});

describe('a request that fits together', () => {
  const drafts = [encodeDraft(fieldsOf()), encodeDraft(fieldsOf({ serial: 5n, principals: ['alice'] }))];
  const review = readReview(replyOf(drafts), HERE);

  it('is touched by the digest of the very drafts that are shown, in their order', () => {
    const digest = touchDigest({
      origin: ORIGIN,
      action: { kind: 'issue', draftHashes: drafts.map(hashOf) },
      requestId: REQUEST_ID,
      nonce: bytes(32, 7),
      expiresAt: DRAFTED_AT + 120,
    });
    expect(review.digest).toEqual(digest);
    expect(review.code).toBe(touchCode(digest));
  });

  it('accepts the code as people type it', () => {
    const typedCode = ` ${review.code.toLowerCase().replace('-', ' ')}`;
    expect(readReview(replyOf(drafts), { ...HERE, typedCode }).code).toBe(review.code);
  });

  it('is shown with everything that its drafts say', () => {
    const { subject, authority } = fieldsOf();
    expect(review.certificates[0]).toEqual({
      purpose: 'login',
      access: [
        { logins: ['alice'], hosts: ['web1', 'web2'] },
        { logins: ['deploy'], hosts: ['web1'] },
      ],
      principals: ['alice@web1', 'alice@web2', 'deploy@web1'],
      lifetime: 72_000,
      validAfter: DRAFTED_AT - 300,
      validBefore: DRAFTED_AT + 72_000,
      key: { words: 'Ed25519', fingerprint: fingerprint(subject) },
      authority: { words: 'Ed25519', fingerprint: fingerprint(authority) },
      extensions: ['permit-agent-forwarding', 'permit-pty'],
      sourceAddresses: ['10.0.0.0/8', '2001:db8::/32'],
      keyId: `login:alice:${REQUEST_ID}`,
      serial: '4711',
    });
  });

  it('says so when a login is good on every host, also beside narrower ones', () => {
    expect(review.certificates[1]?.access).toEqual([{ logins: ['alice'], hosts: 'every host' }]);
    const both = encodeDraft(fieldsOf({ principals: ['alice', 'alice@web1', 'deploy@web1'] }));
    expect(readReview(replyOf([both]), HERE).certificates[0]?.access).toEqual([
      { logins: ['alice'], hosts: 'every host' },
      { logins: ['deploy'], hosts: ['web1'] },
    ]);
  });
});
