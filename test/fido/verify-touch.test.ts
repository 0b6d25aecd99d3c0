import { base64urlnopad } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AssertionJson } from '../../src/fido/assertion.ts';
import { encodeCbor } from '../../src/fido/cbor.ts';
import { buildClientData } from '../../src/fido/client-data.ts';
import { decodeEcdsaSignature, encodeEcdsaSignature } from '../../src/fido/ecdsa-signature.ts';
import type { TouchToVerify } from '../../src/fido/verify-touch.ts';
import { verifyTouch } from '../../src/fido/verify-touch.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import { FLAGS, SoftAuthenticator, SoftSecurityKey } from '../support/soft-authenticator.ts';
import {
  ALGORITHMS,
  codeOfTouch,
  DIGEST,
  ORIGIN,
  RP_ID,
  sshCredential,
  sshTouch,
  webauthnCredential,
  webauthnTouch,
} from './touch-scene.ts';

const OTHER_DIGEST = new Uint8Array(32).fill(0xd2);
const UP_UV = FLAGS.up | FLAGS.uv;

function clientDataWith(extra: Readonly<Record<string, unknown>>): Uint8Array {
  const usual: unknown = JSON.parse(
    new TextDecoder().decode(buildClientData('webauthn.get', DIGEST, ORIGIN)),
  );
  return new TextEncoder().encode(JSON.stringify(Object.assign({}, usual, extra)));
}

function withAssertion(touch: TouchToVerify, change: Partial<AssertionJson>): TouchToVerify {
  return { ...touch, assertion: { ...touch.assertion, ...change } };
}

describe('a touch of something else is refused', () => {
  test('another digest', async () => {
    expect(await codeOfTouch(webauthnTouch({ challenge: OTHER_DIGEST }))).toBe('challenge-mismatch');
  });

  test('a digest that only begins alike', async () => {
    expect(await codeOfTouch(webauthnTouch({ challenge: DIGEST.subarray(0, 31) }))).toBe(
      'challenge-mismatch',
    );
    const longer = Uint8Array.of(...DIGEST, 0);
    expect(await codeOfTouch(webauthnTouch({ challenge: longer }))).toBe('challenge-mismatch');
  });

  test.each([
    'https://evil.example.org',
    'http://ca.example.org',
    'https://ca.example.org:8443',
    'https://ca.example.org.evil.example',
    'https://CA.example.org',
    'https://ca.example.org/',
  ])('origin %s', async (origin) => {
    expect(await codeOfTouch(webauthnTouch({ origin }))).toBe('origin-mismatch');
    expect(await codeOfTouch(sshTouch({ origin }))).toBe('origin-mismatch');
  });

  test.each(['evil.example.org', 'example.org', 'ssh:', 'CA.example.org'])('RP id %s', async (rpId) => {
    expect(await codeOfTouch(webauthnTouch({ rpId }))).toBe('rp-mismatch');
  });

  test('a credential that was enrolled for another RP id', async () => {
    const touch = webauthnTouch();
    const credential = { ...touch.credential, rpId: 'example.org' };
    expect(await codeOfTouch({ ...touch, credential })).toBe('rp-mismatch');
  });

  test('a registration in place of a touch', async () => {
    const clientDataJSON = buildClientData('webauthn.create', DIGEST, ORIGIN);
    expect(await codeOfTouch(webauthnTouch({ clientDataJSON }))).toBe('wrong-type');
    const payment = clientDataWith({ type: 'payment.get' });
    expect(await codeOfTouch(webauthnTouch({ clientDataJSON: payment }))).toBe('wrong-type');
  });
});

describe('a touch inside a frame of another site is refused', () => {
  test.each([
    [{ crossOrigin: true }],
    [{ crossOrigin: true, topOrigin: 'https://evil.example' }],
    [{ crossOrigin: true, topOrigin: ORIGIN }],
    [{ crossOrigin: false, topOrigin: ORIGIN }],
    [{ crossOrigin: undefined, topOrigin: 'https://evil.example' }],
  ])('%j', async (extra) => {
    expect(await codeOfTouch(webauthnTouch({ clientDataJSON: clientDataWith(extra) }))).toBe('cross-origin');
    expect(await codeOfTouch(sshTouch({ clientDataJSON: clientDataWith(extra) }))).toBe('cross-origin');
  });

  test('crossOrigin that is no boolean', async () => {
    const clientDataJSON = clientDataWith({ crossOrigin: 'false' });
    expect(await codeOfTouch(webauthnTouch({ clientDataJSON }))).toBe('malformed');
  });
});

