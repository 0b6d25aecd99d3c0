import { describe, expect, it } from 'vitest';
import { LOOPBACK_NETWORKS } from '../../src/policy/network.ts';
import { caSigner } from '../authority/scene.ts';
import { stagedSigner } from '../authority/stage.ts';
import type { ServiceOptions } from './service.ts';
import { openHttp } from './service.ts';

describe('every answer', () => {
  it.for([
    '/healthz',
    '/v1/bundle',
    '/nothing',
    '/v1/me',
    '/metrics',
    '/openapi.json',
    '/readyz',
    '/v1/log/checkpoint',
  ])('of %s forbids scripts of others, frames and copies', async (url) => {
    await using service = await openHttp();
    const { headers } = await service.get(url);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:\/\/\*|data:/);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'strict-transport-security': expect.stringContaining('max-age=31536000'),
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(headers).not.toHaveProperty('x-powered-by');
  });

  it('of another site has no preflight that allows it', async () => {
    await using service = await openHttp();
    const { status, headers } = await service.send({
      method: 'OPTIONS',
      url: '/v1/requests',
      headers: { origin: 'https://evil.example.org', 'access-control-request-method': 'POST' },
    });
    expect(status).toBe(404);
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('a network that fetches whole revocation lists too often', () => {
  it('is told to wait for the next, and neither what is known to it nor anybody else is', async () => {
    await using service = await openHttp();
    const fetch = (remoteAddress: string, headers: Record<string, string> = {}, purpose = 'login') =>
      service.send({ method: 'GET', url: `/v1/krl/${purpose}`, remoteAddress, headers });
    const known = String((await fetch('192.0.2.1')).headers['etag']);
    for (let count = 0; count < 50; count += 1)
      expect(await fetch('192.0.2.1', { 'if-none-match': known })).toMatchObject({ status: 304 });
    for (let count = 1; count < 20; count += 1)
      expect(await fetch('192.0.2.1')).toMatchObject({ status: 200 });
    for (const purpose of ['login', 'host']) {
      const refused = await fetch('192.0.2.1', {}, purpose);
      expect(refused).toMatchObject({ status: 429, json: { code: 'too-many-requests' } });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(await fetch('192.0.2.1', { 'if-none-match': known })).toMatchObject({ status: 304 });
    expect(await service.send({ method: 'GET', url: '/healthz', remoteAddress: '192.0.2.1' })).toMatchObject({
      status: 200,
    });
    expect(await fetch('192.0.2.2')).toMatchObject({ status: 200 });
  });
});

describe('a network that asks too often', () => {
  it('is told to wait, and no other one is', async () => {
    await using service = await openHttp({ requestsPerMinute: 3 });
    const from = (remoteAddress: string) =>
      service.send({ method: 'GET', url: '/healthz', remoteAddress }).then(({ status }) => status);
    for (let count = 0; count < 3; count += 1) expect(await from('192.0.2.1')).toBe(200);
    expect(await from('192.0.2.1')).toBe(429);
    expect(await from('192.0.2.2')).toBe(200);
  });

  it('is one /64 of IPv6, however its addresses are written', async () => {
    await using service = await openHttp({ requestsPerMinute: 3 });
    const from = (remoteAddress: string) =>
      service.send({ method: 'GET', url: '/healthz', remoteAddress }).then(({ status }) => status);
    for (const address of ['2001:db8::1', '2001:db8:0:0:1::', '2001:db8:0::ffff:1'])
      expect(await from(address)).toBe(200);
    expect(await from('2001:db8::2')).toBe(429);
    expect(await from('2001:db8:0:1::2')).toBe(200);
  });

  it('gets a problem document', async () => {
    await using service = await openHttp({ requestsPerMinute: 1 });
    await service.get('/healthz');
    const { status, json, headers } = await service.get('/healthz');
    expect({ status, code: json['code'] }).toEqual({ status: 429, code: 'too-many-requests' });
    expect(headers['retry-after']).toBeDefined();
  });
});

describe('X-Forwarded-For', () => {
  const asking = async (trustedProxies: readonly string[], remoteAddress: string) => {
    await using service = await openHttp({ trustedProxies });
    const { json } = await service.send({
      method: 'POST',
      url: '/v1/requests',
      remoteAddress,
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.9, 198.51.100.7' },
      payload: JSON.stringify(service.askBody('alice')),
    });
    const request = await service.scene.authority.store.read((tx) =>
      tx.findRequest(String(json['requestId'])),
    );
    return request?.askedFrom;
  };

  it('is not believed where no proxy is trusted', async () => {
    expect(await asking([], '192.0.2.1')).toBe('192.0.2.1');
  });

  it('is not believed from somebody who is none of the trusted proxies', async () => {
    expect(await asking(['192.0.2.0/24'], '198.51.100.1')).toBe('198.51.100.1');
  });

  it('is believed from a trusted proxy, for the hop before it only', async () => {
    expect(await asking(['192.0.2.0/24'], '192.0.2.1')).toBe('198.51.100.7');
  });
});

describe('/readyz', () => {
  it('says yes when all parts work', async () => {
    await using service = await openHttp();
    expect(await service.get('/readyz')).toMatchObject({ status: 200, json: { ready: true } });
  });

  it.for([
    ['does not sign', () => Promise.reject(new Error('gone'))],
    ['signs with another key', (message: Uint8Array) => caSigner().sign(message)],
  ] as const)('says no when a CA key %s, and yes again afterwards', async ([, instead]) => {
    const signer = stagedSigner();
    await using service = await openHttp({ signers: { sudo: signer } });
    signer.instead = instead;
    const { status, json } = await service.get('/readyz');
    expect({ status, ready: json['ready'] }).toEqual({ status: 503, ready: false });
    expect(json['checks']).toContainEqual({ name: 'ca-sudo', ok: false });
    signer.instead = undefined;
    service.scene.pass(5);
    expect((await service.get('/readyz')).status).toBe(200);
  });

  it('says no when the store is gone, while /healthz says that the process lives', async () => {
    await using service = await openHttp();
    await service.scene.authority.store.close();
    expect((await service.get('/readyz')).status).toBe(503);
    expect((await service.get('/healthz')).status).toBe(200);
  });

  it('costs one check however often it is asked', async () => {
    const signer = stagedSigner();
    await using service = await openHttp({ signers: { host: signer } });
    await Promise.all(Array.from({ length: 20 }, () => service.get('/readyz')));
    expect(signer.calls()).toBe(1);
  });
});

it('/metrics counts, and names nobody', async () => {
  await using service = await openHttp();
  const alice = await service.scene.enrol('alice');
  for (const hosts of [['web1'], ['web2']]) {
    const { request, pollSecret } = await service.ask('alice', { hosts });
    const assertion = service.scene.assertion(request, alice);
    await service.post(`/v1/requests/${request.id}/touch`, { speaker: { pollSecret }, assertion });
  }
  const { text } = await service.get('/metrics');
  expect(text).toContain('usher_requests_issued_total 1');
  expect(text).toContain('usher_touches_refused_total{code="host-not-allowed"} 1');
  expect(text).toContain('usher_log_leaves 4');
  expect(text).toContain('usher_break_glass_certificates 0');
  expect(text).not.toMatch(/alice|web1|192\.|127\./);
});

describe('/metrics', () => {
  const asking = async (options: ServiceOptions, remoteAddress: string, forwardedFor?: string) => {
    await using service = await openHttp(options);
    const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
    const { status } = await service.send({ method: 'GET', url: '/metrics', remoteAddress, headers });
    return status;
  };
  const ofMachine = { metricsFrom: LOOPBACK_NETWORKS };

  it.for(['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1', '128.0.0.1'])(
    'is nothing to %s',
    async (address) => {
      expect(await asking(ofMachine, address)).toBe(404);
    },
  );

  it('is nothing to whoever comes through a trusted proxy on the machine', async () => {
    expect(await asking({ ...ofMachine, trustedProxies: ['127.0.0.1'] }, '127.0.0.1', '192.0.2.1')).toBe(404);
  });

  it.for(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])(
    'answers the machine itself at %s',
    async (address) => {
      expect(await asking(ofMachine, address)).toBe(200);
    },
  );

  it('answers the networks of the setting, and then no others', async () => {
    const options = { metricsFrom: ['192.0.2.0/24'] };
    expect(await asking(options, '192.0.2.9')).toBe(200);
    expect(await asking(options, '127.0.0.1')).toBe(404);
    expect(await asking({ metricsFrom: [] }, '127.0.0.1')).toBe(404);
  });
});
