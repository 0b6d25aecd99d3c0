import { base64urlnopad } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rootFingerprint } from '../../src/fido/attestation-chain.ts';
import type { CborValue } from '../../src/fido/cbor.ts';
import { decodeCbor, encodeCbor } from '../../src/fido/cbor.ts';
import { buildClientData } from '../../src/fido/client-data.ts';
import { encodeCose } from '../../src/fido/cose.ts';
import type { RegistrationToVerify } from '../../src/fido/verify-registration.ts';
import { verifyRegistration } from '../../src/fido/verify-registration.ts';
import { issueCertificate } from '../support/attestation-ca.ts';
import { FLAGS, SoftAuthenticator } from '../support/soft-authenticator.ts';
import {
  AAGUID_TEXT,
  ANY_KEY,
  codeOfRegistration,
  DAY,
  modelCertificate,
  modelPolicy,
  NOW,
  OTHER_ROOT,
  ROOT,
  registration,
} from './registration-scene.ts';
import { ALGORITHMS, DIGEST, ORIGIN, RP_ID } from './touch-scene.ts';

const FRESH = FLAGS.up | FLAGS.uv | FLAGS.at;
const KINDS = ['none', 'self', 'packed'] as const;

function withObject(input: RegistrationToVerify, object: Uint8Array): RegistrationToVerify {
  return { ...input, response: { ...input.response, attestationObject: base64urlnopad.encode(object) } };
}

function objectOf(input: RegistrationToVerify): Map<string, CborValue> {
  const object = decodeCbor(base64urlnopad.decode(input.response.attestationObject));
  if (!(object instanceof Map)) throw new Error('an attestation object is a map');
  return object;
}

describe('a registration for something else is refused', () => {
  test('another challenge, origin, RP id, type', async () => {
    expect(await codeOfRegistration(registration({ challenge: new Uint8Array(32) }))).toBe(
      'challenge-mismatch',
    );
    expect(await codeOfRegistration(registration({ origin: 'https://evil.example' }))).toBe(
      'origin-mismatch',
    );
    expect(await codeOfRegistration(registration({ rpId: 'example.org' }))).toBe('rp-mismatch');
    const clientDataJSON = buildClientData('webauthn.get', DIGEST, ORIGIN);
    expect(await codeOfRegistration(registration({ clientDataJSON }))).toBe('wrong-type');
  });

  test('inside a frame of another site', async () => {
    for (const extra of ['"crossOrigin":true', '"topOrigin":"https://evil.example"']) {
      const usual = new TextDecoder().decode(buildClientData('webauthn.create', DIGEST, ORIGIN));
      const text = usual.replace('"crossOrigin":false', extra);
      const clientDataJSON = new TextEncoder().encode(text);
      expect(await codeOfRegistration(registration({ clientDataJSON }))).toBe('cross-origin');
    }
  });

  test('another credential id than the one inside', async () => {
    const input = registration();
    const response = { ...input.response, credentialId: 'AAAA' };
    expect(await codeOfRegistration({ ...input, response })).toBe('unknown-credential');
  });
});

