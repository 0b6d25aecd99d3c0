/** A new credential: made, offered, and confirmed by a touch over person, credential and invite. */
import { parseAttestationObject } from '../../src/fido/attested-credential.ts';
import { equalBytes } from '../../src/fido/equal-bytes.ts';
import { touchDigest } from '../../src/fido/touch-digest.ts';
import type {
  InviteReply,
  OfferReply as Offered,
  SshOffer,
  WebauthnOffer,
} from '../../src/http/contract/enrolments.ts';
import { ConfirmReply, OfferReply } from '../../src/http/contract/enrolments.ts';
import { decodePublicKey, fingerprint } from '../../src/ssh/public-key.ts';
import type { Client } from '../authority/client.ts';
import { decodeBytes } from '../decode.ts';
import { UsherCommandError } from '../error.ts';
import type { TouchWay } from '../touch/way.ts';

/** @returns the id of the credential. */
export async function enrolCredential(client: Client, reply: InviteReply, way: TouchWay): Promise<string> {
  const { requestId, pollSecret, origin, rpId, userVerification } = reply;
  const offer = await way.register(reply);
  const offered = await client.post(
    `/v1/enrolments/${requestId}/offer`,
    { pollSecret, credential: offer },
    OfferReply,
  );
  checkOffered(offer, offered);
  const digest = enrolmentDigest(reply, offered);
  const credentialIds = [offered.credentialId];
  const assertion = await way.touch({ digest, origin, rpId, credentialIds, userVerification });
  const confirmed = await client.post(
    `/v1/enrolments/${requestId}/confirm`,
    { pollSecret, assertion },
    ConfirmReply,
  );
  return confirmed.credentialId;
}

/** The digest is over id and key: both must be those of the credential that was just made, not of somebody else's. */
function checkOffered(offer: WebauthnOffer | SshOffer, offered: Offered): void {
  const { id, key } = offer.kind === 'webauthn' ? madeByAuthenticator(offer) : namedBySsh(offer);
  if (id !== offered.credentialId || !equalBytes(key, decodeBytes(offered.publicKey)))
    throw new UsherCommandError('bad-reply', 'the authority wants to enroll another credential than yours');
}

function madeByAuthenticator(offer: WebauthnOffer): { id: string; key: Uint8Array } {
  const { publicKey } = parseAttestationObject(decodeBytes(offer.attestationObject));
  return { id: offer.credentialId, key: publicKey };
}

function namedBySsh(offer: SshOffer): { id: string; key: Uint8Array } {
  const key = decodeBytes(offer.publicKey);
  return { id: fingerprint(decodePublicKey(key)), key };
}

function enrolmentDigest(reply: InviteReply, { credentialId, publicKey }: Offered): Uint8Array {
  const { origin, requestId, expiresAt, person, inviteId } = reply;
  const action = {
    kind: 'enroll',
    person,
    credentialId,
    publicKey: decodeBytes(publicKey),
    inviteId,
  } as const;
  return touchDigest({ origin, action, requestId, nonce: decodeBytes(reply.nonce), expiresAt });
}
