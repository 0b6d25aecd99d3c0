/** The authority: its bundle, its clock, and what it says of the person. */

import type { Entry } from '../agent/entries.ts';
import { isValidAt } from '../agent/entries.ts';
import type { VerifiedBundle } from '../authority/bundle.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { refreshBundle, storedBundle } from '../authority/enrolled.ts';
import { refreshAccess } from '../authority/refresh-access.ts';
import { UsherCommandError } from '../error.ts';
import { roughDuration } from '../issue/review.ts';
import type { Check } from './check.ts';
import { failure, ok, warning } from './check.ts';
import { judgeClock } from './clock.ts';

interface BundleFinding {
  readonly check: Check;
  readonly bundle: VerifiedBundle | undefined;
}

export async function checkBundle(enrolled: Enrolled): Promise<BundleFinding> {
  try {
    const bundle = await refreshBundle(enrolled);
    const left = roughDuration(bundle.freshUntil - enrolled.surroundings.now());
    const message = `the bundle has number ${bundle.number}, is signed by the pinned key and fresh for ${left}`;
    return { bundle, check: ok('bundle', message) };
  } catch (error) {
    return { bundle: lastSeen(enrolled), check: failed('bundle', error) };
  }
}

/** What was remembered may itself be what is wrong: then there is nothing to compare a certificate with. */
function lastSeen(enrolled: Enrolled): VerifiedBundle | undefined {
  try {
    return storedBundle(enrolled);
  } catch (error) {
    if (error instanceof UsherCommandError) return undefined;
    throw error;
  }
}

export async function checkClock({ client, surroundings }: Enrolled): Promise<Check> {
  try {
    return judgeClock(await client.serverTime(), surroundings.now());
  } catch (error) {
    return failed('clock', error);
  }
}

/** Asks with the certificate itself, which shows that the authority takes it; keeps what it says about access. */
export async function checkAccount(enrolled: Enrolled, entries: readonly Entry[]): Promise<readonly Check[]> {
  const { surroundings } = enrolled;
  const entry = entries.find(({ certificate }) => isValidAt(certificate, surroundings.now()));
  if (entry === undefined) return [];
  try {
    const me = await refreshAccess(enrolled, entry);
    const count = me.credentials.length;
    const message = `the authority knows you, with ${count} credential${count === 1 ? '' : 's'}`;
    if (count === 0)
      return [failure('account', message, 'ask the keeper of your fleet for an invite: no touch will count')];
    if (count > 1) return [ok('account', message)];
    return [warning('account', message, 'enroll a second one: who loses the only one needs a new invite')];
  } catch (error) {
    return [failed('account', error)];
  }
}

function failed(id: 'bundle' | 'clock' | 'account', error: unknown): Check {
  if (!(error instanceof UsherCommandError)) throw error;
  return failure(id, error.message, adviceOf(error));
}

/** The doctor does not send people to the doctor. */
function adviceOf({ code, problem, hint }: UsherCommandError): string {
  if (code === 'unreachable')
    return 'check your connection and the address; if both are good, the service is down: tell its keeper';
  if (problem?.code === 'clock-skew') return 'set your clock';
  return hint ?? 'ask the keeper of the authority';
}