describe('flags', () => {
  test('nobody present, nobody verified', async () => {
    expect(await codeOfRegistration(registration({ flags: FLAGS.uv | FLAGS.at }))).toBe('not-present');
    expect(await codeOfRegistration(registration({ flags: FLAGS.up | FLAGS.at }))).toBe('not-verified');
    const policy = { ...ANY_KEY, userVerification: false };
    const verified = await verifyRegistration(registration({ flags: FLAGS.up | FLAGS.at }, policy));
    expect(verified.userVerified).toBe(false);
  });

  test('no credential announced', async () => {
    expect(await codeOfRegistration(registration({ flags: FLAGS.up | FLAGS.uv }))).toBe('bad-flags');
    const onlyExtensions = FLAGS.up | FLAGS.uv | FLAGS.ed;
    const extensions = encodeCbor(new Map([['credProtect', 2]]));
    expect(await codeOfRegistration(registration({ flags: onlyExtensions, extensions }))).toBe('bad-flags');
  });

  test('backed up without being eligible', async () => {
    expect(await codeOfRegistration(registration({ flags: FRESH | FLAGS.bs }))).toBe('bad-flags');
    const synced = await verifyRegistration(registration({ flags: FRESH | FLAGS.be | FLAGS.bs }));
    expect(synced.backedUp).toBe(true);
  });

  test('extensions without their flag, the flag without extensions', async () => {
    const extensions = encodeCbor(new Map([['credProtect', 2]]));
    expect(await codeOfRegistration(registration({ extensions }))).toBe('bad-flags');
    expect(await codeOfRegistration(registration({ flags: FRESH | FLAGS.ed }))).toBe('bad-flags');
    await verifyRegistration(registration({ flags: FRESH | FLAGS.ed, extensions }));
    // hmac-secret is a boolean, which the keys and statements around it never hold.
    const hmacSecret = Uint8Array.of(0xa1, 0x6b, ...new TextEncoder().encode('hmac-secret'), 0xf5);
    await verifyRegistration(registration({ flags: FRESH | FLAGS.ed, extensions: hmacSecret }));
  });
});

describe('where the policy asks for an attestation', () => {
  test('none, and self attestation, are refused', async () => {
    expect(await codeOfRegistration(registration({ attestation: 'none' }, modelPolicy()))).toBe(
      'attestation-missing',
    );
    expect(await codeOfRegistration(registration({ attestation: 'self' }, modelPolicy()))).toBe(
      'attestation-missing',
    );
  });

  test('another model is refused, and an empty list of models allows none', async () => {
    const attestation = 'packed';
    const others = modelPolicy([ROOT], ['ffffffff-0405-0607-0809-0a0b0c0d0e0f']);
    expect(await codeOfRegistration(registration({ attestation }, others))).toBe('aaguid-not-allowed');
    expect(await codeOfRegistration(registration({ attestation }, modelPolicy([ROOT], [])))).toBe(
      'aaguid-not-allowed',
    );
  });

  test('another maker is refused, and an empty list of roots allows none', async () => {
    const attestation = 'packed';
    expect(await codeOfRegistration(registration({ attestation }, modelPolicy([OTHER_ROOT])))).toBe(
      'attestation-untrusted',
    );
    expect(await codeOfRegistration(registration({ attestation }, modelPolicy([])))).toBe(
      'attestation-untrusted',
    );
  });

  test('a certificate for another model than the key claims is refused', async () => {
    const leaf = modelCertificate(ROOT, { aaguid: new Uint8Array(16).fill(9) });
    expect(await codeOfRegistration(registration({ attestation: 'packed', leaf }, modelPolicy()))).toBe(
      'malformed',
    );
  });

  test('a certificate that is not for attestations is refused', async () => {
    const unit = modelCertificate(ROOT, { organizationalUnit: 'Web Servers' });
    const input = registration({ attestation: 'packed', leaf: unit }, modelPolicy());
    expect(await codeOfRegistration(input)).toBe('malformed');
    const authority = modelCertificate(ROOT, { isAuthority: true });
    expect(
      await codeOfRegistration(registration({ attestation: 'packed', leaf: authority }, modelPolicy())),
    ).toBe('malformed');
  });

  test('a signature by another key than the certificate holds is refused', async () => {
    const input = registration({ attestation: 'packed' }, modelPolicy());
    const object = objectOf(input);
    const other = objectOf(registration({ attestation: 'packed' }));
    const stolen = new Map([...object, ['attStmt', other.get('attStmt') ?? 0]] as [string, CborValue][]);
    expect(await codeOfRegistration(withObject(input, encodeCbor(stolen)))).toBe('bad-signature');
  });

  test.each(ALGORITHMS)('the right model by the right maker is accepted, %s', async (algorithm) => {
    const input = registration({ attestation: 'packed', algorithm }, modelPolicy([OTHER_ROOT, ROOT]));
    expect(await verifyRegistration(input)).toMatchObject({
      attestedBy: rootFingerprint(ROOT.pem),
      fmt: 'packed',
      aaguid: AAGUID_TEXT,
    });
  });

  test('the model is compared without regard to case', async () => {
    const policy = modelPolicy([ROOT], [AAGUID_TEXT.toUpperCase()]);
    await verifyRegistration(registration({ attestation: 'packed' }, policy));
  });

  test('two policies with different roots at the same time do not mix', async () => {
    const [ours, theirs] = [ROOT, OTHER_ROOT].map((root) =>
      registration({ attestation: 'packed', leaf: modelCertificate(root) }),
    );
    const codes = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const root = index % 2 === 0 ? ROOT : OTHER_ROOT;
        const [right, wrong] = index % 2 === 0 ? [ours, theirs] : [theirs, ours];
        if (right === undefined || wrong === undefined) throw new Error('there are two registrations');
        await verifyRegistration({ ...right, policy: modelPolicy([root]) });
        return codeOfRegistration({ ...wrong, policy: modelPolicy([root]) });
      }),
    );
    expect(new Set(codes)).toEqual(new Set(['attestation-untrusted']));
  });
});

