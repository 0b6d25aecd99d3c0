/**
 * Reading a YAML value whose structure may be wrong: what is not of the expected form is passed over, since the schema
 * reports it. So that every other fault can still be found in the same run.
 */
import { member } from './places.ts';

export interface Item {
  readonly path: string;
  readonly name: string;
  readonly value: unknown;
}

export interface TextItem {
  readonly path: string;
  readonly text: string;
}

/** The members of an object, with their paths; none when it is no object. */
export function entriesOf(value: unknown, path: string): readonly Item[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).map(([name, child]) => ({ path: member(path, name), name, value: child }));
}

/** The strings of a list, with their paths. */
export function textsOf(value: unknown, path: string): readonly TextItem[] {
  if (!Array.isArray(value)) return [];
  const items: readonly unknown[] = value;
  return items.flatMap((text, index) =>
    typeof text === 'string' ? [{ path: member(path, index), text }] : [],
  );
}

/** One member, or nothing. */
export function fieldOf(item: Item, name: string): Item {
  const found = entriesOf(item.value, item.path).find((entry) => entry.name === name);
  return found ?? { path: member(item.path, name), name, value: undefined };
}

export function textsIn(item: Item, name: string): readonly TextItem[] {
  const field = fieldOf(item, name);
  return textsOf(field.value, field.path);
}

/** The entries of one of the file's sections: people, roles, hosts. */
export function sectionOf(root: unknown, name: string): readonly Item[] {
  const section = fieldOf({ path: '', name: '', value: root }, name);
  return entriesOf(section.value, section.path);
}
