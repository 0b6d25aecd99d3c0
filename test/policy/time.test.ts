import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatTime, parseTime } from '../../src/policy/time.ts';

it.each([
  '',
  '2027-06-30',
  '2027-06-30T00:00Z',
  '2027-06-30T00:00:00',
  '2027-06-30 00:00:00Z',
  '2027-6-30T00:00:00Z',
  '2027-02-29T00:00:00Z',
  '2100-02-29T00:00:00Z',
  '2027-00-01T00:00:00Z',
  '2027-13-01T00:00:00Z',
  '2027-01-00T00:00:00Z',
  '2027-04-31T00:00:00Z',
  '2027-06-30T24:00:00Z',
  '2027-06-30T00:60:00Z',
  '2027-06-30T23:59:60Z',
  '2027-06-30T00:00:00.5Z',
  '2027-06-30T00:00:00+24:00',
  '2027-06-30T00:00:00+0200',
  '2027-06-30T00:00:00Z\n',
  'tomorrow',
])('refuses %j', (text) => {
  expect(parseTime(text)).toBeUndefined();
});

it.each([
  ['1970-01-01T00:00:00Z', 0],
  ['2000-02-29T12:00:00Z', 951_825_600],
  ['2027-06-30T02:00:00+02:00', 1_814_313_600],
  ['2027-06-29T18:30:00-05:30', 1_814_313_600],
])('reads %s', (text, time) => {
  expect(parseTime(text)).toBe(time);
});

it('agrees with the calendar of JavaScript, both ways', () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), (time) => {
      const text = new Date(time * 1000).toISOString().replace('.000', '');
      expect(parseTime(text)).toBe(time);
      expect(formatTime(time)).toBe(text);
    }),
  );
});
