import { createPrivateKey, sign } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { touchRequest } from '../../src/authority/issue.ts';
import { issueDigest } from '../../src/authority/request-digest.ts';
import { decodeDraft } from '../../src/ssh/certificate.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { SoftAuthenticator, SoftSecurityKey } from '../support/soft-authenticator.ts';
import type { Scene } from './scene.ts';
import { newKey, openScene } from './scene.ts';
import { rosterWith } from './security-keys.ts';
import { stagedStore } from './stage.ts';

const ONE = Uint8Array.from({ length: 32 }, (_, index) => Number(index === 31));
const BASE_POINT = {
  x: 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY',
  y: 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU',
};

/** What an answer is made of, but for what is random in each. */
async function shapeOf(scene: Scene, person: string, options: { hosts?: string[]; logins?: string[] } = {}) {
  const key = newKey();
  const { request, hints } = await scene.ask(person, { key, logins: ['deploy'], ...options });
  const fields = request.certificates.map(({ draft }) => decodeDraft(draft));
  return {
    userVerification: hints.userVerification,
    draftBytes: request.certificates.map(({ draft }) => draft.length - person.length),
    fields: fields.map(({ nonce: _n, serial: _s, subject: _k, keyId: _i, ...rest }) => rest),
    expiresAt: request.expiresAt,
  };
}

