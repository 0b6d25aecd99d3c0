import { describe, expect, it } from 'vitest';
import type { Asked, CertificateQuestion } from '../../src/authority/ask.ts';
import { ask } from '../../src/authority/ask.ts';
import { decodeDraft } from '../../src/ssh/certificate.ts';
import { possessionMessage } from '../../src/ssh/possession.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import { signSshsig } from '../../src/ssh/sshsig.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { SoftSecurityKey } from '../support/soft-authenticator.ts';
import type { Scene } from './scene.ts';
import { newKey, openScene } from './scene.ts';
import { securityKeyQuestion } from './security-keys.ts';

function askWith(scene: Scene, ...certificates: readonly CertificateQuestion[]) {
  return codeOfAsync(ask(scene.authority, { person: 'alice', certificates, from: '192.0.2.1' }));
}

/** A question for `key` whose proof is made otherwise. */
function provenBy(
  scene: Scene,
  changes: Partial<{ origin: string; person: string; namespace: string; time: number }>,
  key = newKey(),
  signer = key,
): CertificateQuestion {
  const time = changes.time ?? scene.now;
  const message = possessionMessage({
    origin: changes.origin ?? scene.authority.origin,
    person: changes.person ?? 'alice',
    purpose: 'login',
    key: key.publicKey,
    time,
  });
  const signature = signSshsig(signer, changes.namespace ?? 'usher-possession', message);
  return { ...scene.question('alice', { key }), possession: { time, signature } };
}

describe('a question is refused', () => {
  it.for([
    ['of another authority', { origin: 'https://ca.example.com' }],
    ['of another person', { person: 'bob' }],
    ['made for another use', { namespace: 'usher-call' }],
    ['made for git', { namespace: 'git' }],
  ] as const)('when the proof of possession is one %s', async ([, changes]) => {
    await using scene = await openScene();
    expect(await askWith(scene, provenBy(scene, changes))).toBe('possession-not-proven');
  });

  it('when another key made the proof', async () => {
    await using scene = await openScene();
    expect(await askWith(scene, provenBy(scene, {}, newKey(), newKey()))).toBe('possession-not-proven');
  });

  it('when the proof is of another time than it says', async () => {
    await using scene = await openScene();
    const question = provenBy(scene, { time: scene.now - 1 });
    const possession = { ...question.possession, time: scene.now };
    expect(await askWith(scene, { ...question, possession })).toBe('possession-not-proven');
  });

  it('when the proof is no signature', async () => {
    await using scene = await openScene();
    const possession = { time: scene.now, signature: new Uint8Array(80) };
    expect(await askWith(scene, { ...scene.question('alice'), possession })).toBe('possession-not-proven');
  });

  it('when a security key made its proof without a touch', async () => {
    await using scene = await openScene();
    const key = new SoftSecurityKey();
    const untouched = securityKeyQuestion(scene, 'alice', key, { flags: 0 });
    expect(await askWith(scene, untouched)).toBe('possession-not-proven');
    expect(await askWith(scene, securityKeyQuestion(scene, 'alice', key))).toHaveProperty('accepted');
  });

  it.for([
    ['too old', -301, 'clock-skew'],
    ['from the future', 301, 'clock-skew'],
  ] as const)('when the proof is %s', async ([, offset, code]) => {
    await using scene = await openScene();
    expect(await askWith(scene, provenBy(scene, { time: scene.now + offset }))).toBe(code);
    const justInTime = scene.now + Math.sign(offset) * 300;
    expect(await askWith(scene, provenBy(scene, { time: justInTime }))).toHaveProperty('accepted');
  });

  it.for([
    ['bytes after it, which would become serial, principals and validity', (key: Uint8Array) => [...key, 0]],
    ['its last byte missing', (key: Uint8Array) => [...key.subarray(0, -1)]],
    ['no bytes at all', () => []],
  ] as const)('when the key has %s', async ([, change]) => {
    await using scene = await openScene();
    const question = scene.question('alice');
    expect(await askWith(scene, { ...question, key: Uint8Array.from(change(question.key)) })).toBe('bad-key');
  });

  it('when the key is a certificate', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const { certificate } = await scene.login('alice', alice);
    expect(await askWith(scene, { ...scene.question('alice'), key: certificate })).toBe('bad-key');
  });

  it.for([
    ['no login', { logins: [] }, 'malformed-request'],
    ['no host', { hosts: [] }, 'malformed-request'],
    ['a login twice', { logins: ['alice', 'alice'] }, 'malformed-request'],
    ['a list of principals in one login', { logins: ['alice,root'] }, 'malformed-request'],
    ['an account of ours', { logins: ['nix-builder'] }, 'malformed-request'],
    ['every host and one more', { hosts: ['*', 'web1'] }, 'malformed-request'],
    ['half a second', { lifetime: 3600.5 }, 'malformed-request'],
    ['a minute', { lifetime: 60 }, 'lifetime-too-short'],
    ['a week', { lifetime: 604_800 }, 'lifetime-too-long'],
    ['257 principals', { hosts: Array.from({ length: 257 }, (_, n) => `h${n}`) }, 'too-many-principals'],
  ] as const)('when it asks for %s, of strangers as of people we know', async ([, options, code]) => {
    await using scene = await openScene();
    for (const person of ['alice', 'nobody'])
      expect(await codeOfAsync(scene.ask(person, options))).toBe(code);
  });

  it('when one of its certificates could not be recorded in the log', async () => {
    await using scene = await openScene();
    const hosts = Array.from({ length: 256 }, (_, n) => `${n}.${Array(3).fill('h'.repeat(60)).join('.')}`);
    const options = { hosts, logins: ['a'.repeat(32)] };
    expect(await codeOfAsync(scene.ask('alice', options))).toBe('too-large-to-log');
  });

  it('before any roster was loaded', async () => {
    await using scene = await openScene({ roster: '' });
    expect(await codeOfAsync(scene.ask('alice'))).toBe('no-roster');
  });
});

