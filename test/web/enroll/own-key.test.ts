import { base64urlnopad } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { isOwnKey } from '../../../web/enroll/own-key.ts';
import { bytes } from '../review-reply.ts';

const ID = bytes(16, 5);
const KEY = Uint8Array.from({ length: 77 }, (_, index) => index);

function made(flags: number, tail: readonly number[] = []) {
  const data = [...bytes(32, 1), flags, 0, 0, 0, 0, ...bytes(16, 2), 0, ID.length, ...ID, ...KEY, ...tail];
  return {
    credentialId: base64urlnopad.encode(ID),
    clientDataJSON: '',
    attestationObject: '',
    authenticatorData: base64urlnopad.encode(Uint8Array.from(data)),
  };
}

const own = made(0x45);
const { credentialId } = own;

describe('the key to be confirmed is not our own when', () => {
  it('its id is another', () => {
    const other = base64urlnopad.encode(bytes(16, 6));
    expect(isOwnKey(own, other, KEY)).toBe(false);
    expect(isOwnKey({ ...own, credentialId: other }, credentialId, KEY)).toBe(false);
  });

  it('one bit of it is another, or it is shorter or longer', () => {
    expect(isOwnKey(own, credentialId, KEY.with(40, 255))).toBe(false);
    expect(isOwnKey(own, credentialId, KEY.slice(0, -1))).toBe(false);
    expect(isOwnKey(own, credentialId, Uint8Array.of(...KEY, 0))).toBe(false);
    expect(isOwnKey(own, credentialId, new Uint8Array())).toBe(false);
  });

  it('the authenticator data holds no credential, or another id', () => {
    expect(isOwnKey(made(0x05), credentialId, KEY)).toBe(false);
    const other = base64urlnopad.encode(bytes(16, 6));
    expect(isOwnKey({ ...own, credentialId: other }, other, KEY)).toBe(false);
  });

  it('the browser tells no authenticator data, or too little', () => {
    expect(isOwnKey({ ...own, authenticatorData: undefined }, credentialId, KEY)).toBe(false);
    expect(isOwnKey({ ...own, authenticatorData: 'AAAA' }, credentialId, KEY)).toBe(false);
  });

  it('something follows it that is not announced', () => {
    expect(isOwnKey(made(0x45, [1, 2]), credentialId, KEY)).toBe(false);
  });
});

it('our own key is known, with and without extensions behind it', () => {
  expect(isOwnKey(own, credentialId, KEY)).toBe(true);
  expect(isOwnKey(made(0xc5, [0xa0]), credentialId, KEY)).toBe(true);
});
