/** What pam-ussh makes of the facts, and why. */
import type { Finding } from './finding.ts';
import type { GoCertificate } from './go-certificate.ts';

/** `unchecked`: it lets the user pass without a look at any certificate. `panic`: sudo dies. `hang`: sudo waits for ever. */
export type Outcome = 'success' | 'refused' | 'unchecked' | 'panic' | 'hang';

/**
 * What happens with one identity of the agent. `skipped`: the next one is tried. `aborts`: pam-ussh gives up here, whatever follows.
 * `not-reached`: pam-ussh ended before it.
 */
export type IdentityStep = 'accepted' | 'skipped' | 'aborts' | 'not-reached';

export interface IdentityVerdict {
  /** The place in the agent's list, from 0. */
  readonly index: number;
  /** As the agent has it: whoever reaches the agent may have written anything. Make it printable before it is shown, as `log` and `stderr` below. */
  readonly comment: string;
  readonly step: IdentityStep;
  /** Undefined for plain keys, and for what x/crypto can not read. */
  readonly certificate: GoCertificate | undefined;
  /** Whether the agent is asked to sign with it, if pam-ussh gets this far: try it and judge again. */
  readonly asksToSign: boolean;
  /** Every rule that it breaks, in the order of pam-ussh, which stops at the first; empty for an accepted one and for plain keys. */
  readonly refusals: readonly Finding[];
  /** What does not keep pam-ussh from accepting it. */
  readonly warnings: readonly Finding[];
  /** The configured principal that matched. */
  readonly matched: string | undefined;
}

export interface Judgement {
  readonly outcome: Outcome;
  readonly identities: readonly IdentityVerdict[];
  /** About the line, the files and the agent as a whole. */
  readonly findings: readonly Finding[];
  /** What pam-ussh writes to syslog (facility auth, tag `pam-ussh`), without the prefix. */
  readonly log: readonly string[];
  /** What it writes to the terminal. */
  readonly stderr: readonly string[];
}
