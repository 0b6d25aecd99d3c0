/** What the page does in each state in which it is at work: one event at the end. */
import { base64urlnopad } from '@scure/base';
import { touchDigest } from '../../src/fido/touch-digest.ts';
import type { InviteReply, OfferReply } from '../../src/http/contract.ts';
import type { InviteAddress } from '../../src/ssh/invite-address.ts';
import type { Api, Reply } from '../api.ts';
import type { Answer, Authenticator } from '../authenticator.ts';
import { namesBundleKey } from './bundle-key.ts';
import { isOwnKey } from './own-key.ts';
import type {
  Asserting,
  Confirming,
  EnrollEvent,
  EnrollFaultCode,
  EnrollState,
  Invitation,
  Offering,
  Opening,
  Registering,
} from './state.ts';

interface EnrollParts {
  readonly api: Api;
  readonly authenticator: Authenticator;
  /** Of this page, `location.origin`. */
  readonly origin: string;
  /** Unix seconds by this machine's clock. */
  readonly now: () => number;
}

export function workOfEnroll(parts: EnrollParts): (state: EnrollState) => Promise<EnrollEvent> | undefined {
  return (state) => {
    switch (state.kind) {
      case 'opening':
        return open(parts, state);
      case 'registering':
        return register(parts, state);
      case 'offering':
        return offer(parts, state);
      case 'asserting':
        return prove(parts, state);
      case 'confirming':
        return confirm(parts, state);
      default:
        return undefined;
    }
  };
}

/** The bundle first: an invite is not shown to an authority that is not the one it came from. */
async function open(parts: EnrollParts, { address }: Opening): Promise<EnrollEvent> {
  const bundle = await parts.api.bundle();
  if (bundle.kind !== 'ok') return bundle;
  if (!namesBundleKey(bundle.value, address.bundleKey))
    return faulty(
      'other-bundle-key',
      'The authority here has another bundle key than the one in your invite.',
    );
  const reply = await parts.api.openInvite(address.secret);
  if (reply.kind !== 'ok') return reply;
  return opened(parts, reply, address);
}

function opened(
  { origin, now }: EnrollParts,
  { value, serverTime }: Extract<Reply<InviteReply>, { kind: 'ok' }>,
  address: InviteAddress,
): EnrollEvent {
  if (value.origin !== origin)
    return faulty('wrong-origin', `The invite belongs to ${value.origin}, this page to ${origin}.`);
  if (value.person !== address.person)
    return faulty('other-person', `The invite is for ${address.person}, the authority says ${value.person}.`);
  return { kind: 'opened', invitation: { ...value, clockAhead: (serverTime ?? now()) - now() } };
}

async function register(parts: EnrollParts, { invitation }: Registering): Promise<EnrollEvent> {
  const answer = await parts.authenticator.register({
    ...invitation,
    challenge: invitation.nonce,
    patienceMs: patience(parts, invitation),
  });
  return answer.kind === 'answered' ? { kind: 'registered', credential: answer.value } : notTouched(answer);
}

async function offer(parts: EnrollParts, state: Offering): Promise<EnrollEvent> {
  const { requestId, pollSecret } = state.invitation;
  const { credentialId, clientDataJSON, attestationObject } = state.credential;
  const reply = await parts.api.offer(requestId, pollSecret, {
    kind: 'webauthn',
    label: state.label,
    credentialId,
    clientDataJSON,
    attestationObject,
  });
  return reply.kind === 'ok' ? offered(state, reply.value, parts.origin) : reply;
}

function offered({ invitation, credential }: Offering, reply: OfferReply, origin: string): EnrollEvent {
  try {
    const publicKey = base64urlnopad.decode(reply.publicKey);
    if (!isOwnKey(credential, reply.credentialId, publicKey))
      return faulty(
        'other-key',
        'The authority wants another key confirmed than the one you have just made.',
      );
    const { person, inviteId, requestId, nonce, expiresAt } = invitation;
    const action = {
      kind: 'enroll',
      person,
      credentialId: credential.credentialId,
      publicKey,
      inviteId,
    } as const;
    const digest = touchDigest({ origin, action, requestId, nonce: base64urlnopad.decode(nonce), expiresAt });
    return { kind: 'offered', digest };
  } catch {
    return faulty('bad-reply', 'The answer of the authority can not be read.');
  }
}

async function prove(parts: EnrollParts, state: Asserting): Promise<EnrollEvent> {
  const { rpId, userVerification } = state.invitation;
  const answer = await parts.authenticator.touch({
    challenge: state.digest,
    rpId,
    credentialIds: [state.credential.credentialId],
    userVerification,
    patienceMs: patience(parts, state.invitation),
  });
  return answer.kind === 'answered' ? { kind: 'touched', assertion: answer.value } : notTouched(answer);
}

async function confirm(parts: EnrollParts, { invitation, assertion }: Confirming): Promise<EnrollEvent> {
  const reply = await parts.api.confirm(invitation.requestId, invitation.pollSecret, assertion);
  return reply.kind === 'ok' ? { kind: 'confirmed' } : reply;
}

function patience({ now }: EnrollParts, { expiresAt, clockAhead }: Invitation): number {
  return Math.max(1, expiresAt - (now() + clockAhead)) * 1000;
}

function notTouched({ trouble }: Extract<Answer<unknown>, { kind: 'failed' }>): EnrollEvent {
  return { kind: 'not-touched', trouble };
}

function faulty(code: EnrollFaultCode, detail: string): EnrollEvent {
  return { kind: 'faulty', code, detail };
}
