import { describe, expect, it } from 'vitest';
import { ask } from '../../src/authority/ask.ts';
import { offerCredential, startEnrolment } from '../../src/authority/enroll.ts';
import { touchRequest } from '../../src/authority/issue.ts';
import { claimCaKeys } from '../../src/authority/key-roles.ts';
import { fileSigner } from '../../src/signer/file.ts';
import { encodePublicKey, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { SoftAuthenticator, SoftSecurityKey } from '../support/soft-authenticator.ts';
import type { Scene } from './scene.ts';
import { caSigner, newKey, openScene, ROSTER } from './scene.ts';
import { rosterWith, securityKeyQuestion } from './security-keys.ts';

async function certify(scene: Scene, key: SoftSecurityKey, touching: SoftAuthenticator): Promise<unknown> {
  const certificates = [securityKeyQuestion(scene, 'alice', key)];
  const asked = await ask(scene.authority, { person: 'alice', certificates, from: '192.0.2.1' });
  return codeOfAsync(scene.touch(asked, touching));
}

async function offer(scene: Scene, key: SoftSecurityKey, person = 'alice'): Promise<unknown> {
  const { request, pollSecret } = await startEnrolment(
    scene.authority,
    await scene.invite(person),
    '192.0.2.1',
  );
  const publicKey = encodePublicKey(key.publicKey);
  return codeOfAsync(
    offerCredential(scene.authority, request.id, pollSecret, { kind: 'ssh-sk', label: 'key', publicKey }),
  );
}

/** The same physical key under another application. */
function underApplication(key: SoftSecurityKey, application: string): SoftSecurityKey {
  const twin = Object.create(key) as SoftSecurityKey;
  return Object.defineProperty(twin, 'publicKey', { value: { ...key.publicKey, application } });
}

describe('a key that touches is never certified', () => {
  it('when it stands in the roster', async () => {
    const key = new SoftSecurityKey();
    await using scene = await openScene({ roster: rosterWith(key) });
    const alice = await scene.enrol('alice');
    expect(await certify(scene, key, alice)).toBe('key-has-role');
  });

  it('when it stands in the roster under another application', async () => {
    const key = new SoftSecurityKey();
    await using scene = await openScene({ roster: rosterWith(key) });
    const alice = await scene.enrol('alice');
    expect(await certify(scene, underApplication(key, 'ssh:ca.example.org'), alice)).toBe('key-has-role');
  });

  it('when it was in the roster once and touched', async () => {
    const key = new SoftSecurityKey();
    await using scene = await openScene({ roster: rosterWith(key) });
    const alice = await scene.enrol('alice');
    await scene.touch(await scene.ask('alice'), key);
    await scene.loadRoster(ROSTER);
    expect(await certify(scene, key, alice)).toBe('key-has-role');
  });

  it('when it is the key of an enrolled passkey', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice', new SoftAuthenticator({ algorithm: 'eddsa' }));
    const key = new SoftSecurityKey();
    Object.assign(key, { key: alice.key, publicKey: { ...key.publicKey, point: alice.key.point } });
    expect(await certify(scene, key, alice)).toBe('key-has-role');
  });
});

describe('a key that was certified never touches', () => {
  it('as an enrolled credential', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const key = new SoftSecurityKey();
    expect(await certify(scene, key, alice)).toHaveProperty('accepted');
    expect(await offer(scene, key)).toBe('key-has-role');
    expect(await offer(scene, underApplication(key, 'ssh:ca.example.org'))).toBe('key-has-role');
  });

  it('as a credential of a later roster', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const key = new SoftSecurityKey();
    expect(await certify(scene, key, alice)).toHaveProperty('accepted');
    await scene.loadRoster(rosterWith(key));
    const asked = await scene.ask('alice');
    expect(await codeOfAsync(scene.touch(asked, key))).toBe('key-has-role');
    expect((await scene.touch(asked, alice)).state.kind).toBe('issued');
  });

  it("as somebody's credential while it waits: the later of the two uses is refused", async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const key = new SoftSecurityKey();
    const certificates = [securityKeyQuestion(scene, 'alice', key)];
    const asked = await ask(scene.authority, { person: 'alice', certificates, from: '192.0.2.1' });
    await scene.loadRoster(rosterWith(key));
    const assertion = scene.assertion(asked.request, alice);
    const touching = touchRequest(scene.authority, asked.request.id, asked, assertion);
    expect(await codeOfAsync(touching)).toBe('key-has-role');
  });

  it('when the roster gives it to somebody else: it can not be enrolled', async () => {
    const key = new SoftSecurityKey();
    const roster = ROSTER.replace(
      'roles: [visitor] }',
      `roles: [visitor], security_keys: ["${formatPublicKeyLine(key.publicKey, 'his')}"] }`,
    );
    await using scene = await openScene({ roster });
    expect(await offer(scene, key)).toBe('key-has-role');
  });
});

