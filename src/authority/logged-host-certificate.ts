/** Whether a leaf of a host certificate says the truth, offline (docs/log.md): the host asked for it, with a token that a person gave out. */
import { hex } from '@scure/base';
import type { CertificatesDocument } from '../fleet/host/certificates-document.ts';
import { openCertificatesDocument } from '../fleet/host/certificates-document.ts';
import { badLeaf, decoding } from '../log/field.ts';
import type { Leaf } from '../log/leaf.ts';
import { decodeAct } from '../ssh/act.ts';
import type { Certificate } from '../ssh/certificate.ts';
import { decodeCertificate } from '../ssh/certificate.ts';
import { verifyCertificateSignature } from '../ssh/certificate-signature.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { samePublicKey } from '../ssh/public-key.ts';

type HostCertificateLeaf = Extract<Leaf, { readonly kind: 'host-certificate' }>;
type ActLeaf = Extract<Leaf, { readonly kind: 'act' }>;

/**
 * @param authority one of the CA keys for hosts. @param invitation the `act` leaf that gave the token out; only where the host enrolled
 * @throws LogError `bad-leaf` when they contradict each other. @throws FleetError for a request that its keys did not sign.
 */
export function checkHostCertificateLeaf(
  leaf: HostCertificateLeaf,
  authority: PublicKey,
  invitation?: ActLeaf,
): Certificate {
  const certificate = decoding(() => decodeCertificate(leaf.certificate));
  const request = openCertificatesDocument(new TextDecoder().decode(leaf.request));
  checkCertificate(leaf, certificate, authority);
  checkRequest(leaf, certificate, request);
  if (request.generation === 0) checkInvitation(request, invitation);
  return certificate;
}

function checkCertificate(leaf: HostCertificateLeaf, certificate: Certificate, authority: PublicKey): void {
  const { type, keyId } = certificate.fields;
  if (type !== 'host') throw badLeaf('the certificate is not one of a host');
  const prefix = `host:${leaf.host}:`;
  if (!keyId.startsWith(prefix) || !/^[A-Za-z0-9_-]{22}$/.test(keyId.slice(prefix.length)))
    throw badLeaf('the key id of the certificate names another host');
  if (!samePublicKey(certificate.fields.authority, authority) || !verifyCertificateSignature(certificate))
    throw badLeaf('the certificate is not signed by this CA key');
}

function checkRequest(
  leaf: HostCertificateLeaf,
  { fields }: Certificate,
  request: CertificatesDocument,
): void {
  if (request.host !== leaf.host) throw badLeaf('another host asked for the certificate');
  if (request.generation + 1 !== leaf.generation) throw badLeaf('the request is of another generation');
  const key = request.keys[leaf.index];
  if (key === undefined || !samePublicKey(key, fields.subject))
    throw badLeaf('the certificate is for another key than the one that asked');
}

function checkInvitation({ host, secretHash }: CertificatesDocument, invitation: ActLeaf | undefined): void {
  if (invitation === undefined) throw badLeaf('nobody invited the host');
  const act = decoding(() => decodeAct(invitation.action, invitation.parameters));
  if (act.kind !== 'invite-host' || act.host !== host || hex.encode(act.tokenHash) !== secretHash)
    throw badLeaf('the host was invited with another token');
}
