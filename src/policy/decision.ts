/** What is asked of policy, and what it answers. A denial is a value: it happens in the course of things. */
import type { PublicKey } from '../ssh/public-key.ts';
import type { TouchPolicy } from './roster.ts';

/** Certificates for builders and hosts will be further members. */
export type CertificateRequest = LoginRequest | SudoRequest;

export interface LoginRequest {
  readonly purpose: 'login';
  readonly subject: PublicKey;
  readonly logins: readonly string[];
  /** Names of hosts and groups, or exactly `['*']` for every host at once. */
  readonly hosts: readonly string[];
  /** Seconds; absent: what the role says. */
  readonly lifetime?: number;
}

export interface SudoRequest {
  readonly purpose: 'sudo';
  readonly subject: PublicKey;
  /** Who runs sudo: pam-ussh logs the first principal. */
  readonly login: string;
  /** Sudo names of hosts, or exactly `['*']` for the principal that every host takes. */
  readonly hosts: readonly string[];
  /** Seconds; absent: what the role says. */
  readonly lifetime?: number;
  /** Why, for approvers and the log; empty: none was given. */
  readonly reason: string;
}

/** What a draft is made from. */
export interface Terms {
  readonly principals: readonly string[];
  /** Seconds from now on. */
  readonly lifetime: number;
  /** In byte order of the names, as are the extensions. */
  readonly criticalOptions: readonly CriticalOption[];
  readonly extensions: readonly string[];
}

export interface CriticalOption {
  readonly name: 'source-address';
  readonly value: string;
}

export interface Grant {
  readonly kind: 'grant';
  readonly terms: Terms;
  readonly touch: TouchPolicy;
  readonly approval: Approval;
}

/** Whose touches it takes besides the person's own. */
export interface Approval {
  /** How many other people; 0: nobody. */
  readonly needed: number;
  /** Names of roles whose people may approve. */
  readonly approvers: readonly string[];
}

export const NO_APPROVAL: Approval = { needed: 0, approvers: [] };

export const DENIAL_CODES = [
  /** Nothing asked, something asked twice, a name that is none: whoever asks, the answer is the same. */
  'malformed-request',
  'too-many-principals',
  'lifetime-too-short',
  'lifetime-too-long',
  'unknown-person',
  'person-expired',
  /** None of the person's roles gives this purpose. */
  'no-role',
  'login-not-allowed',
  'host-unknown',
  'host-not-allowed',
  /** The roles that it takes leave no address, no authenticator or no approver that all of them allow. */
  'conflicting-roles',
  /** The key to be certified is somebody's credential: a key has one role. */
  'key-has-role',
  /** The role wants to know what it is for. */
  'reason-required',
  /** The role certifies security keys only. */
  'key-not-allowed',
  /** The roster changed after the draft, which it no longer covers. */
  'policy-changed',
  /** None of the person's roles may do this to the authority. */
  'right-missing',
] as const;

export type DenialCode = (typeof DENIAL_CODES)[number];

export interface Denial {
  readonly kind: 'denial';
  readonly code: DenialCode;
  /** One sentence for the person. */
  readonly reason: string;
}

export function deny(code: DenialCode, reason: string): Denial {
  return { kind: 'denial', code, reason };
}
