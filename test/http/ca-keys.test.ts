import { base64nopad, base64urlnopad } from '@scure/base';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { CaKeysReply } from '../../src/http/contract/ca-keys.ts';
import { KnownHosts } from '../../src/http/contract/known-hosts.ts';
import { KNOWN_HOSTS_NAMESPACE } from '../../src/ssh/bundle-namespace.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import {
  fingerprint,
  formatPublicKeyLine,
  parsePublicKeyLine,
  samePublicKey,
} from '../../src/ssh/public-key.ts';
import { verifySshsig } from '../../src/ssh/sshsig.ts';
import { KEEPERS } from '../authority/act-scene.ts';
import { enrolHost, revokeCa, stage } from '../authority/ca-scene.ts';
import { signedGet } from './caller.ts';
import type { HttpScene } from './service.ts';
import { openHttp } from './service.ts';

const DAY = 86_400;

async function openAs(person: string) {
  const service = await openHttp({ roster: KEEPERS });
  const toucher = await service.scene.enrol(person);
  const login = await service.scene.login(person, toucher);
  const get = (target: string) => service.get(target, signedGet(service.scene, login, target));
  return { service, login, toucher, get };
}

async function knownHosts({ scene }: HttpScene, reply: Record<string, unknown>): Promise<KnownHosts> {
  const [statement, signature] = ['statement', 'signature'].map((name) =>
    base64urlnopad.decode(String(reply[name])),
  );
  const proof = verifySshsig(
    signature ?? new Uint8Array(),
    KNOWN_HOSTS_NAMESPACE,
    statement ?? new Uint8Array(),
  );
  expect(proof.valid && samePublicKey(proof.key, scene.authority.bundleKey.publicKey)).toBe(true);
  return Value.Parse(KnownHosts, JSON.parse(new TextDecoder().decode(statement)));
}

describe('GET /v1/ca-keys', () => {
  it.for(['/v1/ca-keys', '/v1/known-hosts'])('(%s) is refused when nobody says who calls', async (url) => {
    await using service = await openHttp();
    expect(await service.get(url)).toMatchObject({ status: 401, json: { code: 'call-not-signed' } });
  });

  it('is refused to people without a right over the authority', async () => {
    const { service, get } = await openAs('alice');
    await using _ = service;
    expect(await get('/v1/ca-keys')).toMatchObject({ status: 403, json: { code: 'right-missing' } });
  });

  it.for(['kim', 'rita'])('tells %s, who has one, how keys and hosts stand', async (person) => {
    const { service, get } = await openAs(person);
    await using _ = service;
    const { scene } = service;
    const key = await stage(scene, 'login');
    await enrolHost(scene, 'db1', undefined, { lockedAt: scene.now });
    await enrolHost(scene, 'web1', [['login', key]]);
    const { status, json } = await get('/v1/ca-keys');
    expect(status).toBe(200);
    const { keys, hosts } = Value.Parse(CaKeysReply, json);
    const logins = keys.filter(({ purpose }) => purpose === 'login');
    expect(logins).toMatchObject([
      { key: formatPublicKeyLine(scene.caKey('login')), state: 'active', certificates: 1 },
      { state: 'coming', since: scene.now, publishedAt: scene.now, certificates: 0 },
    ]);
    expect(fingerprint(parsePublicKeyLine(logins[1]?.key ?? '').key)).toBe(key);
    expect(hosts).toMatchObject([
      { host: 'db1', lockedAt: scene.now },
      { host: 'web1', report: { receivedAt: scene.now, trusts: [{ purpose: 'login', key }] } },
    ]);
  });
});

describe('GET /v1/known-hosts', () => {
  it('names every host of the roster, and the CA keys that speak for hosts', async () => {
    const { service, get } = await openAs('alice');
    await using _ = service;
    const { scene } = service;
    const coming = await stage(scene, 'host');
    scene.pass(60);
    const known = await knownHosts(service, (await get('/v1/known-hosts')).json);
    expect(known).toMatchObject({
      authority: scene.authority.origin,
      number: scene.now,
      madeAt: scene.now,
      freshUntil: scene.now + 7 * DAY,
      hosts: [
        { name: 'web1', names: ['web1.example.org'] },
        { name: 'db1', names: ['db1.example.org'] },
      ],
      revokedCaKeys: [],
    });
    expect(known.caKeys.map(({ state }) => state)).toEqual(['active', 'coming']);
    expect(known.caKeys.map(({ key }) => fingerprint(parsePublicKeyLine(key).key))).toEqual([
      fingerprint(scene.caKey('host')),
      coming,
    ]);
  });

  it('names a revoked CA key of hosts as revoked, and nowhere else', async () => {
    const { service, get } = await openAs('alice');
    await using _ = service;
    const { scene } = service;
    const key = fingerprint(scene.caKey('host'));
    await revokeCa(scene, 'host', key);
    await revokeCa(scene, 'sudo', fingerprint(scene.caKey('sudo')));
    const known = await knownHosts(service, (await get('/v1/known-hosts')).json);
    expect(known.caKeys).toEqual([]);
    expect(known.revokedCaKeys).toEqual([formatPublicKeyLine(scene.caKey('host'))]);
    const { sha256Fingerprints } = decodeKrl(base64urlnopad.decode(known.krl));
    const listed = sha256Fingerprints.map((hash) => `SHA256:${base64nopad.encode(hash)}`);
    expect(listed).toContain(key);
  });
});

describe('a signed call', () => {
  it('with a certificate by a key that was replaced is answered until the key is revoked', async () => {
    const { service, get } = await openAs('alice');
    await using _ = service;
    const { scene } = service;
    await scene.replaceCaKey('login');
    expect((await get('/v1/me')).status).toBe(200);
    await revokeCa(scene, 'login', fingerprint(scene.caKey('login')));
    expect(await get('/v1/me')).toMatchObject({ status: 401, json: { code: 'call-refused' } });
  });
});
