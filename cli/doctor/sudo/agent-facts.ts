/** Asks the agent what pam-ussh would ask it, with the patience that pam-ussh does not have. */
import { AgentConnection } from '../../../src/agent/connection.ts';
import { AgentError } from '../../../src/agent/error.ts';
import type { AgentFact, SigningFact } from '../../../src/pam-ussh/facts.ts';

/** In milliseconds. pam-ussh waits for ever; a person needs a while to touch. */
const LIST_LIMIT = 2_000;
const SIGN_LIMIT = 2_000;
const PERSON_LIMIT = 30_000;
/** pam-ussh asks without flags, which makes RSA keys sign with SHA-1. */
const NO_FLAGS = 0;

export async function listAgent(socket: string | undefined): Promise<AgentFact> {
  if (socket === undefined) return { kind: 'no-socket' };
  try {
    const agent = await AgentConnection.connect(socket, { answer: LIST_LIMIT });
    return await agent
      .list()
      .then((identities) => ({ kind: 'identities' as const, identities }))
      .finally(() => agent.close());
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    if (error.code === 'unreachable') return { kind: 'unreachable', path: socket };
    return error.code === 'timeout' ? { kind: 'silent' } : { kind: 'no-list', message: error.message };
  }
}

interface SignQuestion {
  readonly blob: Uint8Array;
  /** Whether a person may be asked first: to touch, or to confirm. */
  readonly needsPatience: boolean;
  readonly challenge: Uint8Array;
}

/** What came of it, and after how long: who was asked first takes a moment. */
export interface Signing {
  readonly fact: SigningFact;
  readonly milliseconds: number;
}

export async function trySign(socket: string, question: SignQuestion): Promise<Signing> {
  const begin = performance.now();
  const fact = await ask(socket, question);
  return { fact, milliseconds: performance.now() - begin };
}

/** A connection of its own for each: after one that did not answer, nothing more can be asked. */
async function ask(socket: string, { blob, needsPatience, challenge }: SignQuestion): Promise<SigningFact> {
  try {
    const limits = { answer: LIST_LIMIT, signature: needsPatience ? PERSON_LIMIT : SIGN_LIMIT };
    const agent = await AgentConnection.connect(socket, limits);
    const signing = agent.sign(blob, challenge, NO_FLAGS).finally(() => agent.close());
    return { kind: 'signature', challenge, signature: await signing };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    if (error.code === 'refused') return { kind: 'refused' };
    return error.code === 'timeout' ? { kind: 'silent' } : { kind: 'broken', message: error.message };
  }
}
