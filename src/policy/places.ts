import { LineCounter } from 'yaml';
import type { Fault, FaultCode } from './fault.ts';

/** Offsets in the file: of a member's name (none in a list) and of its value. */
interface Place {
  readonly name?: number;
  readonly value: number;
}

type Container = Readonly<Record<string, unknown>> | readonly unknown[];

/** Where each value and each name of a YAML file stands. Paths are JSON pointers (RFC 6901). */
export class Places {
  readonly #lines = new LineCounter();
  readonly #members = new WeakMap<Container, Map<string, Place>>();
  #root: unknown;

  addLine(offset: number): void {
    this.#lines.addNewLine(offset);
  }

  setRoot(root: unknown): void {
    this.#root = root;
  }

  addMembers(container: Container, members: Map<string, Place>): void {
    this.#members.set(container, members);
  }

  /** A fault of the value at `path`, or of what holds it when it has no place of its own. */
  faultOfValue(code: FaultCode, path: string, message: string): Fault {
    return this.faultAt(code, this.#find(path).value, path, message);
  }

  /** A fault of the name under which the value at `path` stands, or of the value in a list. */
  faultOfName(code: FaultCode, path: string, message: string): Fault {
    const { name, value } = this.#find(path);
    return this.faultAt(code, name ?? value, path, message);
  }

  faultAt(code: FaultCode, offset: number, path: string, message: string): Fault {
    const { line, col } = this.#lines.linePos(offset);
    return { code, line: Math.max(line, 1), column: Math.max(col, 1), path: dotted(path), message };
  }

  /** The place of the path, or of the last member on the way that is in the file. */
  #find(path: string): Place {
    let place: Place = { value: 0 };
    let container = this.#root;
    for (const name of namesOf(path)) {
      const members = isContainer(container) ? this.#members.get(container) : undefined;
      const next = members?.get(name);
      if (next === undefined) return { value: place.name ?? place.value };
      place = next;
      container = isContainer(container) ? Reflect.get(container, name) : undefined;
    }
    return place;
  }
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

/** The pointer to a member of what `path` points to. */
export function member(path: string, name: string | number): string {
  return `${path}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** The names that a pointer is made of. */
export function namesOf(path: string): readonly string[] {
  return path
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function dotted(path: string): string {
  return namesOf(path).join('.');
}
