import { base64urlnopad } from '@scure/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PendingAct } from '../../src/authority/records.ts';
import { actDigest } from '../../src/authority/request-digest.ts';
import { hashSecret } from '../../src/authority/secrets.ts';
import { touchCode } from '../../src/fido/touch-digest.ts';
import { decodeCertificate } from '../../src/ssh/certificate.ts';
import { assertionOver, KEEPERS } from '../authority/act-scene.ts';
import { signedPost } from './caller.ts';
import type { HttpScene } from './service.ts';
import { openHttp } from './service.ts';

const INVITE = {
  kind: 'invite-host',
  host: 'web1',
  tokenHash: base64urlnopad.encode(hashSecret('a token')),
};
const KEY = `SHA256:${'A'.repeat(43)}`;

async function find({ scene }: HttpScene, id: unknown): Promise<PendingAct> {
  const request = await scene.authority.store.read((tx) => tx.findRequest(String(id)));
  if (request?.action !== 'act') throw new Error('the act was not kept');
  return request;
}

async function openOffice() {
  const service = await openHttp({ roster: KEEPERS });
  const [kim, alice] = [await service.scene.enrol('kim'), await service.scene.enrol('alice')];
  const ask = async (person: string, act: object) => {
    const { json } = await service.post('/v1/acts', { person, act });
    return { id: json['requestId'], pollSecret: json['pollSecret'], json };
  };
  return { service, kim, alice, ask, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

describe('POST /v1/acts refuses', () => {
  let service: HttpScene;
  beforeAll(async () => {
    service = await openHttp({ roster: KEEPERS });
  });
  afterAll(() => service[Symbol.asyncDispose]());

  it.for([
    ['a kind that is none', { kind: 'issue' }],
    ['a token of another length', { ...INVITE, tokenHash: 'AAAA' }],
    ['a host with capitals', { ...INVITE, host: 'WEB1' }],
    ['a target that is none', { kind: 'revoke', target: { kind: 'role', name: 'x' }, reason: 'lost' }],
    ['no reason', { kind: 'revoke', target: { kind: 'person', name: 'bob' }, reason: '' }],
    ['serial 0', { kind: 'revoke', target: { kind: 'serial', name: '0' }, reason: 'lost' }],
    ['hosts out of order', { kind: 'activate-ca', purpose: 'login', key: KEY, evenWithout: ['b', 'a'] }],
    ['a purpose that is none', { kind: 'retire-ca', purpose: 'mail', key: KEY }],
    ['more than the contract has', { ...INVITE, admin: true }],
  ] as const)('%s', async ([, act]) => {
    const { status, json } = await service.post('/v1/acts', { person: 'kim', act });
    expect({ status, code: json['code'] }).toEqual({ status: 400, code: 'bad-request' });
  });
});

describe('POST /v1/acts', () => {
  it('answers strangers as it answers keepers', async () => {
    await using office = await openOffice();
    const shape = async (person: string) => {
      const { json } = await office.ask(person, INVITE);
      const { requestId: _r, pollSecret: _p, nonce: _n, credentialIds, ...rest } = json;
      return { ...rest, ids: Array.isArray(credentialIds), keys: Object.keys(json).sort() };
    };
    const known = await shape('kim');
    for (const person of ['alice', 'nobody']) expect(await shape(person)).toEqual(known);
  });

  it('is done by a touch, told to the command, and told again', async () => {
    await using office = await openOffice();
    const { service, kim, ask } = office;
    const { id, pollSecret } = await ask('kim', INVITE);
    const url = `/v1/acts/${id}`;
    expect((await service.post(`${url}/result`, { pollSecret })).json).toEqual({ state: 'pending' });
    const assertion = assertionOver(service.scene, await find(service, id), kim);
    const touched = await service.post(`${url}/touch`, { speaker: { pollSecret }, assertion });
    const done = {
      state: 'done',
      result: { kind: 'host-invited', host: 'web1', expiresAt: service.scene.now + 3600 },
    };
    expect(touched).toMatchObject({ status: 200, json: done });
    expect((await service.post(`${url}/result`, { pollSecret })).json).toEqual(done);
    expect((await service.post(`${url}/touch`, { speaker: { pollSecret }, assertion })).json).toEqual(done);
  });

  it('is refused after the touch, with the reason', async () => {
    await using office = await openOffice();
    const { service, alice, ask } = office;
    const { id, pollSecret } = await ask('alice', INVITE);
    const assertion = assertionOver(service.scene, await find(service, id), alice);
    const touched = await service.post(`/v1/acts/${id}/touch`, { speaker: { pollSecret }, assertion });
    expect(touched).toMatchObject({ status: 403, json: { code: 'right-missing' } });
    expect(touched.json).not.toHaveProperty('access');
  });

  it('is answered in a page, which sees the act and is told no result', async () => {
    await using office = await openOffice();
    const { service, kim, ask } = office;
    const { id, pollSecret } = await ask('kim', INVITE);
    const request = await find(service, id);
    const { json: page } = await service.post(`/v1/requests/${id}/page`, {});
    const { pageSecret } = page;
    const code = touchCode(actDigest(service.scene.authority.origin, request));
    const { json } = await service.post(`/v1/requests/${id}/code`, { pageSecret, code });
    expect(json).toMatchObject({ person: 'kim', act: INVITE, nonce: base64urlnopad.encode(request.nonce) });
    expect(json).not.toHaveProperty('drafts');
    expect((await service.post(`/v1/requests/${id}/review`, { pageSecret })).json).toEqual(json);
    const assertion = assertionOver(service.scene, request, kim);
    const speaker = { pageSecret };
    expect((await service.post(`/v1/acts/${id}/touch`, { speaker, assertion })).json).toEqual({
      state: 'touched',
    });
    expect((await service.post(`/v1/acts/${id}/result`, { pollSecret })).json['state']).toBe('done');
  });

  it('shows the page exactly what was asked, of every kind', async () => {
    await using office = await openOffice();
    const { service, ask } = office;
    for (const act of [
      { kind: 'stage-ca', purpose: 'login', key: '' },
      { kind: 'activate-ca', purpose: 'login', key: KEY, evenWithout: ['db1', 'web1'] },
      { kind: 'retire-ca', purpose: 'host', key: KEY },
      { kind: 'revoke-ca', purpose: 'sudo', key: KEY, reason: 'stolen' },
      { kind: 'revoke', target: { kind: 'key', name: KEY }, reason: 'stolen' },
    ]) {
      const { id } = await ask('kim', act);
      const { json: page } = await service.post(`/v1/requests/${id}/page`, {});
      const code = touchCode(actDigest(service.scene.authority.origin, await find(service, id)));
      const { pageSecret } = page;
      expect((await service.post(`/v1/requests/${id}/code`, { pageSecret, code })).json['act']).toEqual(act);
    }
  });
});

describe('POST /v1/certificates/:serial/revoke', () => {
  async function signedIn() {
    const office = await openOffice();
    const { service, alice } = office;
    const login = await service.scene.login('alice', alice);
    const { serial } = decodeCertificate(login.certificate).fields;
    const target = `/v1/certificates/${serial}/revoke`;
    const send = (body: object, headers: Record<string, string>, url = target) =>
      service.send({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json', ...headers },
        payload: JSON.stringify(body),
      });
    return { service, login, serial, target, send, [Symbol.asyncDispose]: office[Symbol.asyncDispose] };
  }

  it('is refused without a signature, with one over another body, and for another certificate', async () => {
    await using caller = await signedIn();
    const { service, login, serial, target, send } = caller;
    const { scene } = service;
    const body = { reason: 'lost' };
    expect(await send(body, {})).toMatchObject({ status: 401, json: { code: 'call-not-signed' } });
    const other = signedPost(scene, login, target, { reason: 'found' });
    expect(await send(body, other)).toMatchObject({ status: 401, json: { code: 'call-refused' } });
    const spaced = signedPost(scene, login, target, body);
    const respelt = await service.send({
      method: 'POST',
      url: target,
      headers: { 'content-type': 'application/json', ...spaced },
      payload: JSON.stringify(body, null, 1),
    });
    expect(respelt.json['code']).toBe('call-refused');
    const bob = await scene.login('bob', await scene.enrol('bob'));
    expect(await send(body, signedPost(scene, bob, target, body))).toMatchObject({
      status: 404,
      json: { code: 'nothing-to-revoke' },
    });
    expect(
      await scene.authority.store.read(async (tx) => (await tx.revocationCause(serial)) !== undefined),
    ).toBe(false);
  });

  it('ends a certificate of the own, which then makes no calls any more', async () => {
    await using caller = await signedIn();
    const { service, login, target, send } = caller;
    const body = { reason: '' };
    const headers = signedPost(service.scene, login, target, body);
    expect((await send(body, headers)).status).toBe(204);
    expect((await send(body, headers)).json['code']).toBe('call-refused');
    const again = signedPost(service.scene, login, target, body);
    expect(await send(body, again)).toMatchObject({ status: 401, json: { code: 'call-refused' } });
  });
});

describe('GET /v1/krl/:purpose', () => {
  it('is a KRL with a strong tag, and is not sent again to who has it', async () => {
    await using office = await openOffice();
    const { service, alice } = office;
    expect((await service.get('/v1/krl/mail')).status).toBe(400);
    const first = await service.get('/v1/krl/login');
    const { etag } = first.headers;
    expect(first).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/octet-stream', 'cache-control': 'no-cache' },
    });
    expect(String(etag)).toMatch(/^"[A-Za-z0-9_-]{43}"$/);
    expect(first.text.startsWith('SSHKRL\n')).toBe(true);
    for (const known of [String(etag), `W/${etag}`, `"x", ${etag}`, '*']) {
      const { status, text, headers } = await service.get('/v1/krl/login', { 'if-none-match': known });
      expect({ status, text, etag: headers.etag }, known).toEqual({ status: 304, text: '', etag });
    }
    const login = await service.scene.login('alice', alice);
    const { serial } = decodeCertificate(login.certificate).fields;
    const target = `/v1/certificates/${serial}/revoke`;
    const payload = JSON.stringify({ reason: 'lost' });
    const headers = signedPost(service.scene, login, target, { reason: 'lost' });
    await service.send({
      method: 'POST',
      url: target,
      headers: { 'content-type': 'application/json', ...headers },
      payload,
    });
    const second = await service.get('/v1/krl/login', { 'if-none-match': String(etag) });
    expect(second.status).toBe(200);
    expect(second.headers.etag).not.toBe(etag);
  });
});
