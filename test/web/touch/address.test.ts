import { describe, expect, it } from 'vitest';
import { parseTouchAddress } from '../../../web/touch/address.ts';

const ID = 'AbCdEfGhIjKlMnOpQr-_uv';

describe('the address of a request', () => {
  it.each([
    '',
    '#',
    '#short',
    `#${ID}x`,
    `#${ID}.`,
    `#${ID}.80`,
    `#${ID}.1023`,
    `#${ID}.65536`,
    `#${ID}.040000`,
    `#${ID}.40000.1`,
    `#${ID}.4000a`,
    `#${ID}.127.0.0.1:80`,
  ])('is not %j', (fragment) => {
    expect(parseTouchAddress(fragment)).toBeUndefined();
  });

  it('names a request, and the port of a command on this machine where there is one', () => {
    expect(parseTouchAddress(`#${ID}`)).toEqual({ requestId: ID });
    expect(parseTouchAddress(`#${ID}.1024`)).toEqual({ requestId: ID, port: 1024 });
    expect(parseTouchAddress(`#${ID}.65535`)).toEqual({ requestId: ID, port: 65_535 });
  });
});
