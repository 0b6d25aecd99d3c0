import { describe, expect, it } from 'vitest';
import { touchCode } from '../../../src/fido/touch-digest.ts';
import { encodeDraft } from '../../../src/ssh/certificate.ts';
import { ReviewFault } from '../../../web/request/fault.ts';
import { readRequest } from '../../../web/request/request.ts';
import { readReview } from '../../../web/touch/review.ts';
import { fieldsOf, ORIGIN, REQUEST_ID, replyOf, sudoFieldsOf } from '../review-reply.ts';

const HERE = { origin: ORIGIN, requestId: REQUEST_ID };
const reply = replyOf([encodeDraft(fieldsOf()), encodeDraft(sudoFieldsOf())]);
const review = readReview(reply, HERE);

describe('the code that was typed', () => {
  it('is not accepted for other drafts, or for another reason', () => {
    const others = replyOf([encodeDraft(fieldsOf({ principals: ['root'] }))]);
    expect(() => readReview(others, HERE, review.code)).toThrow(ReviewFault);
    expect(() => readReview({ ...reply, reason: 'another one' }, HERE, review.code)).toThrow(
      'not what your terminal asked for',
    );
  });

  it('is accepted as people type it', () => {
    const typed = ` ${review.code.toLowerCase().replace('-', ' ')}`;
    expect(readReview(reply, HERE, typed).code).toBe(review.code);
  });
});

it('what is reviewed is the request that was read, its code, and how many have to approve', () => {
  const request = readRequest(reply, HERE);
  const waiting = readReview({ ...reply, approvals: 2 }, HERE);
  expect(waiting).toMatchObject({ ...request, code: touchCode(request.digest), approvals: 2 });
});
