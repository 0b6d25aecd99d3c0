/** Queries that Kysely compiles once and that are run with other values each time: compiling costs more than running. */
import type { Compilable, CompiledQuery } from 'kysely';

/** Stands for the value called `name` while the query is built. Whole numbers are integers in the database: bigint, as they are read. */
export type Param<P> = <K extends keyof P & string>(name: K) => Bound<P[K]>;

type Bound<T> = T extends number ? bigint : T;

export type Prepared<P, O> = (values: P) => CompiledQuery<O>;

export function prepare<P extends object, O>(build: (param: Param<P>) => Compilable<O>): Prepared<P, O> {
  const query = build(placeholder).compile();
  return (values) => ({ ...query, parameters: query.parameters.map((parameter) => fill(parameter, values)) });
}

/** A row whose every column is a parameter of the same name. */
export function rowOf<P, K extends keyof P & string>(param: Param<P>, columns: readonly K[]): BoundRow<P, K> {
  // Object.fromEntries loses the keys' types; these are exactly the columns.
  return Object.fromEntries(columns.map((column) => [column, param(column)])) as BoundRow<P, K>;
}

type BoundRow<P, K extends keyof P> = { readonly [C in K]: Bound<P[C]> };

class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

function placeholder(name: string): never {
  // Kysely takes any object as the value of a parameter and gives it back unseen; `fill` puts the real one there.
  return new Placeholder(name) as never;
}

function fill(parameter: unknown, values: object): unknown {
  if (!(parameter instanceof Placeholder)) return parameter;
  // The name came through Param<P>, so it is a key of the values.
  const value: unknown = (values as Readonly<Record<string, unknown>>)[parameter.name];
  if (value === undefined) throw new TypeError(`no value for the parameter ${parameter.name}`);
  return value;
}