describe('a touch by another credential is refused', () => {
  test('its id says so, although the signature is by the expected key', async () => {
    const credentialId = base64urlnopad.encode(new Uint8Array(32));
    expect(await codeOfTouch(withAssertion(webauthnTouch(), { credentialId }))).toBe('unknown-credential');
  });

  test('it carries the expected id, but another key signed', async () => {
    const touch = webauthnTouch();
    const credential = { ...webauthnTouch().credential, id: touch.credential.id };
    expect(await codeOfTouch({ ...touch, credential })).toBe('bad-signature');
  });

  test('the key is of another algorithm', async () => {
    const touch = webauthnTouch({}, 'es256');
    const { publicKey } = webauthnTouch({}, 'eddsa').credential;
    expect(await codeOfTouch({ ...touch, credential: { ...touch.credential, publicKey } })).toBe('malformed');
  });

  test('a person of another user handle', async () => {
    const touch = withAssertion(webauthnTouch(), { userHandle: base64urlnopad.encode(Uint8Array.of(1)) });
    const credential = { ...touch.credential, userHandle: Uint8Array.of(2) };
    expect(await codeOfTouch({ ...touch, credential })).toBe('user-mismatch');
    await verifyTouch({ ...touch, credential: { ...touch.credential, userHandle: Uint8Array.of(1) } });
  });

  test('the same SSH key point under another application', async () => {
    const [touch, key] = [sshTouch(), new SoftSecurityKey()];
    const other = { ...key.publicKey, application: 'ssh:ca.example.org' };
    const credential = { ...touch.credential, publicKey: encodePublicKey(other) };
    expect(await codeOfTouch({ ...touch, credential })).toBe('unknown-credential');
  });

  test('an SSH key that is no security key', async () => {
    const touch = sshTouch();
    const publicKey = encodePublicKey({ type: 'ssh-ed25519', point: new Uint8Array(32).fill(9) });
    expect(await codeOfTouch({ ...touch, credential: { ...touch.credential, publicKey } })).toBe(
      'unknown-credential',
    );
  });
});

