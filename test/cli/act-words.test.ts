import { expect, it } from 'vitest';
import { actRows } from '../../cli/act/words.ts';
import type { RevocationTarget } from '../../src/ssh/act.ts';

const revoked = (target: RevocationTarget) => actRows({ kind: 'revoke', target, reason: 'lost' })[0]?.[1];

it('says before the touch that the host of a host certificate is locked with it', () => {
  expect(revoked({ kind: 'serial', name: '7' })).toBe(
    'the certificate with the serial 7; if a host shows it, the host is locked too',
  );
});

it('says what ends with anything else by its name alone', () => {
  expect(revoked({ kind: 'machine', name: 'web1' })).toBe('every certificate of the machine web1');
});
