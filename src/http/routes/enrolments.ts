/** Enrolment of a credential with an invite. */
import type { Authority } from '../../authority/authority.ts';
import type { StartedEnrolment } from '../../authority/enroll.ts';
import { confirmEnrolment, offerCredential, startEnrolment } from '../../authority/enroll.ts';
import type { CredentialOffer } from '../../authority/offer.ts';
import { decodeBytes, encodeBytes } from '../bytes.ts';
import type { InviteReply, OfferBody } from '../contract/enrolments.ts';
import {
  ConfirmBody,
  ConfirmReply,
  InviteBody,
  InviteReply as InviteReplySchema,
  OfferBody as OfferBodySchema,
  OfferReply,
} from '../contract/enrolments.ts';
import { RequestParams } from '../contract/fields.ts';
import { Problem } from '../contract/problem.ts';
import { accessJson } from '../problem.ts';
import type { Http } from '../types.ts';

export function enrolmentRoutes(http: Http, authority: Authority): void {
  http.post(
    '/v1/enrolments',
    { schema: { body: InviteBody, response: { 201: InviteReplySchema, default: Problem } } },
    async ({ body, ip }, reply) =>
      reply.code(201).send(inviteReply(authority, await startEnrolment(authority, body.invite, ip))),
  );

  http.post(
    '/v1/enrolments/:id/offer',
    {
      schema: {
        params: RequestParams,
        body: OfferBodySchema,
        response: { 200: OfferReply, default: Problem },
      },
    },
    async ({ params, body }) => {
      const credential = await offerCredential(
        authority,
        params.id,
        body.pollSecret,
        offerOf(body.credential),
      );
      return { credentialId: credential.id, publicKey: encodeBytes(credential.publicKey) };
    },
  );

  http.post(
    '/v1/enrolments/:id/confirm',
    {
      schema: { params: RequestParams, body: ConfirmBody, response: { 200: ConfirmReply, default: Problem } },
    },
    async ({ params, body }) => {
      const { credentialId, access } = await confirmEnrolment(
        authority,
        params.id,
        body.pollSecret,
        body.assertion,
      );
      return { credentialId, access: accessJson(access) };
    },
  );
}

function inviteReply(authority: Authority, started: StartedEnrolment): InviteReply {
  const { request, policy } = started;
  return {
    requestId: request.id,
    pollSecret: started.pollSecret,
    person: request.person,
    inviteId: request.inviteId,
    origin: authority.origin,
    rpId: authority.rpId,
    nonce: encodeBytes(request.nonce),
    expiresAt: request.expiresAt,
    userId: encodeBytes(started.userId),
    userVerification: policy.userVerification ? 'required' : 'discouraged',
    attestation: policy.attestations.length > 0 ? 'direct' : 'none',
    excludeCredentialIds: [...started.existingIds],
    access: accessJson(started.access),
  };
}

function offerOf(credential: OfferBody['credential']): CredentialOffer {
  if (credential.kind === 'webauthn') return credential;
  const { attestation, publicKey, ...offer } = credential;
  const key = { ...offer, publicKey: decodeBytes(publicKey) };
  if (attestation === undefined) return key;
  const { clientDataJSON, statement } = attestation;
  return {
    ...key,
    attestation: { clientDataJSON: decodeBytes(clientDataJSON), statement: decodeBytes(statement) },
  };
}
