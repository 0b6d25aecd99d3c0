import { base64urlnopad } from '@scure/base';
import { describe, expect, it } from 'vitest';
import type { CallCredentials, SignedCall } from '../../src/ssh/signed-call.ts';
import { CALL_NAMESPACE, callHeaders, callMessage } from '../../src/ssh/signed-call.ts';
import { signSshsig } from '../../src/ssh/sshsig.ts';
import { openHttp } from './service.ts';

async function openCaller() {
  const service = await openHttp();
  const alice = await service.scene.enrol('alice');
  const { key, certificate } = await service.scene.login('alice', alice);
  const sign = (changes: Partial<SignedCall> = {}): Record<string, string> => {
    const nonce = base64urlnopad.encode(crypto.getRandomValues(new Uint8Array(16)));
    const { origin } = service.scene.authority;
    const time = service.scene.now;
    const about = {
      origin,
      method: 'GET',
      target: '/v1/me',
      body: new Uint8Array(),
      certificate,
      time,
      nonce,
    };
    const call: SignedCall = { ...about, ...changes };
    const signature = signSshsig(key, CALL_NAMESPACE, callMessage(call));
    const credentials: CallCredentials = { certificate, time: call.time, nonce: call.nonce, signature };
    return callHeaders(credentials);
  };
  return { service, sign, alice };
}

describe('GET /v1/me', () => {
  it('is refused when nobody says who calls', async () => {
    const { service } = await openCaller();
    await using _ = service;
    expect(await service.get('/v1/me')).toMatchObject({ status: 401, json: { code: 'call-not-signed' } });
  });

  it('is refused when a header is missing or malformed', async () => {
    const { service, sign } = await openCaller();
    await using _ = service;
    for (const name of Object.keys(sign())) {
      const { [name]: _value, ...others } = sign();
      expect((await service.get('/v1/me', others)).status).toBe(400);
      expect((await service.get('/v1/me', { ...others, [name]: '!' })).status).toBe(400);
    }
  });

  it.for([
    ['with another query', '/v1/me?x=1', {}],
    ['signed for another method', '/v1/me', { method: 'POST' }],
    ['signed for another authority', '/v1/me', { origin: 'https://other.example.org' }],
  ] as const)('is refused %s', async ([, url, changes]) => {
    const { service, sign } = await openCaller();
    await using _ = service;
    expect(await service.get(url, sign(changes))).toMatchObject({
      status: 401,
      json: { code: 'call-refused' },
    });
  });

  it('is answered once for each signature', async () => {
    const { service, sign, alice } = await openCaller();
    await using _ = service;
    const headers = sign();
    const { status, json } = await service.get('/v1/me', headers);
    expect({ status, json }).toMatchObject({ status: 200, json: { person: 'alice' } });
    expect(json['credentials']).toMatchObject([{ id: alice.credentialId, kind: 'webauthn' }]);
    expect(await service.get('/v1/me', headers)).toMatchObject({
      status: 401,
      json: { code: 'call-replayed' },
    });
    expect((await service.get('/v1/me?x=1', sign({ target: '/v1/me?x=1' }))).status).toBe(200);
  });
});
