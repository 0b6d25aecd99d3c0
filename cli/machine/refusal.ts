/** What a host refuses of what its authority gave it: everything stays as it is, and the command fails. */
import { FleetError } from '../../src/fleet/error.ts';
import { SshError } from '../../src/ssh/error.ts';
import { UsherCommandError } from '../error.ts';

/** @throws UsherCommandError `bundle-refused` instead of the errors of formats. */
export function orRefuseBundle<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof FleetError) && !(cause instanceof SshError)) throw cause;
    throw refused(cause.message, cause);
  }
}

export function refused(reason: string, cause?: unknown): UsherCommandError {
  return new UsherCommandError('bundle-refused', reason, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'this host stays as it is; tell the keeper of your fleet',
  });
}
