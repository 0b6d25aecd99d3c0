import { sha256 } from '@noble/hashes/sha2.js';
import { hex } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_TOUCHES } from '../../src/log/certificate-bodies.ts';
import type { Leaf, LeafOf, ReviewedCertificateLeaf } from '../../src/log/leaf.ts';
import { certificateLeafBytes, decodeLeaf, encodeLeaf } from '../../src/log/leaf.ts';
import type { LoggedTouch } from '../../src/log/leaf-fields.ts';
import { MAX_LEAF_BYTES } from '../../src/log/leaf-fields.ts';
import { WireReader, WireWriter } from '../../src/ssh/wire.ts';
import { logErrorCode } from './errors.ts';
import {
  actLeaf,
  alarmLeaf,
  anyCertificateLeaf,
  anyLeaf,
  anyReviewedLeaf,
  authorityLeaf,
  breakGlassLeaf,
  caKeyLeaf,
  certificateLeaf,
  enrollLeaf,
  goodLeaves,
  hostCertificateLeaf,
  lockLeaf,
  removalLeaf,
  reviewedLeaf,
  revokeLeaf,
  rosterLeaf,
  sudoStatementLeaf,
  touch,
} from './leaves.ts';

function isBadLeaf(leaf: Uint8Array): boolean {
  return logErrorCode(() => decodeLeaf(leaf)) === 'bad-leaf';
}

function header(kind: string, magic = 'usher leaf v1', recordedAt = 1_800_000_000n): WireWriter {
  return new WireWriter().string(magic).string(kind).uint64(recordedAt);
}

const digest = new Uint8Array(32);

function listOfOneTouch(signature: Uint8Array, extraBytes: number, person = touch.person): Uint8Array {
  const one = new WireWriter()
    .string(person)
    .string(touch.credentialKind)
    .string(touch.credentialId)
    .string(touch.publicKey)
    .string(touch.rpId)
    .string(touch.clientDataJson)
    .string(touch.authenticatorData)
    .string(signature)
    .raw(new Uint8Array(extraBytes));
  return new WireWriter().string(new WireWriter().string(one.bytes()).bytes()).bytes();
}

describe('bytes that are no leaf', () => {
  it.each(goodLeaves.map((leaf) => [leaf.kind, leaf] as const))(
    'a leaf of kind %s is refused when it ends early, at every byte',
    (_, leaf) => {
      const encoded = encodeLeaf(leaf);
      for (let length = 0; length < encoded.length; length++)
        expect(isBadLeaf(encoded.subarray(0, length)), `${length} bytes`).toBe(true);
    },
  );

  it.each(goodLeaves.map((leaf) => [leaf.kind, leaf] as const))(
    'a leaf of kind %s is refused with a byte too many',
    (_, leaf) => {
      expect(isBadLeaf(Uint8Array.of(...encodeLeaf(leaf), 0))).toBe(true);
    },
  );

  it.each([
    ['nothing', new Uint8Array()],
    ['another version', header('roster', 'usher leaf v2').string(digest).bytes()],
    ['an unknown kind', header('rosters').string(digest).bytes()],
    ['a kind that objects have', header('toString').string(digest).bytes()],
    ['a time in milliseconds', header('roster', 'usher leaf v1', 1_800_000_000_000n).string(digest).bytes()],
    [
      'the latest time there is',
      header('roster', 'usher leaf v1', 2n ** 64n - 1n)
        .string(digest)
        .bytes(),
    ],
    ['a short digest', header('roster').string(digest.subarray(1)).bytes()],
    ['a length that is not there', header('roster').uint32(0xffffffff).bytes()],
    [
      'a person with bytes that are not UTF-8',
      header('remove-credential').string(Uint8Array.of(0xff)).bytes(),
    ],
    ['more bytes than a leaf has', new Uint8Array(MAX_LEAF_BYTES + 1)],
  ])('%s is refused', (_, leaf) => {
    expect(isBadLeaf(leaf)).toBe(true);
  });

  it('refuses bytes after a touch inside its wrapping', () => {
    const encoded = hex.encode(encodeLeaf(certificateLeaf));
    const [inner, longer] = [new Uint8Array(70).fill(3), new Uint8Array(71).fill(3)];
    const list = listOfOneTouch(inner, 0);
    expect(encoded.endsWith(hex.encode(list))).toBe(true);
    const spoil = (tail: Uint8Array) => hex.decode(encoded.slice(0, -2 * list.length) + hex.encode(tail));
    expect(decodeLeaf(spoil(listOfOneTouch(longer, 0)))).toMatchObject({ kind: 'certificate' });
    expect(isBadLeaf(spoil(listOfOneTouch(inner, 1)))).toBe(true);
  });
});

