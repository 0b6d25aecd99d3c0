/** An act as it was asked for, beside what the authority says of it: before the touch, and after it. */
import { touchDigest } from '../../src/fido/touch-digest.ts';
import type { ActReply, ActResult } from '../../src/http/contract/acts.ts';
import type { Act } from '../../src/ssh/act.ts';
import { SshError } from '../../src/ssh/error.ts';
import { fingerprint, parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import type { Settings } from '../authority/settings.ts';
import { CLOCK_SLACK_SECONDS } from '../check/draft-fields.ts';
import { checkFrame } from '../check/frame-check.ts';
import { decodeBytes } from '../decode.ts';
import { UsherCommandError } from '../error.ts';

export type HostInvited = Extract<ActResult, { readonly kind: 'host-invited' }>;
export type Revoked = Extract<ActResult, { readonly kind: 'revoked' }>;
export type CaKeyChanged = Extract<ActResult, { readonly kind: 'ca-key' }>;

/** What comes of each kind of act. */
export interface ResultOf {
  readonly 'invite-host': HostInvited;
  readonly revoke: Revoked;
  readonly 'stage-ca': CaKeyChanged;
  readonly 'activate-ca': CaKeyChanged;
  readonly 'retire-ca': CaKeyChanged;
  readonly 'revoke-ca': CaKeyChanged;
}

/** docs/hosts.md: the token of a host is good for an hour. */
const TOKEN_SECONDS = 3600;

type CaAct = Extract<Act, { readonly purpose: string }>;

const STATES: Readonly<Record<CaAct['kind'], CaKeyChanged['state']>> = {
  'stage-ca': 'coming',
  'activate-ca': 'active',
  'retire-ca': 'removed',
  'revoke-ca': 'revoked',
};

/**
 * The digest is made from what was asked for, and of the reply only from what says when and where: a reply can not change the act.
 * @throws UsherCommandError `draft-refused`
 */
export function actDigest(
  reply: ActReply,
  act: Act,
  settings: Pick<Settings, 'origin' | 'rpId'>,
  now: number,
): Uint8Array {
  checkFrame(reply, settings, now);
  const { requestId, expiresAt } = reply;
  return touchDigest({
    origin: settings.origin,
    action: act,
    requestId,
    nonce: decodeBytes(reply.nonce),
    expiresAt,
  });
}

/**
 * The authority did something: whether it is this it alone knows, but what it says must fit.
 * @throws UsherCommandError `bad-reply`
 */
export function checkResult<A extends Act>(act: A, result: ActResult, now: number): ResultOf[A['kind']] {
  if (!fits(act, result, now))
    throw new UsherCommandError('bad-reply', 'what the authority says it did is not what you touched', {
      hint: 'look into its log, and tell its keeper: usher doctor log',
    });
  // `fits` lets only the kind of result through that belongs to the kind of act, which types can not follow.
  return result as ResultOf[A['kind']];
}

function fits(act: Act, result: ActResult, now: number): boolean {
  switch (act.kind) {
    case 'invite-host':
      return result.kind === 'host-invited' && isInvitation(result, act.host, now);
    case 'revoke':
      return result.kind === 'revoked' && isCounted(result, act.target);
    default:
      return result.kind === 'ca-key' && isOfKey(result, act);
  }
}

function isInvitation({ host, expiresAt }: HostInvited, asked: string, now: number): boolean {
  return host === asked && expiresAt > now && expiresAt <= now + TOKEN_SECONDS + CLOCK_SLACK_SECONDS;
}

function isCounted({ count, serials }: Revoked, { kind, name }: { kind: string; name: string }): boolean {
  if (new Set(serials).size !== serials.length || serials.length > count) return false;
  return kind !== 'serial' || serials.every((serial) => serial === name);
}

function isOfKey({ purpose, key, state, affected }: CaKeyChanged, act: CaAct): boolean {
  const isAsked = purpose === act.purpose && (act.key === '' || fingerprintOf(key) === act.key);
  const isMade = fingerprintOf(key) !== undefined && STATES[act.kind] === state;
  return isAsked && isMade && (act.kind === 'revoke-ca' || affected.length === 0);
}

function fingerprintOf(line: string): string | undefined {
  try {
    return fingerprint(parsePublicKeyLine(line).key);
  } catch (cause) {
    if (cause instanceof SshError) return undefined;
    throw cause;
  }
}
