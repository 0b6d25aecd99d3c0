/** Puts a key with its certificate into the agent, for exactly as long as it is valid, and takes our older ones out. */

import type { AgentConnection } from '../../src/agent/connection.ts';
import { AgentError } from '../../src/agent/error.ts';
import { equalBytes } from '../../src/fido/equal-bytes.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { encodeCertificate } from '../../src/ssh/certificate.ts';
import type { PrivateKey, SecurityKeyFile } from '../../src/ssh/private-key.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Entry, EntryOwner } from './entries.ts';
import { entryComment, ownEntries } from './entries.ts';
import { withAgent } from './ssh-agent.ts';

const AGENT_HINT = 'some desktop agents drop certificates: use ssh-agent of OpenSSH';

type Place = Pick<Enrolled, 'agent'> & { readonly surroundings: Pick<Surroundings, 'now'> };

interface NewEntry {
  readonly owner: EntryOwner;
  readonly key: PrivateKey | SecurityKeyFile;
  readonly certificate: Certificate;
  /** Whether the agent asks at each use. */
  readonly confirm: boolean;
  /** The library that talks to the security key, if it is one. */
  readonly provider?: string | undefined;
}

/** @throws UsherCommandError `agent` when the agent does not list afterwards what was added. */
export async function deliverToAgent(
  { surroundings, agent: address }: Place,
  entry: NewEntry,
): Promise<void> {
  const { owner, key, certificate, confirm, provider } = entry;
  const lifetime = Number(certificate.fields.validBefore) - surroundings.now();
  if (lifetime < 1)
    throw new UsherCommandError('certificate-refused', 'the certificate is over already', {
      hint: 'it came too late: type the command again',
    });
  await withAgent(address, async (agent) => {
    const older = ownEntries(await agent.list(), owner);
    await agent.add(
      { key, certificate, comment: entryComment(owner) },
      { lifetime, confirm, ...(provider === undefined ? {} : { securityKeyProvider: provider }) },
    );
    // Added first: between the two there is never no certificate at all.
    for (const old of older) await removeQuietly(agent, old);
    assertKept(encodeCertificate(certificate), older, ownEntries(await agent.list(), owner));
  });
}

/** Another `usher login` may have removed it meanwhile: what counts is what the agent lists in the end. */
async function removeQuietly(agent: AgentConnection, { blob }: Entry): Promise<void> {
  try {
    await agent.remove(blob);
  } catch (error) {
    if (!(error instanceof AgentError && error.code === 'refused')) throw error;
  }
}

/** Ours is there, or a newer one of another `usher login` that took its place; the older ones are gone. */
function assertKept(added: Uint8Array, older: readonly Entry[], kept: readonly Entry[]): void {
  const isOld = ({ blob }: Entry) => older.some((old) => equalBytes(old.blob, blob));
  const isAdded = ({ blob }: Entry) => equalBytes(blob, added);
  if (kept.some((one) => isOld(one) && !isAdded(one)))
    throw new UsherCommandError('agent', 'the agent keeps an older certificate', { hint: AGENT_HINT });
  if (kept.length === 0)
    throw new UsherCommandError('agent', 'the agent does not hold what was put into it', {
      hint: AGENT_HINT,
    });
}
