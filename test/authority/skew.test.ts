import { expect, it } from 'vitest';
import { clockSkew } from '../../src/authority/skew.ts';

const NOW = 1_800_000_000;

it.each([
  [900, '15 minutes ahead of'],
  [-301, '5 minutes behind'],
  [5_400, '90 minutes ahead of'],
  [-7_300, '2 hours behind'],
  [400 * 86_400, '400 days ahead of'],
  [31, '31 seconds ahead of'],
])('a clock that is %i seconds off is told so in words: %s', (offset, words) => {
  expect(clockSkew(NOW + offset, NOW)).toMatchObject({
    code: 'clock-skew',
    message: `your clock is ${words} the authority's: set it and try again`,
  });
});
