import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeCredential } from '../../src/authority/remove-credential.ts';
import { SoftAuthenticator } from '../support/soft-authenticator.ts';
import type { HttpScene } from './service.ts';
import { openHttp } from './service.ts';

const ID = 'A'.repeat(22);
const SECRET = 'A'.repeat(43);
const ASSERTION = { credentialId: 'AA', clientDataJSON: 'AA', authenticatorData: 'AA', signature: 'AA' };

/** Every POST with a body that has the right form, though it will be refused for what it says. */
const BODIES: Readonly<Record<string, Record<string, unknown>>> = {
  [`/v1/requests/${ID}/touch`]: { speaker: { pollSecret: SECRET }, assertion: ASSERTION },
  [`/v1/requests/${ID}/result`]: { pollSecret: SECRET },
  [`/v1/requests/${ID}/page`]: {},
  [`/v1/requests/${ID}/code`]: { pageSecret: SECRET, code: 'AAAA-AAAA' },
  [`/v1/requests/${ID}/loopback`]: { pollSecret: SECRET, pageSecret: SECRET },
  [`/v1/requests/${ID}/review`]: { pageSecret: SECRET },
  [`/v1/requests/${ID}/signature`]: { pollSecret: SECRET, draft: 0, signature: 'AA' },
  [`/v1/approvals/${ID}/view`]: { viewSecret: SECRET, person: 'carol' },
  [`/v1/approvals/${ID}/answer`]: {
    viewSecret: SECRET,
    person: 'carol',
    answer: 'approve',
    assertion: ASSERTION,
  },
  [`/v1/approvals/${ID}/signature`]: { viewSecret: SECRET, draft: 0, signature: 'AA' },
  '/v1/acts': { person: 'kim', act: { kind: 'retire-ca', purpose: 'login', key: `SHA256:${SECRET}` } },
  [`/v1/acts/${ID}/touch`]: { speaker: { pollSecret: SECRET }, assertion: ASSERTION },
  [`/v1/acts/${ID}/result`]: { pollSecret: SECRET },
  '/v1/certificates/4711/revoke': { reason: 'lost' },
  '/v1/enrolments': { invite: SECRET },
  [`/v1/enrolments/${ID}/offer`]: {
    pollSecret: SECRET,
    credential: { kind: 'ssh-sk', label: 'key', publicKey: 'AA' },
  },
  [`/v1/enrolments/${ID}/confirm`]: { pollSecret: SECRET, assertion: ASSERTION },
};

