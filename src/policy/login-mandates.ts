import type { Cidr } from './cidr.ts';
import { intersect } from './cidr.ts';
import type { LoginRole } from './granting.ts';
import type { Extension, LoginProfile } from './roster.ts';
import { LOGIN_LIFETIME } from './roster.ts';
import type { Limits, Rules } from './strictest.ts';
import { common, stricterLimits } from './strictest.ts';

/** What policy adds to a certificate to sign in with. */
export interface LoginMandates extends Limits {
  readonly kind: 'mandates';
  readonly sourceAddresses?: readonly Cidr[];
  readonly extensions: readonly Extension[];
}

export const LOGIN_RULES: Rules<LoginProfile, LoginMandates> = { mandatesOf, stricter };

function mandatesOf({ profile, touch }: LoginRole): LoginMandates {
  const { lifetime, maxLifetime, extensions, sourceAddresses } = profile;
  const mandates = { kind: 'mandates', lifetime, maxLifetime, extensions, touch } as const;
  return sourceAddresses === undefined ? mandates : { ...mandates, sourceAddresses };
}

function stricter(a: LoginMandates, b: LoginMandates): LoginMandates | undefined {
  const addresses = commonAddresses(a.sourceAddresses, b.sourceAddresses);
  const limits = stricterLimits(a, b);
  if (addresses?.length === 0 || limits === undefined) return undefined;
  return {
    kind: 'mandates',
    ...limits,
    extensions: common(a.extensions, b.extensions),
    ...(addresses === undefined ? {} : { sourceAddresses: addresses }),
  };
}

function commonAddresses(
  a: readonly Cidr[] | undefined,
  b: readonly Cidr[] | undefined,
): readonly Cidr[] | undefined {
  return a === undefined || b === undefined ? (a ?? b) : intersect(a, b);
}

/** For a roster in which no role lets anybody sign in: the profile's own defaults. */
export const PLAIN_LOGIN: LoginMandates = {
  kind: 'mandates',
  lifetime: LOGIN_LIFETIME.usual,
  maxLifetime: LOGIN_LIFETIME.most,
  extensions: ['permit-agent-forwarding', 'permit-pty'],
  touch: { userVerification: false, sameMachine: false, attestation: { required: false } },
};
