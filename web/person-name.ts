const PERSON = /^[a-z_][a-z0-9_.-]{0,31}$/;

/** Whether the roster could name a person so. */
export function isPerson(name: string): boolean {
  return PERSON.test(name);
}
