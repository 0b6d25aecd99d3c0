/** A request as the authority would have it logged, with real keys, drafts, signatures and touches. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { AssertionJson } from '../../src/fido/assertion.ts';
import { parseAssertion } from '../../src/fido/assertion.ts';
import { issueAction, touchDigest } from '../../src/fido/touch-digest.ts';
import type { LeafOf, ReviewedCertificateLeaf } from '../../src/log/leaf.ts';
import type { LoggedTouch } from '../../src/log/leaf-fields.ts';
import { assembleCertificate, encodeDraft } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { ed25519FromSeed, signMessage } from '../../src/ssh/private-key.ts';
import { encodePublicKey, fingerprint } from '../../src/ssh/public-key.ts';
import { SoftAuthenticator, SoftSecurityKey } from '../support/soft-authenticator.ts';

export const caKey = ed25519FromSeed(new Uint8Array(32).fill(1));
export const otherCaKey = ed25519FromSeed(new Uint8Array(32).fill(2));
const subject = ed25519FromSeed(new Uint8Array(32).fill(3)).publicKey;

const REQUEST = {
  origin: 'https://ca.example.org',
  requestId: 'AAAAAAAAAAAAAAAAAAAAAA',
  nonce: new Uint8Array(32).fill(9),
  expiresAt: 1_800_000_120,
};

export type TouchWay = 'browser' | 'ssh-key';

const passkey = new SoftAuthenticator();
const securityKey = new SoftSecurityKey();

export function fieldsOf(changes: Partial<CertificateFields> = {}): CertificateFields {
  return {
    nonce: new Uint8Array(32).fill(4),
    subject,
    serial: 1234n,
    type: 'user',
    keyId: `login:alice:${REQUEST.requestId}`,
    principals: ['alice@web1'],
    validAfter: 1_799_999_700n,
    validBefore: 1_800_072_000n,
    criticalOptions: [],
    extensions: [{ name: 'permit-pty', data: new Uint8Array() }],
    authority: caKey.publicKey,
    ...changes,
  };
}

/** The leaf of the second of two certificates, touched in this way. */
export function issuedLeaf(way: TouchWay, changes: Partial<CertificateFields> = {}): LeafOf<'certificate'> {
  const drafts = [encodeDraft(fieldsOf({ serial: 99n })), encodeDraft(fieldsOf(changes))];
  const draftHashes = drafts.map((draft) => sha256(draft));
  const digest = touchDigest({ ...REQUEST, action: { kind: 'issue', draftHashes } });
  const draft = drafts[1] ?? new Uint8Array();
  return {
    kind: 'certificate',
    recordedAt: 1_800_000_001,
    purpose: 'login',
    person: 'alice',
    rosterDigest: new Uint8Array(32).fill(5),
    certificate: assembleCertificate(draft, signMessage(caKey, draft)),
    ...REQUEST,
    index: 1,
    draftHashes,
    touches: [touchOver(way, digest)],
  };
}

/** The leaf of a sudo certificate that bob approved. */
export function reviewedLeaf(way: TouchWay, reason = 'deploy 4711'): ReviewedCertificateLeaf {
  const draft = encodeDraft(sudoFields());
  const draftHashes = [sha256(draft)];
  const requestDigest = touchDigest({ ...REQUEST, action: issueAction(draftHashes, reason) });
  const approveBy = REQUEST.expiresAt + 1800;
  const approval = touchDigest({
    ...REQUEST,
    expiresAt: approveBy,
    action: { kind: 'approve', requestDigest },
  });
  return {
    ...issuedLeaf(way),
    kind: 'reviewed-certificate',
    purpose: 'sudo',
    certificate: assembleCertificate(draft, signMessage(caKey, draft)),
    index: 0,
    draftHashes,
    touches: [touchOver(way, requestDigest)],
    reason,
    approveBy,
    approvals: [{ ...touchOver(way, approval), person: 'bob' }],
    signer: '',
  };
}

/** The leaf of a sudo certificate that the holder signed with the own security key, and touched nothing else. */
export function selfSignedLeaf(flags?: number): ReviewedCertificateLeaf {
  const draft = encodeDraft(sudoFields({ authority: securityKey.publicKey }));
  return {
    ...reviewedLeaf('browser'),
    certificate: assembleCertificate(draft, securityKey.sign(draft, flags === undefined ? {} : { flags })),
    draftHashes: [sha256(draft)],
    touches: [],
    approvals: [],
    signer: 'alice',
  };
}

function sudoFields(changes: Partial<CertificateFields> = {}): CertificateFields {
  const keyId = `sudo:alice:${REQUEST.requestId}`;
  return fieldsOf({ keyId, principals: ['alice', 'sudoer@web1'], extensions: [], ...changes });
}

/** The leaf of alice's new credential, used for the first time. */
export function enrolledLeaf(way: TouchWay): LeafOf<'enroll'> {
  const { person, credentialKind, credentialId, publicKey, rpId } = touchOver(way, new Uint8Array(32));
  const inviteId = 'ab'.repeat(32);
  const action = { kind: 'enroll', person, credentialId, publicKey, inviteId } as const;
  const { clientDataJson, authenticatorData, signature } = touchOver(
    way,
    touchDigest({ ...REQUEST, action }),
  );
  return {
    kind: 'enroll',
    recordedAt: 1_800_000_001,
    ...{ person, credentialKind, credentialId, publicKey, rpId, inviteId },
    ...REQUEST,
    ...{ clientDataJson, authenticatorData, signature },
  };
}

/** A touch of alice; a passkey answers for any RP id, as one of another site would. */
export function touchOver(
  way: TouchWay,
  challenge: Uint8Array,
  { origin = REQUEST.origin, rpId = 'ca.example.org' } = {},
): LoggedTouch {
  if (way === 'ssh-key')
    return {
      person: 'alice',
      credentialKind: 'ssh-sk',
      credentialId: fingerprint(securityKey.publicKey),
      publicKey: encodePublicKey(securityKey.publicKey),
      rpId: securityKey.publicKey.application,
      ...assertionBytes(securityKey.get({ challenge, origin })),
    };
  return {
    person: 'alice',
    credentialKind: 'webauthn',
    credentialId: passkey.credentialId,
    publicKey: passkey.publicKey,
    rpId,
    ...assertionBytes(passkey.get({ challenge, origin, rpId })),
  };
}

function assertionBytes(json: AssertionJson) {
  const { clientDataJSON, authenticatorData, signature } = parseAssertion(json);
  return { clientDataJson: clientDataJSON, authenticatorData, signature };
}
