/** What the page does in each state in which it is at work: one event at the end. */
import { base64urlnopad } from '@scure/base';
import { touchDigest } from '../../src/fido/touch-digest.ts';
import type { InviteReply, OfferReply } from '../../src/http/contract/enrolments.ts';
import type { InviteAddress } from '../../src/ssh/invite-address.ts';
import type { Reply } from '../api.ts';
import type { PageParts } from '../browser.ts';
import { clockAhead, patience } from '../deadline.ts';
import { touch } from '../touched.ts';
import { namesBundleKey } from './bundle-key.ts';
import { isOwnKey } from './own-key.ts';
import type {
  Asserting,
  Confirming,
  EnrollEvent,
  EnrollFaultCode,
  EnrollState,
  Offering,
  Opening,
  Registering,
} from './state.ts';

export function workOfEnroll(parts: PageParts): (state: EnrollState) => Promise<EnrollEvent> | undefined {
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
async function open(parts: PageParts, { address }: Opening): Promise<EnrollEvent> {
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
  { origin, now }: PageParts,
  { value, serverTime }: Extract<Reply<InviteReply>, { kind: 'ok' }>,
  address: InviteAddress,
): EnrollEvent {
  if (value.origin !== origin)
    return faulty('wrong-origin', `The invite belongs to ${value.origin}, this page to ${origin}.`);
  if (value.person !== address.person)
    return faulty('other-person', `The invite is for ${address.person}, the authority says ${value.person}.`);
  return { kind: 'opened', invitation: { ...value, clockAhead: clockAhead(serverTime, now()) } };
}

async function register(parts: PageParts, { invitation }: Registering): Promise<EnrollEvent> {
  const answer = await parts.authenticator.register({
    ...invitation,
    challenge: invitation.nonce,
    patienceMs: patience(invitation, parts.now()),
  });
  return answer.kind === 'answered'
    ? { kind: 'registered', credential: answer.value }
    : { kind: 'not-touched', trouble: answer.trouble };
}

async function offer(parts: PageParts, state: Offering): Promise<EnrollEvent> {
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

function prove({ authenticator, now }: PageParts, state: Asserting): Promise<EnrollEvent> {
  const { invitation, digest, credential } = state;
  const credentialIds = [credential.credentialId];
  return touch(authenticator, { ...invitation, digest, credentialIds }, patience(invitation, now()));
}

async function confirm(parts: PageParts, { invitation, assertion }: Confirming): Promise<EnrollEvent> {
  const reply = await parts.api.confirm(invitation.requestId, invitation.pollSecret, assertion);
  return reply.kind === 'ok' ? { kind: 'confirmed' } : reply;
}

function faulty(code: EnrollFaultCode, detail: string): EnrollEvent {
  return { kind: 'faulty', code, detail };
}
