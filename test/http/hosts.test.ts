/** What hosts send and get over HTTP: documents in a media type of their own, and problem documents like everybody. */
import { base64urlnopad } from '@scure/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpackFiles } from '../../src/fleet/host/archive.ts';
import { openBundleStatement } from '../../src/fleet/host/bundle-statement.ts';
import { parseCertificatesReply } from '../../src/fleet/host/certificates-reply.ts';
import type { SudoCaStatement } from '../../src/fleet/sudo-ca-statement.ts';
import { CALL_NAMESPACE, callHeaders, callMessage } from '../../src/ssh/signed-call.ts';
import { signSshsig } from '../../src/ssh/sshsig.ts';
import { newKey } from '../authority/scene.ts';
import { sudoRoster } from '../authority/sudo-scene.ts';
import { leafKinds, TestHost } from '../authority/test-host.ts';
import { signedText, stated } from '../fleet/statements.ts';
import { generateSecurityKey } from '../support/keys.ts';
import type { HttpScene } from './service.ts';
import { openHttp } from './service.ts';

const MEDIA_TYPE = 'application/x-usher-host';

function send(service: HttpScene, url: string, payload: string, type = MEDIA_TYPE) {
  return service.send({ method: 'POST', url, headers: { 'content-type': type }, payload });
}

async function openWithHost() {
  const service = await openHttp();
  const host = await TestHost.enrolled(service.scene, 'web1');
  return { service, host, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

describe('a host', () => {
  it('enrols, fetches and reports', async () => {
    await using service = await openHttp();
    const host = await TestHost.invited(service.scene, 'web1');
    const enrolled = await send(service, '/v1/hosts/certificates', host.body());
    expect(enrolled).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    });
    expect(parseCertificatesReply(enrolled.text)).toMatchObject({ host: 'web1', generation: 1 });

    const bundle = await send(service, '/v1/hosts/bundle', host.fetch());
    expect(bundle).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' } });
    const { filesHash, filesSize } = openBundleStatement(
      bundle.text,
      service.scene.authority.bundleKey.publicKey,
    );

    const files = await service.http.inject({
      method: 'POST',
      url: `/v1/hosts/files/${filesHash}`,
      headers: { 'content-type': MEDIA_TYPE },
      payload: host.fetch(),
    });
    expect(files).toMatchObject({ statusCode: 200, headers: { 'content-type': 'application/x-tar' } });
    expect(files.rawPayload).toHaveLength(filesSize);
    expect(Object.keys(unpackFiles(new Uint8Array(files.rawPayload)))).toContain('login_ca.pub');

    expect(await send(service, '/v1/hosts/report', host.report())).toMatchObject({ status: 204, text: '' });
  });

  it('is told what is wrong as everybody is', async () => {
    await using opened = await openWithHost();
    const { service, host } = opened;
    const wrong = `/v1/hosts/files/${'0'.repeat(64)}`;
    expect(await send(service, wrong, host.fetch())).toMatchObject({
      status: 409,
      headers: { 'content-type': expect.stringContaining('application/problem+json') },
      json: { code: 'bundle-changed' },
    });
    const late = host.fetch({ time: service.scene.now - 400 });
    expect(await send(service, '/v1/hosts/bundle', late)).toMatchObject({
      status: 400,
      json: { code: 'clock-skew' },
    });
    const other = host.fetch({}, newKey());
    expect(await send(service, '/v1/hosts/bundle', other)).toMatchObject({
      status: 401,
      json: { code: 'host-call-refused' },
    });
  });

  it('rings the bell: a warning in the log, and a number to watch', async () => {
    await using opened = await openWithHost();
    const { service, host } = opened;
    await send(service, '/v1/hosts/report', host.report({ seen: [{ purpose: 'sudo', serial: 4711n }] }));
    const copy = host.copy();
    await send(service, '/v1/hosts/certificates', host.body());
    expect(await send(service, '/v1/hosts/certificates', copy.body())).toMatchObject({
      status: 403,
      json: { code: 'machine-locked' },
    });
    const { text } = await service.get('/metrics');
    expect(text).toContain('usher_alarms_total{what="unknown-serial"} 1');
    expect(text).toContain('usher_alarms_total{what="machine-locked"} 1');
    const warnings = service.log.split('\n').filter((line) => line.includes('"ALARM"'));
    expect(warnings.map((line) => JSON.parse(line))).toMatchObject([
      { level: 40, alarm: 'unknown-serial', host: 'web1', detail: 'sudo 4711' },
      { level: 40, alarm: 'machine-locked', host: 'web1' },
    ]);
    expect(text).not.toContain('web1');
  });

  it('has no secret in the log of the service', async () => {
    await using service = await openHttp();
    const host = await TestHost.invited(service.scene, 'web1');
    const token = host.state.secret;
    const body = host.body();
    await send(service, '/v1/hosts/certificates', body);
    await send(service, '/v1/hosts/certificates', body.replace('usher', 'Usher'));
    await send(service, '/v1/hosts/certificates', `${body}x`);
    const copy = host.copy();
    await send(service, '/v1/hosts/certificates', copy.body());
    for (const secret of [token, host.pending, copy.pending]) expect(service.log).not.toContain(secret);
  });
});

