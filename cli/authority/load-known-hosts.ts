import { findUsable } from '../agent/own-entries.ts';
import { UsherCommandError } from '../error.ts';
import { warn } from '../terminal.ts';
import type { Enrolled } from './enrolled.ts';
import type { VerifiedKnownHosts } from './known-hosts.ts';
import { refreshKnownHosts, storedKnownHosts } from './known-hosts-files.ts';

/** The list of hosts as the authority has it now, else as it was seen last. @throws UsherCommandError when it never was */
export async function loadKnownHosts(enrolled: Enrolled): Promise<VerifiedKnownHosts> {
  try {
    return await refreshed(enrolled);
  } catch (error) {
    const stored = await storedKnownHosts(enrolled);
    if (!(error instanceof UsherCommandError) || stored === undefined) throw error;
    warn(enrolled.surroundings, `${error.message}; this is the list of hosts as it was seen last`);
    return stored;
  }
}

async function refreshed(enrolled: Enrolled): Promise<VerifiedKnownHosts> {
  const [entry] = await findUsable(enrolled, 'login');
  if (entry !== undefined) return refreshKnownHosts(enrolled, entry);
  throw new UsherCommandError('no-certificate', 'the authority names its hosts to those who are logged in', {
    hint: 'first: usher login',
  });
}
