/** `usherd restored`: what has to be done once after a copy of the store was put back. */
import { renumberLists } from '../authority/krl.ts';
import { openAuthority, readConfig } from '../compose.ts';

/** In the order of docs/operating.md. */
const CHECKLIST = `every revocation list has a new number: hosts take it with their next sync
The copy has forgotten what came after it. Before anybody but you reaches usherd:
 1. roster: load the newest one (usherd roster load)
 2. CA keys: revoke again each CA key that was revoked since (usher ca revoke), repeat stages since (usher ca rotate)
 3. credentials: remove again those that were removed since (usherd credential remove)
 4. revocations: revoke again what was (usher revoke); where it is not known any more, everybody's certificates (usher revoke --person)
 5. statement about sudo: publish the newest one again (usher sudo-ca publish)
Then:
 6. people who enrolled since need a new invite (usherd invite); one that was used since may be used once more until it ends
 7. hosts that enrolled or renewed since need a new token (usher host invite)
 8. people whose command saw a later log are told in person: docs/operating.md`;

/** @returns what the keeper has yet to do */
export async function restored(dir: string): Promise<string> {
  const authority = await openAuthority(await readConfig(dir));
  try {
    await renumberLists(authority);
    return CHECKLIST;
  } finally {
    await authority.store.close();
  }
}
