/** The CA keys that a host is given: those of the authority's signed bundle, but none that people hold. */
import { formatCaFile } from '../../src/fleet/ca-file.ts';
import type { Roster } from '../../src/policy/roster.ts';
import type { VerifiedBundle } from '../authority/bundle.ts';
import { openEnrolled, refreshBundle, storedBundle } from '../authority/enrolled.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { warn } from '../terminal.ts';

interface HostCaKeys {
  readonly bundle: VerifiedBundle;
  /** Purposes whose CA keys are security keys of people. */
  readonly keyless: ReadonlySet<string>;
}

/** @param roster as its keeper has it: an authority that was stolen may say that it holds the keys itself. */
export async function loadCaKeys(
  surroundings: Surroundings,
  authority: string | undefined,
  roster: Roster | undefined,
): Promise<HostCaKeys> {
  const bundle = await loadBundle(surroundings, authority);
  const peoples = bundle.caKeys.filter(({ signer }) => signer !== undefined);
  const keyless = new Set(peoples.map(({ purpose }) => purpose));
  if (roster !== undefined && roster.sudoCa.length > 0) keyless.add('sudo');
  return { bundle, keyless };
}

/**
 * The text of a file of CA keys. Hosts that took people's keys from the authority would trust whatever it says.
 * @throws UsherCommandError `usage`; FleetError
 */
export function caFileText({ bundle, keyless }: HostCaKeys, purpose: string): string {
  if (!keyless.has(purpose)) return formatCaFile(bundle.caKeys, purpose);
  throw new UsherCommandError(
    'usage',
    `the CA keys of ${purpose} are people's, and the authority does not speak for them`,
    { hint: 'give the host a statement that one of them signed: usher sudo-ca sign, usher host trust' },
  );
}

/** What the authority says now, else what it said last. */
async function loadBundle(
  surroundings: Surroundings,
  authority: string | undefined,
): Promise<VerifiedBundle> {
  const enrolled = await openEnrolled(surroundings, authority);
  try {
    return await refreshBundle(enrolled);
  } catch (error) {
    const stored = storedBundle(enrolled);
    const unreachable = error instanceof UsherCommandError && error.code === 'unreachable';
    if (!unreachable || stored === undefined) throw error;
    warn(surroundings, `${error.message}; these are the CA keys that it had when it was seen last`);
    return stored;
  }
}
