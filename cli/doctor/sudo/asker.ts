/** What findings mean for who asks for certificates: hints that this person can follow, and which certificate was never meant for sudo. Pure. */
import type { Finding } from '../../../src/pam-ussh/finding.ts';
import type { IdentityVerdict } from '../../../src/pam-ussh/verdict.ts';
import type { PublicKey } from '../../../src/ssh/public-key.ts';
import { encodePublicKey } from '../../../src/ssh/public-key.ts';

/** Who asks the authority from this very machine. */
export interface Asker {
  /** The command that gets the certificate which the host would take. */
  readonly command: string;
  /** Whether our keys are in an agent of their own. */
  readonly hasOwnAgent: boolean;
  /** The keys that sign certificates for signing in. */
  readonly loginCaKeys: readonly PublicKey[];
}

/** On a host nobody asks the authority. */
const SOMEWHERE = 'usher sudo HOST';
const START_AGENT =
  'start one in this shell: eval "$(ssh-agent)"; or let usher keep one: usher login --own-agent';

/** People do not issue certificates, nor forward an agent to their own machine. */
export function forPerson(finding: Finding, asker: Asker | undefined): Finding {
  return { ...finding, hint: hintOf(finding, asker) };
}

function hintOf({ check, hint, level, remedy }: Finding, asker: Asker | undefined): string {
  const anew = `get a new one: ${asker?.command ?? SOMEWHERE}`;
  if (remedy === 'new-certificate') return anew;
  if (check.startsWith('cert.')) return level === 'error' ? `${hint}; or ${anew}` : hint;
  if (asker === undefined) return hint;
  switch (check) {
    case 'agent.socket':
      return asker.hasOwnAgent ? 'usher login starts it, if it has ended' : START_AGENT;
    case 'agent.locked-empty':
      return `get a certificate: ${asker.command}; if the agent is locked: ssh-add -X`;
    case 'agent.has-cert':
      return `get one: ${asker.command}`;
    default:
      return hint;
  }
}

/** The certificate for signing in is no faulty one for sudo: pam-ussh passes over it, and so it should. */
export function isForSigningIn(
  { certificate, refusals }: IdentityVerdict,
  { loginCaKeys }: Pick<Asker, 'loginCaKeys'>,
): boolean {
  if (!refusals.some(({ check }) => check === 'cert.ca-in-ca_file')) return false;
  const { blob } = certificate?.authority ?? {};
  return blob !== undefined && loginCaKeys.some((key) => Buffer.compare(encodePublicKey(key), blob) === 0);
}
