import { LineCounter } from 'yaml';
import type { Fault, FaultCode } from './fault.ts';

/** Where each value and each name of a YAML file stands. Paths are JSON pointers (RFC 6901). */
export class Places {
  readonly #lines = new LineCounter();
  readonly #values = new Map<string, number>();
  readonly #names = new Map<string, number>();

  addLine(offset: number): void {
    this.#lines.addNewLine(offset);
  }

  addValue(path: string, offset: number): void {
    this.#values.set(path, offset);
  }

  addName(path: string, offset: number): void {
    this.#names.set(path, offset);
  }

  /** A fault of the value at `path`, or of what holds it when it has no place of its own. */
  faultOfValue(code: FaultCode, path: string, message: string): Fault {
    const offset = this.#values.get(path) ?? this.#names.get(path) ?? this.#nearest(path);
    return this.faultAt(code, offset, path, message);
  }

  /** A fault of the name under which the value at `path` stands, or of the value in a list. */
  faultOfName(code: FaultCode, path: string, message: string): Fault {
    return this.faultAt(
      code,
      this.#names.get(path) ?? this.#values.get(path) ?? this.#nearest(path),
      path,
      message,
    );
  }

  faultAt(code: FaultCode, offset: number, path: string, message: string): Fault {
    const { line, col } = this.#lines.linePos(offset);
    return { code, line: Math.max(line, 1), column: Math.max(col, 1), path: dotted(path), message };
  }

  #nearest(path: string): number {
    const parent = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    const offset = this.#names.get(parent) ?? this.#values.get(parent);
    return offset ?? (parent === '' ? 0 : this.#nearest(parent));
  }
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
