/** Has pam-ussh's algorithm judge the agent: first by what it lists, then by what it signs. */
import type { AgentFact, Facts } from '../../../src/pam-ussh/facts.ts';
import { judge } from '../../../src/pam-ussh/judge.ts';
import type { IdentityVerdict, Judgement } from '../../../src/pam-ussh/verdict.ts';
import type { Signing } from './agent-facts.ts';
import type { AssumedHost } from './host-facts.ts';

interface SudoQuestion {
  readonly host: AssumedHost;
  /** The Unix accounts that the person may mean; the first that passes is taken. */
  readonly logins: readonly string[];
  readonly agent: AgentFact;
  readonly now: number;
  /** Asks the agent for a signature by one of its identities. */
  readonly sign: (identity: IdentityVerdict) => Promise<Signing>;
}

export interface SudoAnswer {
  readonly login: string;
  readonly judgement: Judgement;
  /** The same on a host whose x/crypto refuses security keys that were not touched. */
  readonly strict: Judgement;
  /** What became of the signatures that were asked for, by the place in the agent. */
  readonly signed: ReadonlyMap<number, Signing>;
}

export async function examineSudo(question: SudoQuestion): Promise<SudoAnswer> {
  const login = loginOf(question);
  const tried = triedFirst(judge(factsOf(question, login, question.agent)));
  const signed = new Map<number, Signing>();
  for (const identity of tried) signed.set(identity.index, await question.sign(identity));
  const facts = factsOf(question, login, withSignatures(question.agent, signed));
  return { login, judgement: judge(facts), strict: judge({ ...facts, xcrypto: '0.52' }), signed };
}

function loginOf(question: SudoQuestion): string {
  const passes = (login: string) => judge(factsOf(question, login, question.agent)).outcome === 'success';
  return question.logins.find(passes) ?? question.logins[0] ?? '';
}

/** Those that pam-ussh wants a signature of, up to the one that lets the person in. */
function triedFirst({ identities }: Judgement): readonly IdentityVerdict[] {
  const last = identities.findIndex(({ step }) => step === 'accepted');
  return identities.slice(0, last === -1 ? undefined : last + 1).filter(({ asksToSign }) => asksToSign);
}

function factsOf({ host, now }: SudoQuestion, user: string, agent: AgentFact): Facts {
  return { ...host, user, agent, now, xcrypto: 'before-0.52' };
}

function withSignatures(agent: AgentFact, signed: ReadonlyMap<number, Signing>): AgentFact {
  if (agent.kind !== 'identities') return agent;
  return {
    kind: 'identities',
    identities: agent.identities.map((identity, index) => ({
      ...identity,
      signing: signed.get(index)?.fact,
    })),
  };
}