describe.each([
  '/v1/hosts/certificates',
  '/v1/hosts/bundle',
  `/v1/hosts/files/${'0'.repeat(64)}`,
  '/v1/hosts/report',
])('%s', (url) => {
  let service: HttpScene;
  beforeAll(async () => {
    service = await openHttp();
  });
  afterAll(() => service[Symbol.asyncDispose]());

  it.for(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
    'reads no %s, which pages of other sites may send or others read otherwise',
    async (type) => {
      expect(await send(service, url, '{}', type)).toMatchObject({
        status: 415,
        json: { code: 'unsupported-media-type' },
      });
    },
  );

  it('takes no body that is longer than its document can be', async () => {
    expect((await send(service, url, 'x'.repeat(65_537))).status).toBe(413);
    expect(await send(service, url, 'x'.repeat(60_000))).toMatchObject({
      status: 400,
      json: { code: 'bad-request' },
    });
  });

  it.for(['', 'x', 'usher host fetch v1\n', 'usher host report v1\n\0', 'secret \u{1f511}\n'])(
    'answers %j as a refusal, not as a failure',
    async (body) => {
      const { status } = await send(service, url, body);
      expect([400, 401]).toContain(status);
    },
  );

  it('adds nothing to the log or the store, whatever strangers send', async () => {
    const before = await leafKinds(service.scene);
    const stranger = new TestHost(service.scene, 'web1', [newKey()], {
      generation: 2,
      secret: 'A'.repeat(43),
    });
    for (const body of [stranger.body(), stranger.fetch(), stranger.report()]) await send(service, url, body);
    expect(await leafKinds(service.scene)).toEqual(before);
  });
});

describe('POST /v1/sudo-ca-statement', () => {
  const CAROL = generateSecurityKey('sk-ssh-ed25519@openssh.com');
  const STATEMENT: SudoCaStatement = {
    authority: 'https://ca.example.org',
    number: 5,
    madeAt: 1_800_000_000,
    everywhere: false,
    keys: [stated(CAROL.publicKey)],
  };
  const TARGET = '/v1/sudo-ca-statement';

  async function openKeyless() {
    const service = await openHttp({
      roster: sudoRoster({ caKeys: { carol: CAROL.publicKey } }),
      signers: { sudo: 'touch' },
    });
    const { key, certificate } = await service.scene.login('alice', await service.scene.enrol('alice'));
    const publish = (body: string, signedBody = body) => {
      const nonce = base64urlnopad.encode(crypto.getRandomValues(new Uint8Array(16)));
      const { origin } = service.scene.authority;
      const time = service.scene.now;
      const call = { origin, method: 'POST', target: TARGET, certificate, time, nonce };
      const message = callMessage({ ...call, body: new TextEncoder().encode(signedBody) });
      const signature = signSshsig(key, CALL_NAMESPACE, message);
      const headers = { 'content-type': 'application/json', ...callHeaders({ ...call, signature }) };
      return service.send({ method: 'POST', url: TARGET, headers, payload: body });
    };
    return { service, publish, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
  }

  const good = JSON.stringify({ statement: signedText(STATEMENT, CAROL) });

  it('takes a statement in a signed call', async () => {
    await using opened = await openKeyless();
    expect(await opened.publish(good)).toMatchObject({ status: 204, text: '' });
    expect(await leafKinds(opened.service.scene)).toContain('sudo-statement');
    expect(await opened.publish(good)).toMatchObject({ status: 204 });
  });

  it('covers the body with the signature', async () => {
    await using opened = await openKeyless();
    for (const signed of [`${good} `, '', '{}'])
      expect(await opened.publish(good, signed)).toMatchObject({
        status: 401,
        json: { code: 'call-refused' },
      });
    expect(await leafKinds(opened.service.scene)).not.toContain('sudo-statement');
  });

  it('takes none from strangers, and none that hosts would refuse', async () => {
    await using opened = await openKeyless();
    const { service, publish } = opened;
    expect(await service.post(TARGET, good)).toMatchObject({
      status: 401,
      json: { code: 'call-not-signed' },
    });
    const text = signedText({ ...STATEMENT, authority: 'https://evil.example' }, CAROL);
    expect(await publish(JSON.stringify({ statement: text }))).toMatchObject({
      status: 403,
      json: { code: 'statement-refused' },
    });
    expect(await publish('{"statement":"","__proto__":{}}')).toMatchObject({ status: 400 });
    expect(await publish('{"statement":"x","more":1}')).toMatchObject({ status: 400 });
  });
});
