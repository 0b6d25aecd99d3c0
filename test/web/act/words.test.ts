import { expect, it } from 'vitest';
import { wordsOf } from '../../../web/act/words.ts';

const revoke = (kind: 'serial' | 'machine', name: string) =>
  ({ kind: 'revoke', target: { kind, name }, reason: 'lost' }) as const;

it('who refuses what was revoked', () => {
  expect(wordsOf(revoke('serial', '7')).outcome).toMatch(/^Hosts refuse it from their next sync on\./);
  expect(wordsOf(revoke('machine', 'web1')).outcome).toMatch(/^Clients refuse it from their next login on\./);
});
