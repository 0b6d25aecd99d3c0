/**
 * Who answered last in this browser (localStorage), so that nobody types their name twice. It is the name alone, kept only after
 * the authority has accepted a touch of that person; nothing of any request is kept.
 */
import { isPerson } from '../person-name.ts';

export interface PersonMemory {
  recall(): string | undefined;
  keep(person: string): void;
}

type LocalStorage = Pick<Storage, 'getItem' | 'setItem'>;

const KEY = 'usher-approver';

/** `open` may throw: a browser that keeps nothing throws as soon as the storage is named. */
export function rememberPersonIn(open: () => LocalStorage): PersonMemory {
  return {
    recall() {
      try {
        const person = open().getItem(KEY) ?? '';
        return isPerson(person) ? person : undefined;
      } catch {
        return undefined;
      }
    },
    keep(person) {
      try {
        open().setItem(KEY, person);
      } catch {
        // Then it is typed again.
      }
    },
  };
}