describe('flags', () => {
  test('without user presence', async () => {
    expect(await codeOfTouch(webauthnTouch({ flags: FLAGS.uv }))).toBe('not-present');
    expect(await codeOfTouch(sshTouch({ flags: 0 }))).toBe('not-present');
    expect(await codeOfTouch(sshTouch({ flags: FLAGS.uv }))).toBe('not-present');
  });

  test('without user presence, whatever the policy says about verification', async () => {
    const touch = webauthnTouch({ flags: 0 });
    expect(await codeOfTouch({ ...touch, policy: { userVerification: false } })).toBe('not-present');
  });

  test('without user verification where the policy asks for it', async () => {
    expect(await codeOfTouch(webauthnTouch({ flags: FLAGS.up }))).toBe('not-verified');
    const touch = sshTouch({ flags: FLAGS.up });
    expect(await codeOfTouch({ ...touch, policy: { userVerification: true } })).toBe('not-verified');
  });

  test('without user verification where the policy does not ask', async () => {
    const touch = webauthnTouch({ flags: FLAGS.up });
    const verified = await verifyTouch({ ...touch, policy: { userVerification: false } });
    expect(verified.userVerified).toBe(false);
  });

  test('backed up without being eligible for backup', async () => {
    expect(await codeOfTouch(webauthnTouch({ flags: UP_UV | FLAGS.bs }))).toBe('bad-flags');
  });

  test('a synced passkey is accepted and says so', async () => {
    const verified = await verifyTouch(webauthnTouch({ flags: UP_UV | FLAGS.be | FLAGS.bs }));
    expect(verified.backedUp).toBe(true);
    expect((await verifyTouch(webauthnTouch({ flags: UP_UV | FLAGS.be }))).backedUp).toBe(false);
  });

  test('credential data in a touch, announced or hidden', async () => {
    const extensions = new Uint8Array(18);
    expect(await codeOfTouch(webauthnTouch({ flags: UP_UV | FLAGS.at, extensions }))).toBe('bad-flags');
    expect(await codeOfTouch(webauthnTouch({ flags: UP_UV | FLAGS.at }))).toBe('bad-flags');
    expect(await codeOfTouch(webauthnTouch({ extensions }))).toBe('bad-flags');
  });

  test('extensions: one CBOR map, announced by its flag', async () => {
    const extensions = encodeCbor(new Map([['credProtect', 2]]));
    const flags = UP_UV | FLAGS.ed;
    await verifyTouch(webauthnTouch({ flags, extensions }));
    expect(await codeOfTouch(webauthnTouch({ flags }))).toBe('bad-flags');
    expect(await codeOfTouch(webauthnTouch({ extensions }))).toBe('bad-flags');
    const trailing = Uint8Array.of(...extensions, 0);
    expect(await codeOfTouch(webauthnTouch({ flags, extensions: trailing }))).toBe('malformed');
    const cut = extensions.subarray(0, -1);
    expect(await codeOfTouch(webauthnTouch({ flags, extensions: cut }))).toBe('malformed');
  });

  test('an SSH key has no extensions, whatever its flags say', async () => {
    expect(await codeOfTouch(sshTouch({ flags: FLAGS.up | FLAGS.ed }))).toBe('bad-flags');
    expect(await codeOfTouch(sshTouch({ flags: FLAGS.up | FLAGS.at }))).toBe('bad-flags');
    const touch = sshTouch({ flags: FLAGS.up | FLAGS.ed });
    const data = base64urlnopad.decode(touch.assertion.authenticatorData);
    const authenticatorData = base64urlnopad.encode(Uint8Array.of(...data, 0xa0));
    expect(await codeOfTouch(withAssertion(touch, { authenticatorData }))).toBe('bad-flags');
  });
});

describe('the signature counter', () => {
  test.each([
    { known: 5, counter: 5 },
    { known: 5, counter: 4 },
    { known: 5, counter: 0 },
    { known: 0xffff_ffff, counter: 0xffff_ffff },
    { known: 0xffff_ffff, counter: 1 },
  ])('from $known to $counter is a rollback', async ({ known, counter }) => {
    const touch = webauthnTouch({ counter });
    expect(await codeOfTouch({ ...touch, credential: { ...touch.credential, counter: known } })).toBe(
      'counter-rollback',
    );
    const ssh = sshTouch({ counter });
    expect(await codeOfTouch({ ...ssh, credential: { ...ssh.credential, counter: known } })).toBe(
      'counter-rollback',
    );
  });

  test.each([
    { known: 5, counter: 6, rule: 'grew' },
    { known: 0, counter: 1, rule: 'grew' },
    { known: 0, counter: 0xffff_ffff, rule: 'grew' },
    { known: 0, counter: 0, rule: 'absent' },
  ])('from $known to $counter is accepted: $rule', async ({ known, counter, rule }) => {
    const touch = webauthnTouch({ counter });
    const verified = await verifyTouch({ ...touch, credential: { ...touch.credential, counter: known } });
    expect(verified).toMatchObject({ counter, counterRule: rule });
  });

  test('the same answer twice is a rollback', async () => {
    const touch = webauthnTouch();
    const { counter } = await verifyTouch(touch);
    expect(await codeOfTouch({ ...touch, credential: { ...touch.credential, counter } })).toBe(
      'counter-rollback',
    );
  });
});

describe('an sk SSH key', () => {
  test.each(['ssh:', 'ssh:ca.example.org'])('of application %s touches', async (application) => {
    for (const algorithm of ALGORITHMS)
      expect(await verifyTouch(sshTouch({ application }, algorithm))).toMatchObject({
        kind: 'ssh-sk',
        rpId: application,
        userVerified: false,
      });
  });

  test.each([
    'ssh:other.example.org',
    'ssh',
    'ca.example.org',
    'ssh:ca.example.org.evil.example',
    'ssh:CA.example.org',
  ])('of application %s is refused', async (application) => {
    expect(await codeOfTouch(sshTouch({ application }))).toBe('rp-mismatch');
  });

  test('that is recorded under another application is refused', async () => {
    const touch = sshTouch();
    const credential = { ...touch.credential, rpId: 'ssh:ca.example.org' };
    expect(await codeOfTouch({ ...touch, credential })).toBe('rp-mismatch');
  });

  test('its answer does not pass for a passkey of the authority, nor the reverse', async () => {
    const [key, passkey] = [sshTouch(), webauthnTouch()];
    expect(await codeOfTouch({ ...key, credential: passkey.credential })).toBe('unknown-credential');
    expect(await codeOfTouch({ ...passkey, credential: key.credential })).toBe('unknown-credential');
  });
});

