import { base64urlnopad } from '@scure/base';
import { describe, expect, test } from 'vitest';
import { registrationOptions, touchOptions } from '../../src/fido/options.ts';
import { ANY_KEY, modelPolicy } from './registration-scene.ts';
import { DIGEST, RP_ID } from './touch-scene.ts';

const REQUEST = {
  challenge: DIGEST,
  rpId: RP_ID,
  rpName: 'Usher',
  person: 'alice',
  userHandle: Uint8Array.of(1, 2, 3),
  existingIds: ['AAEC'],
  policy: ANY_KEY,
};

describe('options for a new credential', () => {
  test('offer ES256 and EdDSA, and nothing else that the runtime can do', async () => {
    const { pubKeyCredParams } = await registrationOptions(REQUEST);
    expect(pubKeyCredParams.map(({ alg }) => alg)).toEqual([-7, -8]);
  });

  test('carry the challenge and the user handle as bytes', async () => {
    const options = await registrationOptions(REQUEST);
    expect(options.challenge).toBe(base64urlnopad.encode(DIGEST));
    expect(options.user.id).toBe('AQID');
    expect(options.rp).toEqual({ id: RP_ID, name: 'Usher' });
    expect(options.excludeCredentials).toMatchObject([{ id: 'AAEC' }]);
  });

  test('ask for what the policy asks for', async () => {
    const usual = await registrationOptions(REQUEST);
    expect(usual).toMatchObject({
      attestation: 'none',
      authenticatorSelection: { userVerification: 'required' },
    });
    const strict = await registrationOptions({
      ...REQUEST,
      policy: { ...modelPolicy(), userVerification: false },
    });
    expect(strict).toMatchObject({
      attestation: 'direct',
      authenticatorSelection: { userVerification: 'preferred' },
    });
  });
});

test('options for a touch carry the digest as bytes and name the credentials', async () => {
  const request = {
    digest: DIGEST,
    rpId: RP_ID,
    credentialIds: ['AAEC'],
    policy: { userVerification: true },
  };
  expect(await touchOptions(request)).toMatchObject({
    challenge: base64urlnopad.encode(DIGEST),
    rpId: RP_ID,
    allowCredentials: [{ id: 'AAEC', type: 'public-key' }],
    userVerification: 'required',
  });
  const lax = await touchOptions({ ...request, policy: { userVerification: false } });
  expect(lax.userVerification).toBe('preferred');
});
