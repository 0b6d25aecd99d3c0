import { describe, expect, it } from 'vitest';
import { touchDigest } from '../../../src/fido/touch-digest.ts';
import { encodeDraft } from '../../../src/ssh/certificate.ts';
import { ReviewFault } from '../../../web/request/fault.ts';
import type { RequestReply } from '../../../web/request/request.ts';
import { readRequest } from '../../../web/request/request.ts';
import {
  bytes,
  DRAFTED_AT,
  fieldsOf,
  hashOf,
  ORIGIN,
  REQUEST_ID,
  replyOf,
  sudoFieldsOf,
} from '../review-reply.ts';

const HERE = { origin: ORIGIN, requestId: REQUEST_ID };

function faultOf(reply: RequestReply): string {
  try {
    readRequest(reply, HERE);
  } catch (fault) {
    if (fault instanceof ReviewFault) return fault.code;
    throw fault;
  }
  return 'none';
}

describe('a request is not shown and not touched when', () => {
  it('it belongs to another origin than this page', () => {
    expect(faultOf({ ...replyOf(), origin: 'https://ca.example.org.evil.example' })).toBe('wrong-origin');
  });

  it('it is another request than this page was opened for', () => {
    expect(faultOf({ ...replyOf(), requestId: 'A'.repeat(22) })).toBe('other-request');
  });

  it('its drafts are not made out to the person who is shown', () => {
    expect(faultOf({ ...replyOf(), person: 'mallory' })).toBe('other-person');
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

  it.each(['\u202emoor', 'a\u0000b', 'two\nlines', ' blank', 'x'.repeat(201), 'für alle'])(
    'its reason is %j, which would not look as it was signed',
    (reason) => {
      expect(faultOf({ ...replyOf(), reason })).toBe('bad-reason');
    },
  );
});

describe('what is touched covers', () => {
  const drafts = [encodeDraft(fieldsOf()), encodeDraft(sudoFieldsOf())];
  const rest = { ...HERE, nonce: bytes(32, 7), expiresAt: DRAFTED_AT + 120 };
  const draftHashes = drafts.map(hashOf);

  it('the very drafts that are shown, in their order', () => {
    const { digest, certificates } = readRequest(replyOf(drafts), HERE);
    expect(digest).toEqual(touchDigest({ ...rest, action: { kind: 'issue', draftHashes } }));
    expect(certificates.map(({ purpose }) => purpose)).toEqual(['login', 'sudo']);
  });

  it('the reason that is shown', () => {
    const reason = 'the disk of web1 is full';
    const request = readRequest({ ...replyOf(drafts), reason }, HERE);
    const action = { kind: 'issue-with-reason', draftHashes, reason } as const;
    expect(request.digest).toEqual(touchDigest({ ...rest, action }));
    expect(request.reason).toBe(reason);
  });

  it('each alternative of a certificate, though it is shown once', () => {
    const other = { type: 'ssh-ed25519', point: bytes(32, 4) } as const;
    const alternatives = [sudoFieldsOf(), sudoFieldsOf({ authority: other })].map(encodeDraft);
    const { digest, certificates } = readRequest(replyOf(alternatives), HERE);
    expect(certificates).toHaveLength(1);
    const action = { kind: 'issue', draftHashes: alternatives.map(hashOf) } as const;
    expect(digest).toEqual(touchDigest({ ...rest, action }));
  });
});
