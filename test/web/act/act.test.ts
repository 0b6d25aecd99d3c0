import { base64urlnopad } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { touchCode, touchDigest } from '../../../src/fido/touch-digest.ts';
import type { Act as ActJson } from '../../../src/http/contract/acts.ts';
import type { ActReview } from '../../../src/http/contract/pages.ts';
import { readAct } from '../../../web/act/act.ts';
import { ReviewFault } from '../../../web/request/fault.ts';
import { readReview } from '../../../web/touch/review.ts';
import { actReplyOf, bytes, DRAFTED_AT, ORIGIN, REQUEST_ID } from '../review-reply.ts';

const HERE = { origin: ORIGIN, requestId: REQUEST_ID };
const KEY = `SHA256:${'k'.repeat(43)}`;
const TOKEN = base64urlnopad.encode(bytes(32, 5));

const INVITE: ActJson = { kind: 'invite-host', host: 'web1', tokenHash: TOKEN };
const REVOKE: ActJson = { kind: 'revoke', target: { kind: 'person', name: 'bob' }, reason: 'left' };
const ACTIVATE: ActJson = { kind: 'activate-ca', purpose: 'login', key: KEY, evenWithout: ['db1', 'web1'] };

const ACTS: readonly ActJson[] = [
  INVITE,
  REVOKE,
  ACTIVATE,
  { kind: 'stage-ca', purpose: 'host', key: '' },
  { kind: 'stage-ca', purpose: 'host', key: KEY },
  { kind: 'retire-ca', purpose: 'builder', key: KEY },
  { kind: 'revoke-ca', purpose: 'sudo', key: KEY, reason: 'stolen' },
];

function faultOf(reply: ActReview): string {
  try {
    readAct(reply, HERE);
  } catch (fault) {
    if (fault instanceof ReviewFault) return fault.code;
    throw fault;
  }
  return 'none';
}

describe('an act is not shown and not touched when', () => {
  it('it belongs to another origin than this page', () => {
    expect(faultOf({ ...actReplyOf(INVITE), origin: 'https://ca.example.org.evil.example' })).toBe(
      'wrong-origin',
    );
  });

  it('it is another request than this page was opened for', () => {
    expect(faultOf({ ...actReplyOf(INVITE), requestId: 'A'.repeat(22) })).toBe('other-request');
  });

  it.each(['', 'Alice', 'nobody touches anything; alice', '\u202eecila'])(
    'its person is %j, which is no name',
    (person) => {
      expect(faultOf({ ...actReplyOf(INVITE), person })).toBe('other-person');
    },
  );

  it.each<[string, object]>([
    ['it is of a kind that this page has no words for', { ...INVITE, kind: 'remove-host' }],
    ['its host has blanks', { ...INVITE, host: 'web1 and web2' }],
    ['its host has letters that look like others', { ...INVITE, host: 'wеb1' }],
    ['its token hash is cut', { ...INVITE, tokenHash: TOKEN.slice(0, 8) }],
    ['its token hash is no base64url', { ...INVITE, tokenHash: '!' }],
    ['its target is of no kind', { ...REVOKE, target: { kind: 'everything', name: 'x' } }],
    ['its serial is none', { ...REVOKE, target: { kind: 'serial', name: '0' } }],
    ['its key is no fingerprint', { ...REVOKE, target: { kind: 'key', name: 'bob' } }],
    ['it has no reason', { ...REVOKE, reason: '' }],
    ['its reason would not look as it was signed', { ...REVOKE, reason: 'a\u202eb' }],
    ['its CA key is no fingerprint', { ...ACTIVATE, key: '' }],
    ['its purpose is no word', { ...ACTIVATE, purpose: 'sign in' }],
    ['its hosts are not in order', { ...ACTIVATE, evenWithout: ['web1', 'db1'] }],
    ['a parameter is missing', { kind: 'invite-host', host: 'web1' }],
  ])('%s', (_, act) => {
    // A cast: what no honest authority sends.
    expect(faultOf(actReplyOf(act as ActJson))).toBe('bad-act');
  });

  it('its nonce is of another size', () => {
    expect(faultOf({ ...actReplyOf(INVITE), nonce: 'AAAA' })).toBe('bad-act');
  });
});

describe('what is touched is the digest of what is shown', () => {
  it.each(ACTS)('$kind', (json) => {
    const reply = actReplyOf(json);
    const { person, act, digest } = readAct(reply, HERE);
    expect(person).toBe('alice');
    expect(act).toEqual(json.kind === 'invite-host' ? { ...json, tokenHash: bytes(32, 5) } : json);
    const nonce = base64urlnopad.decode(reply.nonce);
    expect(digest).toEqual(touchDigest({ ...HERE, action: act, nonce, expiresAt: DRAFTED_AT + 120 }));
  });

  it('and another one for every other parameter', () => {
    const others: readonly ActReview[] = [
      ...ACTS.map(actReplyOf),
      actReplyOf({ ...INVITE, host: 'web2' }),
      actReplyOf({ ...INVITE, tokenHash: base64urlnopad.encode(bytes(32, 6)) }),
      actReplyOf({ ...REVOKE, target: { kind: 'machine', name: 'bob' } }),
      actReplyOf({ ...REVOKE, reason: 'lost' }),
      actReplyOf({ ...ACTIVATE, evenWithout: ['db1'] }),
      { ...actReplyOf(INVITE), expiresAt: DRAFTED_AT + 121 },
    ];
    const digests = others.map((reply) => readAct(reply, HERE).digest.join());
    expect(new Set(digests).size).toBe(others.length);
  });
});

describe('the code that was typed', () => {
  const review = readReview(actReplyOf(INVITE), HERE);

  it('is not accepted for another act', () => {
    const other = actReplyOf({ ...INVITE, host: 'web2' });
    expect(() => readReview(other, HERE, review.code)).toThrow('not what your terminal asked for');
  });

  it('is the code of the digest', () => {
    expect(readReview(actReplyOf(INVITE), HERE, review.code)).toMatchObject({
      code: touchCode(review.digest),
      act: { kind: 'invite-host', host: 'web1' },
      proof: 'code',
    });
  });
});
