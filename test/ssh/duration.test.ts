import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DURATION_PATTERN, formatDuration, parseDuration } from '../../src/ssh/duration.ts';

it.each([
  '',
  '0m',
  '00m',
  '08h',
  '-1h',
  '+1h',
  '1',
  'h',
  '1.5h',
  '1h30m',
  '1 h',
  ' 1h',
  '1h\n',
  '1H',
  '1w',
  '1e3s',
  '1000000s',
  '１h',
])('refuses %j', (text) => {
  expect(parseDuration(text)).toBeUndefined();
  expect(new RegExp(DURATION_PATTERN).test(text)).toBe(false);
});

it.each([
  ['45s', 45],
  ['90m', 5400],
  ['8h', 28_800],
  ['20h', 72_000],
  ['1d', 86_400],
])('reads %s', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
  expect(formatDuration(seconds)).toBe(text);
});

it.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('%d seconds have no form', (seconds) => {
  expect(() => formatDuration(seconds)).toThrow(TypeError);
});

it('what is formatted reads back as the same time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999 }), (seconds) => {
      expect(parseDuration(formatDuration(seconds))).toBe(seconds);
    }),
  );
});