describe('a draft', () => {
  it('says exactly what was asked and what policy mandates, from five minutes ago', async () => {
    await using scene = await openScene();
    const key = newKey();
    const asked = await scene.ask('bob', { key, logins: ['bob', 'root'], hosts: ['*'], lifetime: 4000 });
    const fields = decodeDraft(asked.request.certificates[0]?.drafts[0] ?? new Uint8Array());
    expect(encodePublicKey(fields.subject)).toEqual(encodePublicKey(key.publicKey));
    expect(fields).toMatchObject({
      type: 'user',
      keyId: `login:bob:${asked.request.id}`,
      principals: ['bob', 'root'],
      validAfter: BigInt(scene.now - 300),
      validBefore: BigInt(scene.now + 4000),
    });
    expect(fields.extensions.map(({ name }) => name)).toEqual(['permit-agent-forwarding', 'permit-pty']);
    expect(fields.criticalOptions.map(({ name }) => name)).toEqual(['source-address']);
    expect(encodePublicKey(fields.authority)).toEqual(encodePublicKey(scene.caKey('login')));
  });

  it('is not made again: what is touched is what was shown first', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    scene.pass(100);
    const issued = await scene.touch(asked, alice);
    expect(issued.certificates).toEqual(asked.request.certificates);
  });
});

describe('the pool of untouched requests', () => {
  const bounds = { pool: { total: 6, perAddress: 3 } };

  it('counts all addresses of one IPv6 network as one caller', async () => {
    await using scene = await openScene({ bounds });
    const alice = await scene.enrol('alice');
    const hers = await scene.ask('alice', { from: '2001:db8:0:1::1' });
    for (let host = 1; host <= 20; host += 1) await scene.ask('alice', { from: `2001:db8::${host}` });
    expect((await scene.touch(hers, alice)).state.kind).toBe('issued');
  });

  it('drops the oldest request of an address that asks too much, and of no other', async () => {
    await using scene = await openScene({ bounds });
    const victim = await scene.ask('alice', { from: '192.0.2.7' });
    const flood = [];
    for (let count = 0; count < 5; count += 1) flood.push(await scene.ask('alice', { from: '192.0.2.8' }));
    const isKept = (id: string) =>
      scene.authority.store.read(async (tx) => (await tx.findRequest(id)) !== undefined);
    expect(await isKept(victim.request.id)).toBe(true);
    expect(await Promise.all(flood.map(({ request }) => isKept(request.id)))).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
  });

  it('never holds more than its bound, and never drops what was touched', async () => {
    await using scene = await openScene({ bounds });
    const alice = await scene.enrol('alice');
    const touched = await scene.ask('alice', { from: '192.0.2.9' });
    await scene.touch(touched, alice);
    const asked: Asked[] = [];
    for (let count = 0; count < 10; count += 1)
      asked.push(await scene.ask('alice', { from: `192.0.2.${count}` }));
    const kept = await scene.authority.store.read(async (tx) => {
      const found = [];
      for (const { request } of [touched, ...asked]) found.push(await tx.findRequest(request.id));
      return found.filter((request) => request !== undefined).map(({ id }) => id);
    });
    expect(kept).toEqual([touched, ...asked.slice(-6)].map(({ request }) => request.id));
  });
});
