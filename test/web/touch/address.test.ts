import { describe, expect, it } from 'vitest';
import { parseTouchAddress } from '../../../web/touch/address.ts';

const ID = 'AbCdEfGhIjKlMnOpQr-_uv';
const TOKEN = 'tokentokentokentoken-_';

describe('the address of a request', () => {
  it.each([
    '',
    '#',
    '#short',
    `#${ID}x`,
    `#${ID}.`,
    `#${ID}.40000`,
    `#${ID}.80.${TOKEN}`,
    `#${ID}.1023.${TOKEN}`,
    `#${ID}.65536.${TOKEN}`,
    `#${ID}.040000.${TOKEN}`,
    `#${ID}.40000.1`,
    `#${ID}.40000.${TOKEN}x`,
    `#${ID}.40000.${TOKEN}.1`,
    `#${ID}.${TOKEN}`,
    `#${ID}.4000a.${TOKEN}`,
    `#${ID}.127.0.0.1:80`,
  ])('is not %j', (fragment) => {
    expect(parseTouchAddress(fragment)).toBeUndefined();
  });

  it('names a request, and port and token of a command on this machine where there is one', () => {
    expect(parseTouchAddress(`#${ID}`)).toEqual({ requestId: ID });
    for (const port of [1024, 65_535])
      expect(parseTouchAddress(`#${ID}.${port}.${TOKEN}`)).toEqual({
        requestId: ID,
        command: { port, token: TOKEN },
      });
  });
});