describe('somebody who does not exist', () => {
  it('is answered as somebody who does, in content and size', async () => {
    await using scene = await openScene();
    await scene.enrol('alice');
    // Of the two roles a stranger is shown one, the same each time: find a name that is shown that of alice.
    const names = Array.from({ length: 40 }, (_, index) => `stranger${index}`);
    const known = await shapeOf(scene, 'alice');
    const shapes = await Promise.all(names.map((name) => shapeOf(scene, name)));
    const alike = shapes.filter(({ fields }) => fields[0]?.criticalOptions.length === 0);
    expect(alike.length).toBeGreaterThan(5);
    expect(alike.length).toBeLessThan(35);
    for (const shape of alike) expect(shape).toEqual(known);
  });

  it('costs the same calls of the store, in the same order', async () => {
    const staged = stagedStore();
    await using scene = await openScene({ wrapStore: staged.wrap });
    await scene.enrol('alice');
    const callsFor = async (person: string) => {
      staged.calls.length = 0;
      await scene.ask(person, { logins: ['deploy'] });
      return [...staged.calls];
    };
    const known = await callsFor('alice');
    expect(known).toContain('insertRequest');
    for (const person of ['bob', 'nobody', 'carol']) expect(await callsFor(person)).toEqual(known);
  });

  it('costs the same when somebody tries to touch', async () => {
    const staged = stagedStore();
    await using scene = await openScene({ wrapStore: staged.wrap });
    await scene.enrol('alice');
    const callsFor = async (person: string) => {
      const asked = await scene.ask(person, { logins: ['deploy'] });
      staged.calls.length = 0;
      expect(await codeOfAsync(scene.touch(asked, new SoftAuthenticator()))).toBe('touch-refused');
      return [...staged.calls];
    };
    expect(await callsFor('nobody')).toEqual(await callsFor('alice'));
  });

  it.for([
    ['garbage', () => ({ signature: 'AAAA' })],
    ['a signature by another key', () => ({})],
    ['a counter that is too low', () => ({ counter: 0 })],
    ['no touch', () => ({ flags: 0 })],
    ['another RP id', () => ({ rpId: 'example.org' })],
    ['another origin', () => ({ origin: 'https://evil.example.org' })],
    ['another challenge', () => ({ challenge: new Uint8Array(32) })],
  ] as const)(
    'is answered as somebody who does when a touch names their credential, with %s',
    async ([, make]) => {
      await using scene = await openScene();
      const alice = await scene.enrol('alice');
      alice.counter = 100;
      await scene.touch(await scene.ask('alice'), alice);
      const answers = new Set<string>();
      for (const person of ['alice', 'carol', 'nobody']) {
        const { request, pollSecret, hints } = await scene.ask(person, { logins: ['deploy'] });
        const { signature, ...changes }: { signature?: string; counter?: number } = make();
        const { origin, rpId } = scene.authority;
        const challenge = issueDigest(origin, request);
        const made = new SoftAuthenticator().get({ challenge, origin, rpId, ...changes });
        const [credentialId = ''] = hints.credentialIds;
        const assertion = { ...made, credentialId, signature: signature ?? made.signature };
        const touching = touchRequest(scene.authority, request.id, { pollSecret }, assertion);
        answers.add(
          await touching.then(
            () => 'accepted',
            (error: Error) => error.message,
          ),
        );
      }
      expect(answers.size, [...answers].join('; ')).toBe(1);
      expect(answers).not.toContain('accepted');
    },
  );

  it('is answered as somebody who does when a touch names a security key that everybody knows', async () => {
    const key = new SoftSecurityKey();
    await using scene = await openScene({ roster: rosterWith(key) });
    const answers = new Set<string>();
    for (const person of ['alice', 'carol', 'nobody']) {
      const { request, pollSecret } = await scene.ask(person, { logins: ['deploy'] });
      const { origin } = scene.authority;
      const made = new SoftSecurityKey().get({ challenge: issueDigest(origin, request), origin });
      const assertion = { ...made, credentialId: fingerprint(key.publicKey) };
      const touching = touchRequest(scene.authority, request.id, { pollSecret }, assertion);
      answers.add(
        await touching.then(
          () => 'accepted',
          (error: Error) => error.message,
        ),
      );
    }
    expect(answers.size, [...answers].join('; ')).toBe(1);
  });

  it('can not be touched for with the decoy key, whose private half is known', async () => {
    await using scene = await openScene();
    const jwk = { kty: 'EC', crv: 'P-256', ...BASE_POINT, d: base64urlnopad.encode(ONE) };
    const key = createPrivateKey({ key: jwk, format: 'jwk' });
    const authenticator = new SoftAuthenticator();
    const asked = await scene.ask('nobody');
    const made = scene.assertion(asked.request, authenticator);
    const signed = Buffer.concat([
      base64urlnopad.decode(made.authenticatorData),
      sha256(base64urlnopad.decode(made.clientDataJSON)),
    ]);
    const signature = base64urlnopad.encode(sign('sha256', signed, key));
    const assertion = { ...made, signature };
    expect(await codeOfAsync(touchRequest(scene.authority, asked.request.id, asked, assertion))).toBe(
      'touch-refused',
    );
  });

  it('has the same credential ids each time, and shares them with nobody', async () => {
    await using scene = await openScene();
    const idsOf = async (person: string) => (await scene.ask(person)).hints.credentialIds;
    const names = Array.from({ length: 30 }, (_, index) => `stranger${index}`);
    const ids = await Promise.all(names.map(idsOf));
    expect(await Promise.all(names.map(idsOf))).toEqual(ids);
    expect(new Set(ids.flat()).size).toBe(ids.flat().length);
    for (const id of ids.flat()) expect(id).toMatch(/^[A-Za-z0-9_-]{22,86}$/);
  });

  it('may seem to have several, as people with several security keys do', async () => {
    await using scene = await openScene();
    const names = Array.from({ length: 60 }, (_, index) => `stranger${index}`);
    const counts = await Promise.all(
      names.map(async (name) => (await scene.ask(name)).hints.credentialIds.length),
    );
    expect(new Set(counts)).toEqual(new Set([1, 2, 3]));
  });
});

describe('somebody who exists', () => {
  it('but has no credential is shown as having some', async () => {
    await using scene = await openScene();
    expect((await scene.ask('alice')).hints.credentialIds.length).toBeGreaterThan(0);
  });

  it('is drafted what was asked, also where policy will refuse it', async () => {
    await using scene = await openScene();
    const allowed = await shapeOf(scene, 'alice', { hosts: ['web1'] });
    const denied = await shapeOf(scene, 'alice', { hosts: ['none'], logins: ['others'] });
    const plain = ({ principals: _p, ...rest }: (typeof denied.fields)[number]) => rest;
    expect(denied.fields.map(plain)).toEqual(allowed.fields.map(plain));
    expect(denied.fields[0]?.principals).toEqual(['others@none']);
  });
});
