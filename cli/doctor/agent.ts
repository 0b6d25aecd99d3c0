/** The agent: reachable, the person's own, not locked, and taking keys. */
import { verifyCertificateSignature } from '../../src/ssh/certificate-signature.ts';
import { ed25519FromSeed } from '../../src/ssh/private-key.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import type { AgentAddress } from '../agent/agent-address.ts';
import { agentAddress } from '../agent/agent-address.ts';
import type { Entry, EntryOwner } from '../agent/entries.ts';
import { ownEntries } from '../agent/entries.ts';
import { withAgent } from '../agent/ssh-agent.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Check } from './check.ts';
import { failure, ok, warning } from './check.ts';

/** Where sshd puts the socket of a forwarded agent: below /tmp, since OpenSSH 10.1 below ~/.ssh/agent. */
const FORWARDED_SOCKET = /(\/ssh-[^/]+\/agent\.\d+|\/\.ssh\/agent\/s\.[^/]+\.sshd\.[^/]+)$/;

interface AgentFinding {
  readonly checks: readonly Check[];
  readonly entries: readonly Entry[];
}

export async function checkAgent(
  surroundings: Surroundings,
  owner: EntryOwner | undefined,
  address: AgentAddress = agentAddress(surroundings.env, false),
): Promise<AgentFinding> {
  try {
    return await withAgent(address, async (agent) => {
      const identities = await agent.list();
      // A locked agent lists nothing and refuses everything: only trying tells.
      const probe = ed25519FromSeed(surroundings.randomBytes(32));
      await agent.add({ key: probe, comment: 'usher doctor' }, { lifetime: 5 });
      await agent.remove(encodePublicKey(probe.publicKey));
      const { entries, checks } = judgeEntries(owner === undefined ? [] : ownEntries(identities, owner));
      const answers = ok('agent', 'the agent answers and takes keys');
      return { checks: [answers, ...forwarded(surroundings, address), ...checks], entries };
    });
  } catch (error) {
    if (!(error instanceof UsherCommandError)) throw error;
    return { checks: [failure('agent', error.message, error.hint ?? 'start ssh-agent')], entries: [] };
  }
}

/** Whoever reaches the agent can add what looks like ours: nothing of that is examined as if it were. Pure. */
export function judgeEntries(found: readonly Entry[]): AgentFinding {
  const entries = found.filter(({ certificate }) => verifyCertificateSignature(certificate));
  if (entries.length === found.length) return { checks: [], entries };
  const message = 'the agent holds a certificate that looks like ours, and its signature is wrong';
  const hint =
    'usher logout takes it out; root on any host that the agent is forwarded to could have added it';
  return { checks: [failure('certificate-ca', message, hint)], entries };
}

/** What `usher login` puts into a forwarded agent lands on the machine that the person came from. */
function* forwarded({ env }: Surroundings, { own }: AgentAddress): Generator<Check> {
  const isForwarded =
    !own && (env['SSH_CONNECTION'] ?? '') !== '' && FORWARDED_SOCKET.test(env['SSH_AUTH_SOCK'] ?? '');
  if (!isForwarded) return;
  const hint = 'usher login would send the key to the machine you came from: better log in there';
  yield warning('agent-forwarded', 'the agent is forwarded by ssh', hint);
}