describe('a body is refused', () => {
  let service: HttpScene;
  beforeAll(async () => {
    service = await openHttp();
    BODIES_WITH_ASK['/v1/requests'] = service.askBody('alice');
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const BODIES_WITH_ASK: Record<string, Record<string, unknown>> = { ...BODIES, '/v1/requests': {} };
  const urls = Object.keys(BODIES_WITH_ASK);

  it.for(urls)('%s: not with the form that the contract gives', async (url) => {
    const { status, json } = await service.post(url, BODIES_WITH_ASK[url]);
    expect(json['code']).not.toBe('bad-request');
    expect(status).not.toBe(500);
  });

  it.for(urls)('%s: with a property that the contract does not know', async (url) => {
    const { status, json } = await service.post(url, { ...BODIES_WITH_ASK[url], admin: true });
    expect({ status, code: json['code'] }).toEqual({ status: 400, code: 'bad-request' });
  });

  it.for(['\u001b[2J', 'a\nb', '\u009b2J', '\u007f', 'a\u2028b', '\u202egpj', '\u2066x', '\u200fx'])(
    'a label that would steer the terminal of the keeper: %j',
    async (label) => {
      const url = `/v1/enrolments/${ID}/offer`;
      const offer = (text: string) =>
        service.post(url, {
          pollSecret: SECRET,
          credential: { kind: 'ssh-sk', label: text, publicKey: 'AA' },
        });
      expect((await offer(label)).json['code']).toBe('bad-request');
      expect((await offer('Schlüssel 🔑 («blau»)')).json['code']).not.toBe('bad-request');
    },
  );

  it.for(urls.filter((url) => !url.endsWith('/page')))(
    '%s: with any property missing or of another type',
    async (url) => {
      const body = BODIES_WITH_ASK[url] ?? {};
      for (const name of Object.keys(body)) {
        const { [name]: value, ...rest } = body;
        for (const wrong of [
          rest,
          { ...rest, [name]: null },
          { ...rest, [name]: typeof value === 'number' ? '0' : 7 },
          ...(typeof value === 'number'
            ? [
                { ...rest, [name]: -1 },
                { ...rest, [name]: 0.5 },
              ]
            : []),
          { ...rest, [name]: [value] },
        ]) {
          const { status, json } = await service.post(url, wrong);
          expect({ status, code: json['code'], wrong }).toEqual({ status: 400, code: 'bad-request', wrong });
        }
      }
    },
  );

  it.for([
    ['a number as text', { lifetime: '3600' }],
    ['a negative lifetime', { lifetime: -1 }],
    ['half a second', { lifetime: 3600.5 }],
    ['another purpose', { purpose: 'sudo' }],
    ['a login with a comma', { logins: ['alice,root'] }],
    ['no logins', { logins: [] }],
    ['too many logins', { logins: Array.from({ length: 65 }, (_, n) => `a${n}`) }],
    ['a key that is no base64url', { key: 'AAA=' }],
    ['a property of ours', { draft: 'AA' }],
  ] as const)('/v1/requests: %s', async ([, changes]) => {
    const { person, certificates } = service.askBody('alice');
    const body = { person, certificates: [{ ...certificates[0], ...changes }] };
    expect((await service.post('/v1/requests', body)).status).toBe(400);
  });

  it('/v1/requests: nine certificates at once', async () => {
    const { person, certificates } = service.askBody('alice');
    const body = { person, certificates: Array.from({ length: 9 }, () => certificates[0]) };
    expect((await service.post('/v1/requests', body)).json['code']).toBe('bad-request');
  });

  it('that has bytes in a spelling that is not the only one', async () => {
    const { person, certificates } = service.askBody('alice');
    const body = { person, certificates: [{ ...certificates[0], key: 'AB' }] };
    expect((await service.post('/v1/requests', body)).json['code']).toBe('bad-request');
  });

  it.for([
    ['text that is no JSON', '{'],
    ['two values', '{} {}'],
    ['nothing', ''],
    ['a list', '[]'],
    ['JSON 50,000 deep', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['a prototype', '{"__proto__": {"pollSecret": "x"}}'],
    ['a constructor', '{"constructor": {"prototype": {"x": 1}}}'],
  ] as const)('of %s', async ([, text]) => {
    const { status } = await service.post(`/v1/requests/${ID}/result`, text);
    expect(status).toBe(400);
  });

  it('that is too large, before it is read', async () => {
    const { status, json } = await service.post('/v1/requests', `{"person":"${'a'.repeat(140_000)}"}`);
    expect({ status, code: json['code'] }).toEqual({ status: 413, code: 'too-large' });
  });

  it.for(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'multipart/form-data'])(
    'of type %s: no form of another site can send it',
    async (type) => {
      const { status, json } = await service.send({
        method: 'POST',
        url: `/v1/requests/${ID}/result`,
        headers: { 'content-type': type },
        payload: JSON.stringify({ pollSecret: SECRET }),
      });
      expect({ status, code: json['code'] }).toEqual({ status: 415, code: 'unsupported-media-type' });
    },
  );

  it.for([
    '/v1/requests/short/result',
    `/v1/requests/${'A'.repeat(23)}/result`,
    `/v1/requests/${'.'.repeat(22)}/result`,
  ])('for the address %s', async (url) => {
    expect((await service.post(url, { pollSecret: SECRET })).status).toBe(400);
  });

  it.for([
    '',
    '?from=',
    '?from=-1',
    '?from=1e3',
    '?from=01',
    '?from=0&from=1',
    '?from=0&x=1',
    '?from=99999999999999999',
  ])('/v1/log/consistency%s', async (query) => {
    expect((await service.get(`/v1/log/consistency${query}`)).json['code']).toBe('bad-request');
  });
});

describe('over HTTP', () => {
  it('the whole cycle: ask, touch, fetch again', async () => {
    await using service = await openHttp();
    const alice = await service.scene.enrol('alice');
    const { request, pollSecret } = await service.ask('alice');
    const url = `/v1/requests/${request.id}`;
    const waiting = await service.post(`${url}/result`, { pollSecret });
    expect(waiting.json).toEqual({ state: 'pending' });
    const assertion = service.scene.assertion(request, alice);
    const touched = await service.post(`${url}/touch`, { speaker: { pollSecret }, assertion });
    expect(touched).toMatchObject({ status: 200, json: { state: 'issued' } });
    const again = await service.post(`${url}/result`, { pollSecret });
    expect(again.json['certificates']).toEqual(touched.json['certificates']);
    const seenSize = 1_000_000;
    const ahead = await service.post(`${url}/result`, { pollSecret, seenSize });
    expect(ahead.json).toMatchObject({ consistencyProof: [] });
  });

  it('a page gets no certificate, only whether it worked', async () => {
    await using service = await openHttp();
    const alice = await service.scene.enrol('alice');
    const { request, pollSecret } = await service.ask('alice');
    const url = `/v1/requests/${request.id}`;
    const page = await service.post(`${url}/page`, {});
    expect(Object.keys(page.json).sort()).toEqual(
      ['askedFrom', 'createdAt', 'expiresAt', 'openedFrom', 'pageSecret'].sort(),
    );
    const pageSecret = String(page.json['pageSecret']);
    expect((await service.post(`${url}/review`, { pageSecret })).json['code']).toBe('page-not-proven');
    expect((await service.post(`${url}/loopback`, { pollSecret, pageSecret })).json).toEqual({});
    const review = await service.post(`${url}/review`, { pageSecret });
    expect(review.json).toMatchObject({ person: 'alice', proof: 'loopback' });
    expect(review.text).not.toContain(pollSecret);
    const assertion = service.scene.assertion(request, alice);
    const touched = await service.post(`${url}/touch`, { speaker: { pageSecret }, assertion });
    expect(touched.json).toEqual({ state: 'touched' });
  });

  it('known and unknown people have answers of one form and size', async () => {
    await using service = await openHttp();
    await service.scene.enrol('alice');
    const shape = ({ status, json }: Awaited<ReturnType<HttpScene['post']>>) => ({
      status,
      names: Object.keys(json),
      drafts: (json['drafts'] as string[]).map(({ length }) => length),
    });
    const options = { logins: ['deploy'] };
    const known = await service.post('/v1/requests', service.askBody('alice', options));
    const carol = await service.post('/v1/requests', service.askBody('carol', options));
    expect(shape(known)).toEqual(shape(carol));
    const names = Array.from({ length: 20 }, (_, n) => `nob${String(n).padStart(2, '0')}`);
    const strangers = await Promise.all(
      names.map((name) => service.post('/v1/requests', service.askBody(name, options))),
    );
    expect(strangers.map(shape)).toContainEqual(shape(known));
    const touches = [];
    for (const person of ['alice', 'nobody']) {
      const { request, pollSecret } = await service.ask(person);
      const assertion = service.scene.assertion(request, new SoftAuthenticator());
      const speaker = { pollSecret };
      const { json } = await service.post(`/v1/requests/${request.id}/touch`, { speaker, assertion });
      touches.push({ ...json, requestId: '' });
    }
    expect(touches[0]).toEqual(touches[1]);
  });

  it('a refusal after the touch says what the person may ask for', async () => {
    await using service = await openHttp();
    const alice = await service.scene.enrol('alice');
    const { request, pollSecret } = await service.ask('alice', { hosts: ['web2'] });
    const assertion = service.scene.assertion(request, alice);
    const refused = await service.post(`/v1/requests/${request.id}/touch`, {
      speaker: { pollSecret },
      assertion,
    });
    expect(refused).toMatchObject({
      status: 403,
      json: { code: 'host-not-allowed', access: { hosts: ['web1', 'db'] } },
    });
    await removeCredential(service.scene.authority, alice.credentialId, 'lost');
  });
});
