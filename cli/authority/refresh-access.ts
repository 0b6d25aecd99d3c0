/** Asks the authority, by a call that the certificate's key signs, what the person may ask for now. */
import type { MeReply as Me } from '../../src/http/contract/authority.ts';
import { MeReply } from '../../src/http/contract/authority.ts';
import type { Entry } from '../agent/entries.ts';
import type { Enrolled } from './enrolled.ts';
import { changeSettings } from './settings.ts';
import { signGet } from './signed-call.ts';

/** What it says about access is kept for the next `login`. */
export async function refreshAccess(
  enrolled: Enrolled,
  entry: Pick<Entry, 'blob' | 'certificate'>,
): Promise<Me> {
  const { client, paths, name } = enrolled;
  const me = await client.get('/v1/me', MeReply, await signGet(enrolled, entry, '/v1/me'));
  await changeSettings(paths, name, (current) => ({ ...current, access: me.access }));
  return me;
}