describe('a key that touches for somebody never touches for anybody else', () => {
  /** An enrolled passkey whose key is that of an SSH key too. */
  async function enrolTwice(scene: Scene): Promise<SoftSecurityKey> {
    const alice = await scene.enrol('alice', new SoftAuthenticator({ algorithm: 'eddsa' }));
    const key = new SoftSecurityKey();
    return Object.assign(key, { key: alice.key, publicKey: { ...key.publicKey, point: alice.key.point } });
  }

  it('under another credential id or application, but it may touch for the same person', async () => {
    await using scene = await openScene();
    const key = await enrolTwice(scene);
    expect(await offer(scene, key, 'bob')).toBe('key-has-role');
    expect(await offer(scene, underApplication(key, 'ssh:ca.example.org'), 'bob')).toBe('key-has-role');
    expect(await offer(scene, key, 'alice')).toHaveProperty('accepted');
  });

  it('when two people enrol it at once: the later one is refused', async () => {
    await using scene = await openScene();
    const [mine, theirs] = [new SoftAuthenticator(), new SoftAuthenticator()];
    Object.assign(theirs, { key: mine.key });
    const enrolling = [scene.enrol('alice', mine), scene.enrol('bob', theirs)].map(codeOfAsync);
    expect((await Promise.all(enrolling)).filter((code) => code === 'key-has-role')).toHaveLength(1);
  });

  it('when somebody enrolled it and a roster gives it to somebody else later', async () => {
    await using scene = await openScene();
    const key = await enrolTwice(scene);
    const line = formatPublicKeyLine(key.publicKey, 'his');
    await scene.loadRoster(
      ROSTER.replace('roles: [visitor] }', `roles: [visitor], security_keys: ["${line}"] }`),
    );
    expect(await codeOfAsync(scene.touch(await scene.ask('bob'), key))).toBe('key-has-role');
  });
});

describe('a CA key', () => {
  it('is not certified', async () => {
    const key = newKey();
    await using scene = await openScene({ signers: { sudo: fileSigner(key) } });
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice', { key });
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('key-has-role');
  });

  it('of two purposes is refused at start', async () => {
    const signer = caSigner();
    expect(await codeOfAsync(openScene({ signers: { login: signer, sudo: signer } }))).toBe('key-has-role');
  });

  it('is not one of a roster', async () => {
    const key = new SoftSecurityKey();
    const signer = { publicKey: key.publicKey, sign: async (draft: Uint8Array) => key.sign(draft) };
    await using scene = await openScene({ signers: { sudo: signer } });
    expect(await codeOfAsync(scene.loadRoster(rosterWith(key)))).toBe('bad-roster');
    expect(await codeOfAsync(scene.loadRoster(rosterWith(underApplication(key, 'ssh:x'))))).toBe(
      'bad-roster',
    );
    expect(await offer(scene, key)).toBe('key-has-role');
  });

  it('is refused at start when it was certified or touched before', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const { key } = await scene.login('alice', alice);
    const replaced = scene.withSigners({ sudo: [scene.caSigner('sudo'), fileSigner(key)] });
    expect(await codeOfAsync(claimCaKeys(replaced))).toBe('key-has-role');
  });
});

it('a certified key may be certified again for the same purpose', async () => {
  await using scene = await openScene();
  const alice = await scene.enrol('alice');
  const key = newKey();
  await scene.login('alice', alice, { key });
  await scene.login('alice', alice, { key });
});
