import { expect, test } from 'vitest';
import { newRequestId } from '../../src/authority/secrets.ts';

test('the id of a request never begins with a hyphen: commands would take it for an option', () => {
  const chances = [new Uint8Array(16).fill(0xfb), new Uint8Array(16).fill(0xf8), new Uint8Array(16).fill(1)];
  const id = newRequestId({ bytes: () => chances.shift() ?? expect.unreachable('more chances were taken') });
  expect(id).toMatch(/^AQEB[A-Za-z0-9_-]{18}$/);
  expect(chances).toEqual([]);
});