describe('values that can not be a leaf', () => {
  const withTouch = (changes: Partial<LoggedTouch>): Leaf => ({
    ...certificateLeaf,
    touches: [{ ...touch, ...changes }],
  });
  const certificate = (changes: Partial<LeafOf<'certificate'>>): Leaf => ({ ...certificateLeaf, ...changes });
  const reviewed = (changes: Partial<ReviewedCertificateLeaf>): Leaf => ({ ...reviewedLeaf, ...changes });

  it.each<[string, Leaf]>([
    ['no touch', certificate({ touches: [] })],
    ['too many touches', certificate({ touches: new Array<LoggedTouch>(MAX_TOUCHES + 1).fill(touch) })],
    ['too many approvals', reviewed({ approvals: new Array<LoggedTouch>(MAX_TOUCHES + 1).fill(touch) })],
    ['an act without parameters', { ...actLeaf, parameters: new Uint8Array() }],
    ['serial 0', { ...revokeLeaf, serials: [0n] }],
    ['a serial beyond the greatest', { ...revokeLeaf, serials: [2n ** 64n] }],
    ['too many serials', { ...revokeLeaf, serials: new Array<bigint>(4001).fill(1n) }],
    ['a revocation of nothing', { ...revokeLeaf, subject: '' }],
    ['a revocation whose reason has a line end', { ...revokeLeaf, reason: 'lost\nand more' }],
    ['a key that is no fingerprint', { ...revokeLeaf, key: 'MD5:ab' }],
    ['a reason with a line end', reviewed({ reason: 'deploy\nand more' })],
    ['a reason of 201 characters', reviewed({ reason: 'a'.repeat(201) })],
    ['a reason that ends with a blank', reviewed({ reason: 'deploy ' })],
    ['a signer that is no name', reviewed({ signer: 'bob carol' })],
    ['a certificate of an offline key without reason', { ...breakGlassLeaf, reason: '' }],
    [
      'a certificate of an offline key for builders',
      { ...breakGlassLeaf, ...Object.assign({ purpose: 'builder' }) },
    ],
    ['no draft', certificate({ draftHashes: [] })],
    ['65 drafts', certificate({ draftHashes: new Array<Uint8Array>(65).fill(digest) })],
    ['a short draft hash', certificate({ draftHashes: [digest, digest.subarray(1)] })],
    ['no certificate', certificate({ certificate: new Uint8Array() })],
    ['a certificate that is too long', certificate({ certificate: new Uint8Array(65_000) })],
    ['a certificate that no leaf can hold', certificate({ certificate: new Uint8Array(65_536) })],
    ['an index beyond all drafts', certificate({ index: 64 })],
    ['a negative index', certificate({ index: -1 })],
    ['a broken index', certificate({ index: 0.5 })],
    ['a short nonce', certificate({ nonce: digest.subarray(1) })],
    ['a long roster digest', certificate({ rosterDigest: new Uint8Array(33) })],
    ['a negative time', certificate({ recordedAt: -1 })],
    ['a time that is not whole', certificate({ expiresAt: 1.5 })],
    ['a time in milliseconds', certificate({ expiresAt: 1_800_000_000_000 })],
    ['no person', certificate({ person: '' })],
    ['a person with a line break', certificate({ person: 'alice\n' })],
    ['a person of 65 characters', certificate({ person: 'a'.repeat(65) })],
    ['a person not in ASCII', certificate({ person: 'alicе' })],
    ['a purpose in capitals', certificate({ purpose: 'Login' })],
    ['an origin with a path', certificate({ origin: 'https://ca.example.org/' })],
    ['an origin with a name and password', certificate({ origin: 'https://a:b@ca.example.org' })],
    ['an origin of another scheme', certificate({ origin: 'ssh://ca.example.org' })],
    ['a request id that is too short', certificate({ requestId: 'A'.repeat(21) })],
    ['a credential id that is padded', withTouch({ credentialId: 'YQ==' })],
    ['a fingerprint that is too short', withTouch({ credentialId: `SHA256:${'a'.repeat(42)}` })],
    ['a credential without key', withTouch({ publicKey: new Uint8Array() })],
    ['an empty RP id', withTouch({ rpId: '' })],
    ['an RP id with a blank', withTouch({ rpId: 'ssh: ' })],
    ['authenticator data that is too short', withTouch({ authenticatorData: new Uint8Array(36) })],
    ['client data that is too long', withTouch({ clientDataJson: new Uint8Array(4097) })],
    ['an empty signature', withTouch({ signature: new Uint8Array() })],
    ['an invite id in capitals', { ...enrollLeaf, inviteId: 'AB'.repeat(32) }],
    ['a removal with a story', { ...removalLeaf, reason: 'Alice was ill again' }],
    ['a removal without reason', { ...removalLeaf, reason: '' }],
    ['an authority without CA key', { ...authorityLeaf, caKeys: [] }],
    ['a log key with a line break', { ...authorityLeaf, logKey: 'a\nb' }],
    ['a host that is a path', { ...hostCertificateLeaf, host: '../web1' }],
    ['a ninth key of a host', { ...hostCertificateLeaf, index: 8 }],
    ['a host certificate that nobody asked for', { ...hostCertificateLeaf, request: new Uint8Array() }],
    ['a request of a host that is too long', { ...lockLeaf, request: new Uint8Array(24_001) }],
    ['an alarm of two lines', { ...alarmLeaf, detail: 'login 1\nlogin 2' }],
    ['an alarm that says nothing', { ...alarmLeaf, detail: '' }],
    ['a statement that is empty', { ...sudoStatementLeaf, statement: new Uint8Array() }],
  ])('%s is refused', (_, leaf) => {
    expect(logErrorCode(() => encodeLeaf(leaf))).toBe('bad-leaf');
  });
});

