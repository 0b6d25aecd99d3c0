/** How much of a tree of included files is read: two lines that include their own file would else be read 2^32 times, by depth alone. */

/** Far more than any host has. */
const MAX_FILES = 512;

export class ReadingBudget {
  #left = MAX_FILES;
  #isUsedUp = false;

  /** Whether another file was wanted than may be read. */
  get isUsedUp(): boolean {
    return this.#isUsedUp;
  }

  /** Whether one more file may be read. */
  take(): boolean {
    if (this.#left === 0) this.#isUsedUp = true;
    else this.#left--;
    return !this.#isUsedUp;
  }
}

/** @param whose what includes them. */
export function tooManyFiles(whose: string): string {
  return `${whose} includes more than ${MAX_FILES} files: they were not all read`;
}
