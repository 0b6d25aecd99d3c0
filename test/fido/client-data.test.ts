import { base64urlnopad } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildClientData, parseClientData } from '../../src/fido/client-data.ts';
import { codeOf } from '../support/code-of.ts';

const CHALLENGE = new Uint8Array(32).fill(7);
const ENCODED = base64urlnopad.encode(CHALLENGE);
const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => codeOf(() => parseClientData(bytes(text)));

describe('what is not client data is refused', () => {
  test.each([
    ['no JSON', '{"type":"webauthn.get"'],
    ['nothing', ''],
    ['no object', '[]'],
    ['null', 'null'],
    ['no challenge', '{"type":"webauthn.get","origin":"https://a"}'],
    ['an empty challenge', '{"type":"webauthn.get","challenge":"","origin":"https://a"}'],
    ['a challenge with padding', `{"type":"webauthn.get","challenge":"${ENCODED}=","origin":"https://a"}`],
    ['a challenge in standard base64', '{"type":"webauthn.get","challenge":"+/+/","origin":"https://a"}'],
    ['a challenge with stray bits', '{"type":"webauthn.get","challenge":"AB","origin":"https://a"}'],
    ['a challenge that is a number', '{"type":"webauthn.get","challenge":1,"origin":"https://a"}'],
    ['no origin', `{"type":"webauthn.get","challenge":"${ENCODED}"}`],
    ['a list of origins', `{"type":"webauthn.get","challenge":"${ENCODED}","origin":["https://a"]}`],
    ['a byte order mark', `\ufeff{"type":"webauthn.get","challenge":"${ENCODED}","origin":"https://a"}`],
    [
      'two origins',
      `{"type":"webauthn.get","challenge":"${ENCODED}","origin":"https://a","origin":"https://b"}`,
    ],
    [
      'an origin twice, once escaped',
      `{"type":"webauthn.get","challenge":"${ENCODED}","\\u006frigin":"https://a","origin":"https://b"}`,
    ],
    [
      'members that only the prototype has',
      '{"type":"webauthn.get","__proto__":{"challenge":"AAAA","origin":"https://a"}}',
    ],
  ])('%s', (_, text) => {
    expect(parse(text)).toBe('malformed');
  });

  test('no UTF-8', () => {
    const text = `{"type":"webauthn.get","challenge":"${ENCODED}","origin":"https://a","x":"?"}`;
    const notUtf8 = bytes(text).with(text.indexOf('?'), 0xff);
    expect(codeOf(() => parseClientData(notUtf8))).toBe('malformed');
  });

  test('more than 2048 bytes, before anything is decoded', () => {
    expect(parse('x'.repeat(2049))).toBe('too-long');
    expect(parse('['.repeat(2048))).toBe('malformed');
  });

  test.each(['webauthn.getx', 'payment.get', 'Webauthn.get', ''])('type "%s"', (type) => {
    expect(parse(`{"type":"${type}","challenge":"${ENCODED}","origin":"https://a"}`)).toBe('wrong-type');
  });
});

describe('client data', () => {
  test('has the bytes that browsers write', () => {
    expect(
      new TextDecoder().decode(buildClientData('webauthn.get', CHALLENGE, 'https://ca.example.org')),
    ).toBe(
      `{"type":"webauthn.get","challenge":"${ENCODED}","origin":"https://ca.example.org","crossOrigin":false}`,
    );
  });

  test('that is built is read back the same', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('webauthn.get' as const, 'webauthn.create' as const),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.string({ minLength: 1, maxLength: 100 }).filter((text) => text.isWellFormed()),
        (type, challenge, origin) => {
          const read = parseClientData(buildClientData(type, challenge, origin));
          expect(read).toEqual({ type, challenge, origin, crossOrigin: false });
        },
      ),
    );
  });

  test('with a member named like a thing every object has', () => {
    const text = `{"type":"webauthn.get","challenge":"${ENCODED}","origin":"https://a","toString":"x"}`;
    expect(parseClientData(bytes(text)).origin).toBe('https://a');
  });
});