describe('a leaf', () => {
  it.each(Object.entries(anyLeaf))(
    'of kind %s decodes to what was encoded, and encodes to the same bytes',
    (kind, any) => {
      fc.assert(
        fc.property<[Leaf]>(any, (leaf) => {
          const encoded = encodeLeaf(leaf);
          const decoded = decodeLeaf(encoded);
          expect(decoded).toEqual(leaf);
          expect(decoded.kind).toBe(kind);
          expect(encodeLeaf(decoded)).toEqual(encoded);
        }),
        { numRuns: 50 },
      );
    },
  );

  // Some 27,000 leaves: on a busy machine that takes its time.
  it('with any bit flipped is refused or encodes to exactly those bytes again', { timeout: 30_000 }, () => {
    for (const leaf of goodLeaves) {
      const encoded = encodeLeaf(leaf);
      for (let bit = 0; bit < encoded.length * 8; bit++) {
        const spoiled = encoded.with(bit >> 3, (encoded[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
        const decoded = decodeOrNothing(spoiled);
        if (decoded !== undefined) expect(encodeLeaf(decoded)).toEqual(spoiled);
      }
    }
  });

  function decodeOrNothing(leaf: Uint8Array): Leaf | undefined {
    let decoded: Leaf | undefined;
    try {
      decoded = decodeLeaf(leaf);
    } catch {
      expect(isBadLeaf(leaf)).toBe(true);
    }
    return decoded;
  }

  it('has its fields in the order that docs/log.md gives, whatever its kind', () => {
    const { person, rosterDigest, certificate, origin, requestId, nonce, draftHashes } = certificateLeaf;
    const expiresAt = BigInt(certificateLeaf.expiresAt);
    const [first = digest, second = digest] = draftHashes;
    const [login, sudo] = authorityLeaf.caKeys.map((key) =>
      new WireWriter().string(key.purpose).string(key.publicKey).bytes(),
    );
    const layouts: Record<Leaf['kind'], Uint8Array> = {
      certificate: header('certificate')
        .string('login')
        .string(person)
        .string(rosterDigest)
        .string(certificate)
        .string(origin)
        .string(requestId)
        .string(nonce)
        .uint64(expiresAt)
        .uint32(1)
        .string(new WireWriter().string(first).string(second).bytes())
        .raw(listOfOneTouch(touch.signature, 0))
        .bytes(),
      'reviewed-certificate': header('reviewed-certificate')
        .string('sudo')
        .string(person)
        .string(rosterDigest)
        .string(certificate)
        .string(origin)
        .string(requestId)
        .string(nonce)
        .uint64(expiresAt)
        .uint32(1)
        .string(new WireWriter().string(first).string(second).bytes())
        .raw(listOfOneTouch(touch.signature, 0))
        .string('deploy of 4711')
        .uint64(1_800_001_800n)
        .raw(listOfOneTouch(touch.signature, 0, 'bob'))
        .string('carol')
        .bytes(),
      'break-glass': header('break-glass')
        .string('sudo')
        .string('alice')
        .string(breakGlassLeaf.certificate)
        .string('the authority burnt down')
        .bytes(),
      enroll: header('enroll')
        .string(person)
        .string(touch.credentialKind)
        .string(touch.credentialId)
        .string(touch.publicKey)
        .string(touch.rpId)
        .string(enrollLeaf.inviteId)
        .string(origin)
        .string(requestId)
        .string(nonce)
        .uint64(expiresAt)
        .string(touch.clientDataJson)
        .string(touch.authenticatorData)
        .string(touch.signature)
        .bytes(),
      'remove-credential': header('remove-credential')
        .string(person)
        .string(removalLeaf.credentialId)
        .string('lost')
        .bytes(),
      roster: header('roster').string(rosterLeaf.digest).bytes(),
      authority: header('authority')
        .string(origin)
        .string(
          new WireWriter()
            .string(login ?? '')
            .string(sudo ?? '')
            .bytes(),
        )
        .string(authorityLeaf.logKey)
        .string(authorityLeaf.bundleKey)
        .bytes(),
      act: header('act')
        .string(rosterDigest)
        .string(origin)
        .string(requestId)
        .string(nonce)
        .uint64(expiresAt)
        .string('retire-ca')
        .string(actLeaf.parameters)
        .raw(new WireReader(listOfOneTouch(touch.signature, 0)).string())
        .bytes(),
      revoke: header('revoke')
        .string('key')
        .string(revokeLeaf.subject)
        .string('the laptop is gone')
        .string(
          new WireWriter()
            .uint64(7n)
            .uint64(2n ** 63n)
            .bytes(),
        )
        .string(revokeLeaf.key)
        .bytes(),
      'ca-key': header('ca-key')
        .string('login')
        .string(caKeyLeaf.publicKey)
        .string('revoked')
        .string('the server was stolen')
        .bytes(),
      'host-certificate': header('host-certificate')
        .string('web1')
        .uint32(7)
        .string(rosterDigest)
        .string(hostCertificateLeaf.certificate)
        .uint32(1)
        .string(hostCertificateLeaf.request)
        .bytes(),
      'lock-machine': header('lock-machine')
        .string('web1')
        .uint32(7)
        .string('two-holders')
        .string(lockLeaf.request)
        .bytes(),
      alarm: header('alarm').string('unknown-serial').string('web1').string('login 4711').bytes(),
      'sudo-statement': header('sudo-statement').string(sudoStatementLeaf.statement).bytes(),
    };
    for (const leaf of goodLeaves) expect(encodeLeaf(leaf), leaf.kind).toEqual(layouts[leaf.kind]);
  });

  /** Leaves are kept for ever: a change of these hashes is a change of the format, and never right. */
  it.each([
    ['certificate', certificateLeaf, '6b579bbe4d186cc5f54e8787beddeef71c2b78debed3b02e017af3e87a9e492e'],
    [
      'reviewed-certificate',
      reviewedLeaf,
      '6b37c59ea826c40805c24f8ea97189da767dd3dbe584a98818f1979266064b6a',
    ],
    ['break-glass', breakGlassLeaf, '019444865daabbe58b90f8c20101ff39b90af78a3abdab947759bdcaaf85bca0'],
    ['enroll', enrollLeaf, '1312e81f69cd2c1162e7844762bd236cb197b54341aa64c289916a4e969f79fd'],
    ['remove-credential', removalLeaf, '1504d2c51eb8e049ab60e5cf4336c7dfbb612e156f8b33e1d1aea241cddf48da'],
    ['roster', rosterLeaf, '6656321a6649edf4f7917997995106e705069fd71b62c99742bc8e21c13f5851'],
    ['authority', authorityLeaf, '9c66f4f3c4bfa5f894dd484517492df78fe4a5551342747f215d6d4abf40f630'],
    ['act', actLeaf, '8b62eeec865ebce51216a024f5021f63024b587eedf65eadbb4c688d451fa7b2'],
    ['ca-key', caKeyLeaf, '4fe106b9fa3141fb9be6c80a21ee4edb7fb85aa3f9204014d7f83c3af90c8f07'],
    ['revoke', revokeLeaf, '378f0958a154405f3d6a539570c661829c1079279478c461144f5b59d670d834'],
    [
      'host-certificate',
      hostCertificateLeaf,
      '293fe77fc08dbe31aedc23832d5912816fb0527b44db80a0bc3366351dbd51f3',
    ],
    ['lock-machine', lockLeaf, '68c6a2615aa275d10992c18d576e0336a242c027a021f072b1562d8ed776e46a'],
    ['alarm', alarmLeaf, '77ae2dec7b419ab64105bdf251101181422556fcb8763974d295a6b7d99c5581'],
    ['sudo-statement', sudoStatementLeaf, '929665a833cc3d30815cc1b06fe097fd38882f37000f0b0d62f27da30e00a050'],
  ] satisfies [string, Leaf, string][])('of kind %s has the bytes that it always had', (_, leaf, hash) => {
    expect(hex.encode(sha256(encodeLeaf(leaf)))).toBe(hash);
  });
});

describe('the size of a certificate leaf', () => {
  it('is never more than was said when it was drafted', () => {
    fc.assert(
      fc.property(fc.oneof(anyCertificateLeaf, anyReviewedLeaf), (leaf) => {
        const draftBytes = leaf.certificate.length;
        const approvals = leaf.kind === 'reviewed-certificate' ? leaf.approvals.length : 0;
        const [drafts, touches] = [leaf.draftHashes.length, leaf.touches.length + approvals];
        expect(encodeLeaf(leaf).length).toBeLessThanOrEqual(
          certificateLeafBytes({ draftBytes, drafts, touches }),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('is reached by the largest of everything, but for the signature of the CA', () => {
    const largest: LoggedTouch = {
      person: 'a'.repeat(64),
      credentialKind: 'webauthn',
      credentialId: 'a'.repeat(1400),
      publicKey: new Uint8Array(2048),
      rpId: 'a'.repeat(255),
      clientDataJson: new Uint8Array(4096),
      authenticatorData: new Uint8Array(1024),
      signature: new Uint8Array(256),
    };
    const leaf = encodeLeaf({
      ...reviewedLeaf,
      purpose: 'a'.repeat(32),
      person: 'a'.repeat(64),
      certificate: new Uint8Array(1000),
      origin: `https://${'a'.repeat(247)}`,
      touches: [largest],
      reason: 'a'.repeat(200),
      approvals: [largest],
      signer: 'a'.repeat(64),
    });
    const signature = 4 + 6144;
    const bound = certificateLeafBytes({ draftBytes: 1000, drafts: 2, touches: 2 });
    expect(leaf.length).toBe(bound - signature);
  });

  it('leaves room for a login certificate with 256 principals of 80 characters and one touch', () => {
    const draftBytes = 256 * 84 + 3000;
    expect(certificateLeafBytes({ draftBytes, drafts: 8, touches: 1 })).toBeLessThan(MAX_LEAF_BYTES);
  });
});
