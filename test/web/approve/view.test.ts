import { describe, expect, it } from 'vitest';
import { touchDigest } from '../../../src/fido/touch-digest.ts';
import type { ViewReply } from '../../../src/http/contract/approvals.ts';
import { encodeDraft } from '../../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import { keyCode } from '../../../src/ssh/key-code.ts';
import { readView } from '../../../web/approve/view.ts';
import { ReviewFault } from '../../../web/request/fault.ts';
import {
  bytes,
  DRAFTED_AT,
  fieldsOf,
  hashOf,
  ORIGIN,
  REQUEST_ID,
  sudoFieldsOf,
  viewReplyOf,
} from '../review-reply.ts';

const HERE = { origin: ORIGIN, requestId: REQUEST_ID };

function faultOf(changes: Partial<ViewReply>): string {
  try {
    readView(viewReplyOf(changes), HERE);
  } catch (fault) {
    if (fault instanceof ReviewFault) return fault.code;
    throw fault;
  }
  return 'none';
}

describe('a request that waits is not shown and not touched when', () => {
  it.each<[string, Partial<ViewReply>, string]>([
    ['it belongs to another origin', { origin: 'https://ca.example.com' }, 'wrong-origin'],
    ['it is another request', { requestId: 'A'.repeat(22) }, 'other-request'],
    ['its draft is made out to somebody else', { person: 'mallory' }, 'other-person'],
    ['its reason would turn the text around it', { reason: 'no\u202ereason' }, 'bad-reason'],
    ['it is a sign-in', { drafts: [draftOf(fieldsOf())] }, 'other-purpose'],
    ['there are two keys in it', { drafts: [draftOf(sudoFieldsOf()), draftOf(fieldsOf())] }, 'other-purpose'],
    ['there is no draft', { drafts: [] }, 'bad-draft'],
    ['its draft can not be read', { drafts: ['AAAA'] }, 'bad-draft'],
    ['its nonce is too short', { nonce: 'AAAA' }, 'bad-draft'],
    ['it waits until no time', { approveBy: -1 }, 'bad-draft'],
    ['it waits until half a second', { approveBy: DRAFTED_AT + 0.5 }, 'bad-draft'],
  ])('%s', (_why, changes, code) => {
    expect(faultOf(changes)).toBe(code);
  });
});

describe('an answer', () => {
  const reply = viewReplyOf();
  const view = readView(reply, HERE);
  const statement = { ...HERE, nonce: bytes(32, 7) };
  const draftHashes = [hashOf(encodeDraft(sudoFieldsOf()))];

  it.each(['approve', 'reject'] as const)('to %s is over the request that is shown, and its end', (kind) => {
    const requestDigest = touchDigest({
      ...statement,
      action: { kind: 'issue-with-reason', draftHashes, reason: reply.reason },
      expiresAt: reply.expiresAt,
    });
    const action = { kind, requestDigest };
    expect(view.digests[kind]).toEqual(touchDigest({ ...statement, action, expiresAt: reply.approveBy }));
  });

  it('is another one for each of the two, for another reason, and for another draft', () => {
    const others = [
      viewReplyOf({ reason: '' }),
      viewReplyOf({ reason: 'another one' }),
      viewReplyOf({ drafts: viewReplyOf().drafts.map(() => draftFor('web9')) }),
      viewReplyOf({ approveBy: reply.approveBy + 1 }),
    ];
    const digests = [view, ...others.map((other) => readView(other, HERE))].flatMap(({ digests }) => [
      digests.approve.toString(),
      digests.reject.toString(),
    ]);
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('comes after a code of the key that is to be certified, whatever else the authority drafts', () => {
    const { subject } = sudoFieldsOf();
    expect(view.keyCode).toBe(keyCode(subject));
    const others = { principals: ['alice', 'sudoer@web9'], nonce: bytes(32, 8) };
    const same = readView(viewReplyOf({ drafts: [draftOf(sudoFieldsOf(others))], reason: '' }), HERE);
    expect(same.keyCode).toBe(view.keyCode);
    const thief = { subject: { type: 'ssh-ed25519', point: bytes(32, 66) } } as const;
    const other = readView(viewReplyOf({ drafts: [draftOf(sudoFieldsOf(thief))] }), HERE);
    expect(other.keyCode).not.toBe(view.keyCode);
  });

  it('is given to everything that the request says', () => {
    expect(view).toMatchObject({
      person: 'alice',
      reason: 'the disk of web1 is full',
      certificates: [{ purpose: 'sudo', login: 'alice', hosts: ['web1', 'web2'], lifetime: 3_600 }],
      askedFrom: '203.0.113.9',
      createdAt: DRAFTED_AT,
      approveBy: DRAFTED_AT + 1_800,
      needed: 2,
      given: 1,
      approvedBy: 'touch',
    });
  });
});

function draftFor(host: string): string {
  return draftOf(sudoFieldsOf({ principals: ['alice', `sudoer@${host}`] }));
}

function draftOf(fields: CertificateFields): string {
  return Buffer.from(encodeDraft(fields)).toString('base64url');
}
