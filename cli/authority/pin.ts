/** Pins an authority: its bundle, verified with the key that an invite names, becomes what later bundles are compared with. */
import { BundleReply } from '../../src/http/contract/bundle.ts';
import type { Invite } from '../enrolment/invite.ts';
import { UsherCommandError } from '../error.ts';
import type { Paths } from '../paths.ts';
import { authorityName } from '../paths.ts';
import type { Surroundings } from '../surroundings.ts';
import { warn } from '../terminal.ts';
import type { VerifiedBundle } from './bundle.ts';
import { acceptBundle, verifyBundle } from './bundle.ts';
import type { Client } from './client.ts';
import { forget, loadMemory, remember } from './memory.ts';
import type { Settings } from './settings.ts';
import { saveSettings } from './settings.ts';

/**
 * Fetches the bundle and verifies it; nothing is kept yet.
 * @throws UsherCommandError `bundle-refused`
 */
export async function verifyInvited(
  surroundings: Surroundings,
  paths: Paths,
  client: Client,
  invite: Invite,
): Promise<VerifiedBundle> {
  const pins = { bundleKey: invite.bundleKey };
  const bundle = verifyBundle(await client.get('/v1/bundle', BundleReply), invite.origin, pins);
  checkRpId(bundle, invite);
  const seen = await seenBundle(paths, invite);
  if (seen === 'of-another-key')
    warn(surroundings, `${invite.origin} has another key than before: go on only if its keeper made it anew`);
  acceptBundle(bundle, seen === 'of-another-key' ? undefined : seen, surroundings.now());
  return bundle;
}

/** Only now, when everything went well, is forgotten what was seen of an authority that had another key, and another log. */
export async function keepPinned(
  paths: Paths,
  settings: Settings,
  bundle: VerifiedBundle,
  makeDefault: boolean,
): Promise<void> {
  const name = authorityName(settings.origin);
  if ((await seenBundle(paths, settings)) === 'of-another-key') await forget(paths, name);
  await remember(paths, name, { bundle: bundle.reply });
  await saveSettings(paths, settings, makeDefault);
}

async function seenBundle(
  paths: Paths,
  { origin, bundleKey }: Pick<Invite, 'origin' | 'bundleKey'>,
): Promise<VerifiedBundle | 'of-another-key' | undefined> {
  const { bundle } = await loadMemory(paths, authorityName(origin));
  if (bundle === undefined) return undefined;
  try {
    return verifyBundle(bundle, origin, { bundleKey });
  } catch (error) {
    if (error instanceof UsherCommandError) return 'of-another-key';
    throw error;
  }
}

/** As browsers demand it: a page's own name, or one above it. */
function checkRpId({ rpId }: VerifiedBundle, { origin }: Invite): void {
  const { hostname } = new URL(origin);
  if (hostname !== rpId && !hostname.endsWith(`.${rpId}`))
    throw new UsherCommandError('bad-reply', `the RP id ${rpId} does not belong to ${hostname}`);
}