describe('the time of an attestation', () => {
  const intermediate = issueCertificate({ name: 'Maker CA', issuer: ROOT, until: NOW + 10 * DAY });
  const leaf = modelCertificate(intermediate);
  const made = { attestation: 'packed' as const, leaf, chain: [intermediate] };

  test('counts for every certificate of the chain', async () => {
    const input = registration(made, modelPolicy());
    await verifyRegistration(input);
    expect(await codeOfRegistration({ ...input, now: NOW + 11 * DAY })).toBe('attestation-untrusted');
    expect(await codeOfRegistration({ ...input, now: NOW - 500 * DAY })).toBe('attestation-untrusted');
  });
});

describe('where the policy does not ask', () => {
  test.each(KINDS)('%s is accepted for both algorithms, as a claim', async (attestation) => {
    for (const algorithm of ALGORITHMS) {
      const verified = await verifyRegistration(registration({ attestation, algorithm }));
      expect(verified).not.toHaveProperty('attestedBy');
      expect(verified).toMatchObject({
        fmt: attestation === 'none' ? 'none' : 'packed',
        aaguid: AAGUID_TEXT,
        userVerified: true,
        backedUp: false,
        counter: 1,
        transports: ['usb'],
      });
    }
  });

  test.each(KINDS)('a key that was exchanged in transit is refused if %s signs it', async (attestation) => {
    const input = registration({ attestation });
    const object = objectOf(input);
    const authData = object.get('authData');
    if (!(authData instanceof Uint8Array)) throw new Error('authData is a byte string');
    const other = authData.slice();
    other.set(new SoftAuthenticator().publicKey, other.length - new SoftAuthenticator().publicKey.length);
    const swapped = withObject(input, encodeCbor(new Map([...object, ['authData', other]])));
    if (attestation === 'none') await verifyRegistration(swapped);
    else expect(await codeOfRegistration(swapped)).toBe('bad-signature');
  });

  test.each(['fido-u2f', 'tpm', 'apple', 'android-key', 'android-safetynet', 'compound', ''])(
    'format "%s" is refused',
    async (fmt) => {
      const input = registration();
      const object = new Map([...objectOf(input), ['fmt', fmt]] as [string, CborValue][]);
      expect(await codeOfRegistration(withObject(input, encodeCbor(object)))).toBe('unsupported-format');
    },
  );

  test('a statement where none belongs is refused', async () => {
    const input = registration();
    const object = new Map([...objectOf(input), ['attStmt', new Map([['alg', -7]])]] as [
      string,
      CborValue,
    ][]);
    expect(await codeOfRegistration(withObject(input, encodeCbor(object)))).toBe('malformed');
  });
});

