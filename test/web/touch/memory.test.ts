import { describe, expect, it } from 'vitest';
import type { KnownPage } from '../../../web/touch/memory.ts';
import { rememberIn } from '../../../web/touch/memory.ts';
import { REQUEST_ID } from '../review-reply.ts';

const PAGE: KnownPage = {
  pageSecret: 'S'.repeat(43),
  askedFrom: '203.0.113.9',
  openedFrom: '198.51.100.4',
  expiresAt: 1_800_000_120,
  clockAhead: -2,
  way: 'code',
  wrongCodes: 1,
};

function storage(entries = new Map<string, string>()) {
  return {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => void entries.set(key, value),
  };
}

function forbidden(): never {
  throw new Error('SecurityError');
}

describe('what a tab remembers', () => {
  it('is nothing, without a failure, when the browser keeps nothing', () => {
    const memory = rememberIn(forbidden);
    expect(memory.keep(REQUEST_ID, PAGE)).toBe(false);
    expect(memory.recall(REQUEST_ID)).toBeUndefined();
  });

  it.each(['', 'null', '[]', '{"pageSecret":1}', 'not json'])('is nothing when the entry is %j', (entry) => {
    const entries = new Map([[`usher-page-${REQUEST_ID}`, entry]]);
    expect(rememberIn(() => storage(entries)).recall(REQUEST_ID)).toBeUndefined();
  });

  it('is the page of this very request', () => {
    const kept = storage();
    const memory = rememberIn(() => kept);
    expect(memory.keep(REQUEST_ID, PAGE)).toBe(true);
    expect(memory.recall(REQUEST_ID)).toEqual(PAGE);
    expect(memory.recall('A'.repeat(22))).toBeUndefined();
  });
});
