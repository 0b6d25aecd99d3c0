/** What each kind of act does. Who may do it was decided before, in the same transaction. */
import type { Act } from '../ssh/act.ts';
import type { Authority } from './authority.ts';
import { carryOutCaAct } from './ca-acts.ts';
import { inviteHost } from './host-invite.ts';
import type { StoreWriter } from './ports.ts';
import type { ActResult } from './records.ts';
import { carryOutRevocation } from './revoke.ts';

/** @throws AuthorityError when it can not be done as things are; then nothing of it stays. */
export function carryOut(
  authority: Authority,
  tx: StoreWriter,
  act: Act,
  person: string,
  now: number,
): Promise<ActResult> {
  switch (act.kind) {
    case 'invite-host':
      return inviteHost(tx, act, person, now);
    case 'revoke':
      return carryOutRevocation(authority, tx, act, now);
    case 'stage-ca':
    case 'activate-ca':
    case 'retire-ca':
    case 'revoke-ca':
      return carryOutCaAct(authority, tx, act, now);
  }
}
