import type { Finding, CheckId as PamUsshCheckId } from '../../src/pam-ussh/finding.ts';

/** One thing that the doctor looked at. */
export interface Check {
  /** Stable, for programs. */
  readonly id: CheckId;
  readonly verdict: Verdict;
  readonly message: string;
  /** What to do, unless all is well. */
  readonly hint?: string;
}

type Verdict = 'ok' | 'warn' | 'fail';

type CheckId =
  | PamUsshCheckId
  | 'host.sudo_denied'
  | 'host.sshd'
  | 'host.krl'
  | 'settings'
  | 'bundle'
  | 'clock'
  | 'agent'
  | 'agent-forwarded'
  | 'touch'
  | 'certificate'
  | 'certificate-ca'
  | 'certificate-host'
  | 'certificate-source'
  | 'certificate-forwarding'
  | 'account'
  | 'ssh-config';

export function ok(id: CheckId, message: string): Check {
  return { id, verdict: 'ok', message };
}

export function warning(id: CheckId, message: string, hint: string): Check {
  return { id, verdict: 'warn', message, hint };
}

export function failure(id: CheckId, message: string, hint: string): Check {
  return { id, verdict: 'fail', message, hint };
}

/** What was found about pam-ussh, in the form of all checks. */
export function checkOf({ check, level, sentence, hint }: Finding): Check {
  return level === 'error' ? failure(check, sentence, hint) : warning(check, sentence, hint);
}
