import { expect, it } from 'vitest';
import { isReason, MAX_REASON_LENGTH } from '../../src/ssh/reason.ts';

it.each([
  ['a line break', 'a\nb'],
  ['a line break at the end', 'a\n'],
  ['a tab', 'a\tb'],
  ['an escape', 'a\u001b[2Jb'],
  ['a delete', 'a\u007fb'],
  ['what is not ASCII', 'für'],
  ['a text that turns its direction', 'a\u202eb'],
  ['a blank before', ' a'],
  ['a blank behind', 'a '],
  ['nothing but a blank', ' '],
  ['one character too many', 'a'.repeat(MAX_REASON_LENGTH + 1)],
])('%s is no reason', (_, text) => {
  expect(isReason(text)).toBe(false);
});

it.each(['', 'a', 'INC-7: disk of web1 is full', `~${' '.repeat(MAX_REASON_LENGTH - 2)}!`])(
  '%j is one',
  (text) => {
    expect(isReason(text)).toBe(true);
  },
);
