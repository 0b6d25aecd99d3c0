import { describe, expect, it } from 'vitest';
import { rememberPersonIn } from '../../../web/approve/memory.ts';

function storage(entries = new Map<string, string>()) {
  return {
    entries,
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => void entries.set(key, value),
  };
}

function forbidden(): never {
  throw new Error('SecurityError');
}

describe('who answered last', () => {
  it('is nobody, without a failure, when the browser keeps nothing', () => {
    const memory = rememberPersonIn(forbidden);
    memory.keep('bob');
    expect(memory.recall()).toBeUndefined();
  });

  it.each(['', 'Bob', '<b>bob</b>', 'bob smith', '{"name":"bob"}'])(
    'is nobody when %j stands there',
    (text) => {
      const kept = storage(new Map([['usher-approver', text]]));
      expect(rememberPersonIn(() => kept).recall()).toBeUndefined();
    },
  );

  it('is a name, and nothing else is kept', () => {
    const kept = storage();
    const memory = rememberPersonIn(() => kept);
    expect(memory.recall()).toBeUndefined();
    memory.keep('bob');
    expect(memory.recall()).toBe('bob');
    expect([...kept.entries]).toEqual([['usher-approver', 'bob']]);
  });
});
