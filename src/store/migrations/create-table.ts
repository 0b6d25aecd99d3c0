import type { ColumnDataType, CreateTableBuilder, Kysely, RawBuilder } from 'kysely';

/** The words in which databases differ when tables are made. */
export interface ColumnTypes {
  /** Holds 63 bits. */
  readonly integer: ColumnDataType;
  readonly bytes: ColumnDataType;
  /** What stands behind the list of columns. */
  readonly tableEnd: RawBuilder<unknown>;
  /** The same of a table that is nothing but its key. */
  readonly keyTableEnd: RawBuilder<unknown>;
}

/** What a column holds; with `?`, or nothing. */
export type ColumnKind = `${'text' | 'integer' | 'bytes'}${'' | '?'}`;

type Builder = CreateTableBuilder<string, string>;

/** Makes a table whose first column is its key. */
export async function createTable(
  db: Kysely<unknown>,
  types: ColumnTypes,
  name: string,
  columns: Readonly<Record<string, ColumnKind>>,
  constrain: (table: Builder) => Builder = (table) => table,
): Promise<void> {
  const words = { ...types, text: 'text' } as const;
  const [key] = Object.keys(columns);
  const table = Object.entries(columns).reduce<Builder>((builder, [column, kind]) => {
    return builder.addColumn(column, words[baseOf(kind)], (definition) => {
      const required = kind.endsWith('?') ? definition : definition.notNull();
      return column === key ? required.primaryKey() : required;
    });
  }, db.schema.createTable(name));
  await constrain(table).modifyEnd(types.tableEnd).execute();
}

/** Makes a table whose columns are its key, in this order. */
export async function createKeyTable(
  db: Kysely<unknown>,
  types: ColumnTypes,
  name: string,
  columns: Readonly<Record<string, 'text' | 'integer' | 'bytes'>>,
): Promise<void> {
  const words = { ...types, text: 'text' } as const;
  const table = Object.entries(columns).reduce<Builder>(
    (builder, [column, kind]) => builder.addColumn(column, words[kind], (definition) => definition.notNull()),
    db.schema.createTable(name),
  );
  const keyed = table.addPrimaryKeyConstraint(`${name}_key`, Object.keys(columns));
  await keyed.modifyEnd(types.keyTableEnd).execute();
}

function baseOf(kind: ColumnKind): 'text' | 'integer' | 'bytes' {
  if (kind.startsWith('text')) return 'text';
  return kind.startsWith('integer') ? 'integer' : 'bytes';
}
