/** Lets the identities of an agent sign, and tells the person what they may have to do for it. */
import type { AgentFact } from '../../../src/pam-ussh/facts.ts';
import type { IdentityVerdict } from '../../../src/pam-ussh/verdict.ts';
import { printable } from '../../../src/ssh/printable.ts';
import { hasAskpass } from '../../agent/askpass.ts';
import type { Surroundings } from '../../surroundings.ts';
import { say, whileWaiting } from '../../terminal.ts';
import type { Signing } from './agent-facts.ts';
import { trySign } from './agent-facts.ts';

export function signerOf(
  surroundings: Surroundings,
  socket: string,
  agent: AgentFact,
): (identity: IdentityVerdict) => Promise<Signing> {
  return async ({ index, comment, certificate }) => {
    const blob =
      (agent.kind === 'identities' ? agent.identities[index]?.blob : undefined) ?? new Uint8Array();
    const isSecurityKey = certificate?.subject.application !== undefined;
    const needsPatience = isSecurityKey || (await hasAskpass(surroundings.env));
    const name = printable(comment);
    if (isSecurityKey) say(surroundings, `touch your security key if it blinks: "${name}" has to sign`);
    const challenge = surroundings.randomBytes(32);
    return whileWaiting(surroundings, `"${name}" signs`, trySign(socket, { blob, needsPatience, challenge }));
  };
}