describe('hostile input', () => {
  test.each(['clientDataJSON', 'authenticatorData', 'signature'] as const)(
    '%s of the wrong form',
    async (field) => {
      const touch = webauthnTouch();
      const good = touch.assertion[field];
      for (const bad of ['', '=', `${good}=`, ` ${good}`, `${good}\n`, good.slice(0, -1), 'a+/b', '\u0000'])
        expect(await codeOfTouch(withAssertion(touch, { [field]: bad }))).toBe('malformed');
      expect(await codeOfTouch(withAssertion(touch, { [field]: 'A'.repeat(1_000_000) }))).toBe('too-long');
    },
  );

  test('no object, or members of other types', async () => {
    const touch = webauthnTouch();
    // The cast plays a caller that the compiler did not check.
    for (const assertion of [null, [], 'x', 7, {}, { ...touch.assertion, signature: 7 }])
      expect(await codeOfTouch({ ...touch, assertion: assertion as AssertionJson })).toBe('malformed');
  });

  test('authenticator data cut at every byte', async () => {
    const touch = webauthnTouch();
    const data = base64urlnopad.decode(touch.assertion.authenticatorData);
    for (let length = 1; length < data.length; length += 1) {
      const authenticatorData = base64urlnopad.encode(data.subarray(0, length));
      expect(await codeOfTouch(withAssertion(touch, { authenticatorData }))).toBe('malformed');
    }
  });

  test('a signature that is not DER, though it names the right numbers', async () => {
    const touch = webauthnTouch();
    const der = base64urlnopad.decode(touch.assertion.signature);
    const [tag = 0, length = 0] = der;
    for (const other of [Uint8Array.of(...der, 0), Uint8Array.of(tag, 0x81, length, ...der.slice(2))]) {
      const signature = base64urlnopad.encode(other);
      expect(await codeOfTouch(withAssertion(touch, { signature }))).toBe('malformed');
    }
  });

  test('an ECDSA signature of zeros', async () => {
    const touch = webauthnTouch();
    const zeros = { r: new Uint8Array(32), s: new Uint8Array(32) };
    const signature = base64urlnopad.encode(encodeEcdsaSignature(zeros));
    expect(await codeOfTouch(withAssertion(touch, { signature }))).toBe('malformed');
  });

  test('an algorithm that is neither ES256 nor EdDSA', async () => {
    const touch = webauthnTouch();
    for (const alg of [-257, -37, -48, -35, -65535]) {
      const publicKey = encodeCbor(
        new Map([
          [1, 2],
          [3, alg],
          [-1, 1],
        ]),
      );
      expect(await codeOfTouch({ ...touch, credential: { ...touch.credential, publicKey } })).toBe(
        'unsupported-algorithm',
      );
    }
  });

  test('an origin of our own that is no URL', async () => {
    const origin = 'ca.example.org';
    expect(await codeOfTouch({ ...sshTouch({ origin }), origin })).toBe('malformed');
  });

  test('a point that is not on the curve', async () => {
    const touch = webauthnTouch();
    const publicKey = touch.credential.publicKey.slice();
    publicKey[publicKey.length - 1] = (publicKey.at(-1) ?? 0) ^ 1;
    expect(await codeOfTouch({ ...touch, credential: { ...touch.credential, publicKey } })).toBe('malformed');
  });
});

