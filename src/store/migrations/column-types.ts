/** The words in which databases differ when tables are made. */
import type { ColumnDataType, RawBuilder } from 'kysely';

export interface ColumnTypes {
  /** Holds 63 bits. */
  readonly integer: ColumnDataType;
  readonly bytes: ColumnDataType;
  /** What stands behind the list of columns. */
  readonly tableEnd: RawBuilder<unknown>;
}
