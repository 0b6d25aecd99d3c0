/** A new roster ends what it does not grant any more: nobody keeps access until a certificate ends by itself. */
import { hex } from '@scure/base';
import type { Roster } from '../policy/roster.ts';
import { stillCovered } from '../policy/still-covered.ts';
import { decodeCertificate } from '../ssh/certificate.ts';
import { LEAST_RANDOM_SERIAL } from '../ssh/serial.ts';
import { termsOfFields } from './draft.ts';
import type { StoreWriter } from './ports.ts';
import type { IssuedCertificate } from './records.ts';
import { ascending, livePages, logRevocation, revokeEach } from './revoke-live.ts';

/** @returns the serials of what was live and is not granted any more, in ascending order. */
export async function revokeUncovered(
  tx: StoreWriter,
  roster: Roster,
  now: number,
): Promise<readonly bigint[]> {
  const serials: bigint[] = [];
  for await (const page of livePages(tx, { kind: 'all' }, now)) {
    const uncovered = page.filter((certificate) => !isGranted(roster, certificate, now));
    if (uncovered.length > 0) serials.push(...(await revokeEach(tx, uncovered, 'roster', now)));
  }
  const cause = { cause: 'roster', subject: hex.encode(roster.digest), reason: '' } as const;
  const all = ascending(serials);
  await logRevocation(tx, all, cause, now);
  return all;
}

function isGranted(
  roster: Roster,
  { serial, purpose, person: holder, certificate, validBefore }: IssuedCertificate,
  now: number,
): boolean {
  // What an offline key signed in an emergency, no roster was asked for.
  if (serial < LEAST_RANDOM_SERIAL) return true;
  const { fields } = decodeCertificate(certificate);
  const live = { purpose, holder, subject: fields.subject, terms: termsOfFields(fields), validBefore };
  return stillCovered(roster, live, now) === undefined;
}
