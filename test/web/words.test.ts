import { expect, it } from 'vitest';
import {
  asSentence,
  briefListInWords,
  countdown,
  extensionInWords,
  lifetimeInWords,
  listInWords,
  momentInWords,
} from '../../web/words.ts';

it('a lifetime is told exactly', () => {
  expect(lifetimeInWords(72_000)).toBe('20 hours');
  expect(lifetimeInWords(5_400)).toBe('1 hour 30 minutes');
  expect(lifetimeInWords(61)).toBe('1 minute 1 second');
  expect(lifetimeInWords(0)).toBe('no time');
});

it('a list reads as a sentence', () => {
  expect(listInWords([])).toBe('');
  expect(listInWords(['web1'])).toBe('web1');
  expect(listInWords(['web1', 'web2', 'db'])).toBe('web1, web2 and db');
});

it('a long list is counted', () => {
  expect(briefListInWords(['a', 'b', 'c', 'd'], 'hosts')).toBe('a, b, c and d');
  expect(briefListInWords(['a', 'b', 'c', 'd', 'e'], 'hosts')).toBe('5 hosts');
});

it('a reason becomes a sentence', () => {
  expect(asSentence('there is no such request: ask again')).toBe('There is no such request: ask again.');
  expect(asSentence('The authority did not answer.')).toBe('The authority did not answer.');
});

it('a moment names its zone', () => {
  expect(momentInWords(1_800_000_000, 'UTC')).toBe('Fri, 15 Jan 2027, 08:00 UTC');
});

it('an extension without words stands for itself', () => {
  expect(extensionInWords('permit-pty')).toBe('a terminal');
  expect(extensionInWords('permit-anything')).toBe('permit-anything');
});

it('a countdown never goes below zero', () => {
  expect(countdown(92.7)).toBe('1:32');
  expect(countdown(-3)).toBe('0:00');
});

it('a countdown of more than an hour names the hours', () => {
  expect(countdown(3_599)).toBe('59:59');
  expect(countdown(3_600)).toBe('1:00:00');
  expect(countdown(43_265)).toBe('12:01:05');
});