describe('one byte', () => {
  const fields = ['clientDataJSON', 'authenticatorData', 'signature'] as const;
  const scenes = ALGORITHMS.flatMap((algorithm) => [webauthnTouch({}, algorithm), sshTouch({}, algorithm)]);
  const flip = {
    where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    mask: fc.integer({ min: 1, max: 255 }),
  };

  test('flipped anywhere in any field refuses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...scenes),
        fc.constantFrom(...fields),
        flip.where,
        flip.mask,
        async (touch, field, where, mask) => {
          const changed = flipped(base64urlnopad.decode(touch.assertion[field]), where, mask);
          const code = await codeOfTouch(withAssertion(touch, { [field]: base64urlnopad.encode(changed) }));
          expect(code).toEqual(expect.any(String));
        },
      ),
      { numRuns: 400 },
    );
  });

  test('flipped in the credential id, the public key or the digest refuses', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...scenes), flip.where, flip.mask, async (touch, where, mask) => {
        const publicKey = flipped(touch.credential.publicKey, where, mask);
        const id = new TextEncoder().encode(touch.assertion.credentialId);
        const credentialId = new TextDecoder().decode(flipped(id, where, mask));
        for (const wrong of [
          { ...touch, digest: flipped(touch.digest, where, mask) },
          { ...touch, credential: { ...touch.credential, publicKey } },
          withAssertion(touch, { credentialId }),
        ])
          expect(await codeOfTouch(wrong)).toEqual(expect.any(String));
      }),
      { numRuns: 200 },
    );
  });

  function flipped(bytes: Uint8Array, where: number, mask: number): Uint8Array {
    const copy = bytes.slice();
    const index = Math.floor(where * copy.length);
    copy[index] = (copy[index] ?? 0) ^ mask;
    return copy;
  }
});

describe('a touch that holds', () => {
  test.each(ALGORITHMS)('by a passkey, %s', async (algorithm) => {
    const touch = webauthnTouch({}, algorithm);
    expect(await verifyTouch(touch)).toEqual({
      kind: 'webauthn',
      credentialId: touch.credential.id,
      rpId: RP_ID,
      userVerified: true,
      counter: 1,
      counterRule: 'grew',
      backedUp: false,
    });
  });

  test('with members that browsers add', async () => {
    const clientDataJSON = clientDataWith({
      other_keys_can_be_added_here: 'do not compare clientDataJSON against a template',
      tokenBinding: { status: 'supported' },
      nested: { type: 'webauthn.create', challenge: ['x', ':'] },
    });
    await verifyTouch(webauthnTouch({ clientDataJSON }));
  });

  test('with the members in another order and escaped, as Android writes them', async () => {
    const challenge = base64urlnopad.encode(DIGEST);
    const text = `{"origin":"https:\\/\\/ca.example.org","challenge":"${challenge}","type":"webauthn.get","androidPackageName":"com.android.chrome"}`;
    await verifyTouch(webauthnTouch({ clientDataJSON: new TextEncoder().encode(text) }));
  });

  test('by each of several credentials, all at once', async () => {
    const touches = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? webauthnTouch() : sshTouch(),
    );
    const verified = await Promise.all(touches.map(verifyTouch));
    expect(verified.map((touch) => touch.credentialId)).toEqual(touches.map((touch) => touch.credential.id));
  });

  test('with numbers r or s that begin with zeros', async () => {
    const key = new SoftSecurityKey({ algorithm: 'es256' });
    const credential = sshCredential(key);
    let short = 0;
    for (let round = 0; round < 2000 && short < 2; round += 1) {
      const assertion = key.get({ challenge: DIGEST, origin: ORIGIN });
      const { r, s } = decodeEcdsaSignature(base64urlnopad.decode(assertion.signature));
      if (r.length === 32 && s.length === 32) continue;
      short += 1;
      await verifyTouch({
        assertion,
        credential,
        digest: DIGEST,
        origin: ORIGIN,
        rpId: RP_ID,
        policy: { userVerification: false },
      });
    }
    expect(short).toBe(2);
  });

  test('made with the counter of the authenticator running on', async () => {
    const authenticator = new SoftAuthenticator();
    const credential = webauthnCredential(authenticator);
    const touch = { ...webauthnTouch(), credential };
    const get = () => authenticator.get({ challenge: DIGEST, origin: ORIGIN, rpId: RP_ID });
    const first = await verifyTouch({ ...touch, assertion: get() });
    const known = { ...credential, counter: first.counter };
    expect((await verifyTouch({ ...touch, credential: known, assertion: get() })).counter).toBe(2);
  });
});
