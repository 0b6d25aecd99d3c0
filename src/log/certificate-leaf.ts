/**
 * Whether a certificate leaf agrees with itself: first half of the offline check (docs/log.md). The other half, whether
 * each touch is a good one over the digest, is `src/fido/logged-touch.ts`.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Certificate } from '../ssh/certificate.ts';
import { decodeCertificate } from '../ssh/certificate.ts';
import { inspectCertificateSignature, verifyCertificateSignature } from '../ssh/certificate-signature.ts';
import { decodePublicKey, fingerprint } from '../ssh/public-key.ts';
import { badLeaf, decoding } from './field.ts';
import type { CertificateLeaf, ReviewedCertificateLeaf } from './leaf.ts';
import type { LoggedTouch } from './leaf-fields.ts';
import { sameHash } from './merkle.ts';

/**
 * @returns the certificate of the leaf. Whether the key that signed it is one of the authority's is for the caller, who has
 * the bundle or the `authority` leaves.
 * @throws LogError `bad-leaf` when certificate, draft hashes, names and touches of the leaf contradict each other.
 */
export function checkCertificateLeaf(leaf: CertificateLeaf): Certificate {
  const certificate = decoding(() => decodeCertificate(leaf.certificate));
  checkDraft(leaf, certificate);
  checkNames(leaf, certificate);
  if (!verifyCertificateSignature(certificate))
    throw badLeaf('the certificate is not signed by the key that it names');
  leaf.touches.forEach(checkCredential);
  if (leaf.kind === 'reviewed-certificate') checkReview(leaf, certificate);
  else if (leaf.touches.length === 0) throw badLeaf('the holder touched nothing');
  return certificate;
}

/** Others approved, each once; and where nobody touched for the holder, the holder's own key signed. */
function checkReview(leaf: ReviewedCertificateLeaf, certificate: Certificate): void {
  const { person, approvals, signer, touches } = leaf;
  const approvers = approvals.map((approval) => approval.person);
  if (approvers.includes(person)) throw badLeaf('the holder approved the own certificate');
  if (new Set(approvers).size !== approvers.length) throw badLeaf('a person approved twice');
  approvals.forEach(checkCredential);
  const touch = inspectCertificateSignature(certificate);
  if (signer !== '' && !(touch.valid && touch.securityKey?.userPresent === true))
    throw badLeaf('nobody touched the security key that signed the certificate');
  if (touches.length === 0 && signer !== person) throw badLeaf('the holder touched nothing');
}

function checkDraft({ index, draftHashes }: CertificateLeaf, { draft }: Certificate): void {
  const hash = draftHashes[index];
  if (hash === undefined || !sameHash(hash, sha256(draft)))
    throw badLeaf('the certificate is not the draft that was touched');
  // Serials differ, so drafts do: one that stands twice would be one touch for two certificates.
  if (draftHashes.some((each, place) => place !== index && sameHash(each, hash)))
    throw badLeaf('a draft stands twice in one request');
}

function checkNames({ purpose, person, requestId, touches }: CertificateLeaf, { fields }: Certificate): void {
  if (fields.keyId !== `${purpose}:${person}:${requestId}`)
    throw badLeaf('the key id of the certificate names another purpose, person or request');
  if ((purpose === 'host') !== (fields.type === 'host'))
    throw badLeaf(`a ${purpose} certificate is not one for a ${fields.type}`);
  if (touches.some((touch) => touch.person !== person)) throw badLeaf('a touch is by another person');
}

function checkCredential({ credentialKind, credentialId, publicKey }: LoggedTouch): void {
  if (credentialKind === 'webauthn') return;
  if (credentialId !== decoding(() => fingerprint(decodePublicKey(publicKey))))
    throw badLeaf('the credential id is not the fingerprint of its key');
}
