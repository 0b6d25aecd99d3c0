import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { checkCertificateLeaf } from '../../src/log/certificate-leaf.ts';
import type { LeafOf, ReviewedCertificateLeaf } from '../../src/log/leaf.ts';
import { decodeLeaf, encodeLeaf } from '../../src/log/leaf.ts';
import { assembleCertificate, decodeCertificate, encodeDraft } from '../../src/ssh/certificate.ts';
import { signMessage } from '../../src/ssh/private-key.ts';
import { codeOf } from '../support/code-of.ts';
import { caKey, fieldsOf, issuedLeaf, otherCaKey, reviewedLeaf, selfSignedLeaf } from './issued.ts';

const good = issuedLeaf('browser');
const { draft, signature } = decodeCertificate(good.certificate);
const [firstHash = new Uint8Array(32), ownHash = new Uint8Array(32)] = good.draftHashes;

/** A certificate that the CA signed well, but that nobody touched. */
function signed(other: Uint8Array): Uint8Array {
  return assembleCertificate(other, signMessage(caKey, other));
}

function refusal(changes: Partial<LeafOf<'certificate'>>): unknown {
  return codeOf(() => checkCertificateLeaf({ ...good, ...changes }));
}

describe('a certificate leaf is refused when', () => {
  const wider = encodeDraft(fieldsOf({ principals: ['alice@web1', 'root@web1'] }));

  it.each<[string, Partial<LeafOf<'certificate'>>]>([
    ['its certificate has a principal that was not touched', { certificate: signed(wider) }],
    ['its certificate is another draft of the request', { index: 0 }],
    ['its index is beyond its drafts', { index: 2 }],
    ['the hash of its draft is another', { draftHashes: [firstHash, sha256(ownHash)] }],
    ['its draft stands twice', { draftHashes: [ownHash, ownHash] }],
    [
      'its certificate is signed by another key',
      { certificate: assembleCertificate(draft, signMessage(otherCaKey, draft)) },
    ],
    ['its certificate is not signed', { certificate: assembleCertificate(draft, new Uint8Array()) }],
    ['a bit of the signature is flipped', { certificate: assembleCertificate(draft, flipLast(signature)) }],
    ['its certificate is no certificate', { certificate: new Uint8Array(64) }],
    ['its certificate has bytes after its end', { certificate: Uint8Array.of(...good.certificate, 0) }],
    ['it says another purpose than the key id', { purpose: 'sudo' }],
    ['it says another person than the key id', { person: 'mallory' }],
    ['it says another request than the key id', { requestId: 'B'.repeat(22) }],
    [
      'the touch is by another person',
      { touches: good.touches.map((touch) => ({ ...touch, person: 'bob' })) },
    ],
    ['it has no touch', { touches: [] }],
  ])('%s', (_, changes) => {
    expect(refusal(changes)).toBe('bad-leaf');
  });

  it('a host certificate says that it is for a login', () => {
    expect(codeOf(() => checkCertificateLeaf(issuedLeaf('browser', { type: 'host', extensions: [] })))).toBe(
      'bad-leaf',
    );
  });

  it('the id of an SSH key is not its fingerprint', () => {
    const leaf = issuedLeaf('ssh-key');
    const touches = leaf.touches.map((touch) => ({ ...touch, credentialId: `SHA256:${'A'.repeat(43)}` }));
    expect(codeOf(() => checkCertificateLeaf({ ...leaf, touches }))).toBe('bad-leaf');
  });

  it('the key of an SSH key can not be read', () => {
    const leaf = issuedLeaf('ssh-key');
    const touches = leaf.touches.map((touch) => ({ ...touch, publicKey: touch.publicKey.subarray(1) }));
    expect(codeOf(() => checkCertificateLeaf({ ...leaf, touches }))).toBe('bad-leaf');
  });

  function flipLast(bytes: Uint8Array): Uint8Array {
    return bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1);
  }
});

describe('a certificate leaf', () => {
  it.each(['browser', 'ssh-key'] as const)(
    'of a request touched by %s agrees with itself, stored and read again',
    (way) => {
      const leaf = issuedLeaf(way);
      const read = decodeLeaf(encodeLeaf(leaf));
      expect(read).toEqual(leaf);
      if (read.kind !== 'certificate') return expect.unreachable('another kind was read');
      expect(checkCertificateLeaf(read).fields.serial).toBe(1234n);
    },
  );
});

describe('the leaf of a reviewed certificate', () => {
  const reviewed = reviewedLeaf('browser');
  const [approval = expect.fail('nobody approved')] = reviewed.approvals;

  it.each([reviewed, reviewedLeaf('ssh-key'), reviewedLeaf('browser', ''), selfSignedLeaf()])(
    'agrees with itself, stored and read again',
    (leaf) => {
      const read = decodeLeaf(encodeLeaf(leaf));
      expect(read).toEqual(leaf);
      expect(checkCertificateLeaf(leaf).fields.serial).toBe(1234n);
    },
  );

  it.each<[string, ReviewedCertificateLeaf]>([
    ['the holder approved', { ...reviewed, approvals: [{ ...approval, person: 'alice' }] }],
    ['a person approved twice', { ...reviewed, approvals: [approval, approval] }],
    ['nobody touched', { ...reviewed, touches: [] }],
    ['a key of the authority is said to be a person’s', { ...reviewed, signer: 'carol' }],
    ['the holder touched nothing, and another person signed', { ...selfSignedLeaf(), signer: 'bob' }],
    ['the security key of the CA was not touched', selfSignedLeaf(0)],
  ])('is refused when %s', (_, leaf) => {
    expect(codeOf(() => checkCertificateLeaf(leaf))).toBe('bad-leaf');
  });
});
