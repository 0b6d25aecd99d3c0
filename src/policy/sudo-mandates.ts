import type { Approval } from './decision.ts';
import { NO_APPROVAL } from './decision.ts';
import type { SudoRole } from './granting.ts';
import type { SudoProfile } from './roster.ts';
import { SUDO_LIFETIME } from './roster.ts';
import type { Limits, Rules } from './strictest.ts';
import { common, stricterLimits } from './strictest.ts';

/** What policy asks before it gives a certificate for sudo. It adds nothing to one: pam-ussh refuses every option. */
export interface SudoMandates extends Limits {
  readonly kind: 'mandates';
  readonly approval: Approval;
  readonly reasonRequired: boolean;
  readonly securityKeysOnly: boolean;
}

export const SUDO_RULES: Rules<SudoProfile, SudoMandates> = { mandatesOf, stricter };

function mandatesOf({ profile, touch }: SudoRole): SudoMandates {
  const { lifetime, maxLifetime, approvals, approvers, reasonRequired, securityKeysOnly } = profile;
  const approval = { needed: approvals, approvers };
  return { kind: 'mandates', lifetime, maxLifetime, touch, approval, reasonRequired, securityKeysOnly };
}

function stricter(a: SudoMandates, b: SudoMandates): SudoMandates | undefined {
  const approval = stricterApproval(a.approval, b.approval);
  const limits = stricterLimits(a, b);
  if (approval === undefined || limits === undefined) return undefined;
  return {
    kind: 'mandates',
    ...limits,
    approval,
    reasonRequired: a.reasonRequired || b.reasonRequired,
    securityKeysOnly: a.securityKeysOnly || b.securityKeysOnly,
  };
}

/** Approvals by people whom every role that asks for some accepts. */
function stricterApproval(a: Approval, b: Approval): Approval | undefined {
  if (a.needed === 0) return b;
  if (b.needed === 0) return a;
  const approvers = common(a.approvers, b.approvers);
  return approvers.length === 0 ? undefined : { needed: Math.max(a.needed, b.needed), approvers };
}

/** For a roster in which no role gives sudo: the profile's own defaults. */
export const PLAIN_SUDO: SudoMandates = {
  kind: 'mandates',
  lifetime: SUDO_LIFETIME.usual,
  maxLifetime: SUDO_LIFETIME.most,
  approval: NO_APPROVAL,
  reasonRequired: false,
  securityKeysOnly: false,
  touch: { userVerification: false, sameMachine: false, attestation: { required: false } },
};
