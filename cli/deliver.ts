/** Puts a key with its certificate into the agent, for exactly as long as it is valid, and takes our older ones out. */

import { equalBytes } from '../src/fido/equal-bytes.ts';
import type { Certificate } from '../src/ssh/certificate.ts';
import { encodeCertificate } from '../src/ssh/certificate.ts';
import type { PrivateKey } from '../src/ssh/private-key.ts';
import type { EntryOwner } from './entries.ts';
import { entryComment, ownEntries } from './entries.ts';
import { UsherCommandError } from './error.ts';
import { withAgent } from './ssh-agent.ts';
import type { Surroundings } from './surroundings.ts';

export interface NewEntry {
  readonly owner: EntryOwner;
  readonly key: PrivateKey;
  readonly certificate: Certificate;
  /** Whether the agent asks at each use. */
  readonly confirm: boolean;
}

/** @throws UsherCommandError `agent` when the agent does not list afterwards what was added. */
export async function deliverToAgent(surroundings: Surroundings, entry: NewEntry): Promise<void> {
  const { owner, key, certificate, confirm } = entry;
  const lifetime = Number(certificate.fields.validBefore) - surroundings.now();
  const blob = encodeCertificate(certificate);
  await withAgent(surroundings.env, async (agent) => {
    const older = ownEntries(await agent.list(), owner);
    await agent.add({ key, certificate, comment: entryComment(owner) }, { lifetime, confirm });
    // Added first: between the two there is never no certificate at all.
    for (const old of older) await agent.remove(old.blob);
    const kept = ownEntries(await agent.list(), owner);
    if (kept.length !== 1 || !kept.every((one) => equalBytes(one.blob, blob)))
      throw new UsherCommandError('agent', 'the agent does not hold what was put into it', {
        hint: 'some desktop agents drop certificates: use ssh-agent of OpenSSH',
      });
  });
}