describe('hostile input', () => {
  test.each(KINDS)('an attestation object cut at every byte, %s', async (attestation) => {
    const input = registration({ attestation });
    const object = base64urlnopad.decode(input.response.attestationObject);
    for (let length = 1; length < object.length; length += 1)
      expect(await codeOfRegistration(withObject(input, object.subarray(0, length)))).toBe('malformed');
    expect(await codeOfRegistration(withObject(input, Uint8Array.of(...object, 0)))).toBe('malformed');
  });

  test('other members, or one missing', async () => {
    const input = registration();
    const object = objectOf(input);
    for (const name of object.keys()) {
      const without = new Map([...object].filter(([key]) => key !== name));
      expect(await codeOfRegistration(withObject(input, encodeCbor(without)))).toBe('malformed');
    }
    const more = new Map([...object, ['epAtt', 1]] as [string, CborValue][]);
    expect(await codeOfRegistration(withObject(input, encodeCbor(more)))).toBe('malformed');
  });

  test('too long, or transports that are no words', async () => {
    const input = registration();
    const longer = { ...input.response, attestationObject: 'A'.repeat(30_000) };
    expect(await codeOfRegistration({ ...input, response: longer })).toBe('too-long');
    for (const transports of [['USB'], [''], ['<b>'], Array<string>(9).fill('usb')])
      expect(await codeOfRegistration({ ...input, response: { ...input.response, transports } })).toBe(
        'malformed',
      );
  });

  test.each([-257, -35, -48, -65535])('algorithm %d is refused', async (alg) => {
    const input = registration();
    const cose = new Map<number, CborValue>([
      [1, 2],
      [3, alg],
      [-1, 1],
      [-2, new Uint8Array(32)],
      [-3, new Uint8Array(32)],
    ]);
    const authData = objectOf(input).get('authData');
    if (!(authData instanceof Uint8Array)) throw new Error('authData is a byte string');
    const start = authData.subarray(0, 37 + 18 + 32);
    const object = new Map([...objectOf(input), ['authData', Uint8Array.of(...start, ...encodeCbor(cose))]]);
    expect(await codeOfRegistration(withObject(input, encodeCbor(object)))).toBe('unsupported-algorithm');
  });

  test.each([
    ['es256', 0],
    ['eddsa', 0],
    ['eddsa', 1],
  ] as const)(
    'a key off its curve or of small order is refused: %s, every coordinate %d',
    async (algorithm, y) => {
      const point = new Uint8Array(algorithm === 'es256' ? 65 : 32);
      point[0] = algorithm === 'es256' ? 4 : y;
      const cose = encodeCose({ family: algorithm === 'es256' ? 'p256' : 'ed25519', point });
      const input = registration({ algorithm });
      const authData = objectOf(input).get('authData');
      if (!(authData instanceof Uint8Array)) throw new Error('authData is a byte string');
      const start = authData.subarray(0, authData.length - cose.length);
      const object = new Map([...objectOf(input), ['authData', Uint8Array.of(...start, ...cose)]]);
      expect(await codeOfRegistration(withObject(input, encodeCbor(object)))).toBe('bad-key');
    },
  );

  test('any byte flipped refuses, if the attestation signs', async () => {
    const inputs = [
      registration({ attestation: 'packed' }, modelPolicy()),
      registration({ attestation: 'packed', algorithm: 'eddsa' }, modelPolicy()),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...inputs),
        fc.constantFrom('clientDataJSON' as const, 'attestationObject' as const),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        async (input, field, where, mask) => {
          const bytes = base64urlnopad.decode(input.response[field]);
          const index = Math.floor(where * bytes.length);
          bytes[index] = (bytes[index] ?? 0) ^ mask;
          const response = { ...input.response, [field]: base64urlnopad.encode(bytes) };
          expect(await codeOfRegistration({ ...input, response })).toEqual(expect.any(String));
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('what is registered can touch', async () => {
  const verified = await verifyRegistration(registration());
  expect(verified.publicKey).toHaveLength(77);
  expect(RP_ID).toBe(new URL(ORIGIN).hostname);
});
