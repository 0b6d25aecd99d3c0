import { FleetError } from '../../src/fleet/error.ts';
import { UsherCommandError } from '../error.ts';

/** Runs what throws a FleetError, which becomes one of the command's. */
export function orRefuse<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof FleetError)) throw cause;
    throw new UsherCommandError(codeOf(cause), cause.message, { cause });
  }
}

function codeOf({ code }: FleetError): UsherCommandError['code'] {
  switch (code) {
    case 'bad-value':
      return 'usage';
    case 'no-ca-key':
    case 'shared-ca-key':
      return 'bundle-refused';
    default:
      return 'statement-refused';
  }
}
