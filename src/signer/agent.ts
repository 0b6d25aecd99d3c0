/**
 * A CA key in an ssh-agent: a smart card or HSM by PKCS#11 (`ssh-add -s`), a TPM, a YubiKey, or a key that somebody added by
 * hand after start. The connection is made for each signature, so that an agent may come and go.
 */
import type { AgentTimeLimits } from '../agent/connection.ts';
import { AgentConnection } from '../agent/connection.ts';
import type { CaSigner } from '../authority/ports.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { encodePublicKey } from '../ssh/public-key.ts';

/** No person is asked: whoever waits for a CA key holds a lease, and a stuck agent must not outlive it. In milliseconds. */
const TIME_LIMITS: AgentTimeLimits = { answer: 5_000, signature: 20_000 };

export function agentSigner(
  socketPath: string,
  publicKey: PublicKey,
  limits: AgentTimeLimits = TIME_LIMITS,
): CaSigner {
  const blob = encodePublicKey(publicKey);
  return {
    publicKey,
    sign: async (draft) => {
      const agent = await AgentConnection.connect(socketPath, limits);
      try {
        return await agent.sign(blob, draft);
      } finally {
        agent.close();
      }
    },
  };
}
