import { base64 } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SignedCall } from '../../src/ssh/signed-call.ts';
import { callHeaders, callMessage, parseCallHeaders } from '../../src/ssh/signed-call.ts';

const CALL: SignedCall = {
  origin: 'https://ca.example.org',
  method: 'GET',
  target: '/v1/me?full=1',
  body: new Uint8Array(),
  certificate: Uint8Array.of(1, 2, 3),
  time: 1_790_000_000,
  nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
};

const SENT = callHeaders({ ...CALL, signature: Uint8Array.of(9) });

describe('the message of a signed call', () => {
  it.each<[string, Partial<SignedCall>]>([
    ['origin', { origin: 'https://ca.example.net' }],
    ['method', { method: 'POST' }],
    ['target', { target: '/v1/me' }],
    ['body', { body: Uint8Array.of(0) }],
    ['certificate', { certificate: Uint8Array.of(1, 2, 4) }],
    ['time', { time: CALL.time + 1 }],
    ['nonce', { nonce: 'AAAAAAAAAAAAAAAAAAAAAQ' }],
  ])('is another one for another %s', (_name, change) => {
    expect(callMessage({ ...CALL, ...change })).not.toEqual(callMessage(CALL));
  });

  it('does not let bytes move from one field into the next', () => {
    const moved = { ...CALL, method: 'GET/', target: 'v1/me?full=1' };
    expect(callMessage(moved)).not.toEqual(callMessage(CALL));
  });
});

describe('the headers of a signed call', () => {
  it.each(Object.keys(SENT))('are refused without %s', (name) => {
    const { [name]: _gone, ...rest } = SENT;
    expect(() => parseCallHeaders(rest)).toThrow(name);
  });

  it.each([
    ['usher-time', '-1'],
    ['usher-time', '1e9'],
    ['usher-time', '01'],
    ['usher-nonce', 'short'],
    ['usher-nonce', 'AAAAAAAAAAAAAAAAAAAAAA\n'],
    ['usher-certificate', '!!!!'],
    ['usher-certificate', 'AAA'],
    ['usher-signature', ''],
    ['usher-signature', 'A'.repeat(8192)],
  ])('are refused when %s is malformed (%j)', (name, value) => {
    expect(() => parseCallHeaders({ ...SENT, [name]: value })).toThrow(name);
  });

  it('are refused when one is there twice', () => {
    expect(() => parseCallHeaders({ ...SENT, 'usher-nonce': [CALL.nonce, CALL.nonce] })).toThrow(
      'usher-nonce',
    );
  });

  it('may be absent altogether', () => {
    expect(parseCallHeaders({ host: 'ca.example.org' })).toBeUndefined();
  });

  it('come back as they were sent', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 2000 });
    const nonce = fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map((raw) => base64.encode(raw).slice(0, 22).replaceAll('+', '-').replaceAll('/', '_'));
    const credentials = fc.record({
      certificate: bytes,
      signature: bytes,
      nonce,
      time: fc.nat({ max: 253_402_300_799 }),
    });
    fc.assert(
      fc.property(credentials, (sent) => {
        expect(parseCallHeaders(callHeaders(sent))).toEqual(sent);
      }),
    );
  });
});
