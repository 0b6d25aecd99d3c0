import { createPrivateKey, sign } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { AuthorityError } from '../../src/authority/error.ts';
import { touchRequest } from '../../src/authority/issue.ts';
import { issueDigest } from '../../src/authority/request-digest.ts';
import { FidoError } from '../../src/fido/error.ts';
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
  const fields = request.certificates.map(({ drafts }) => decodeDraft(drafts[0] ?? new Uint8Array()));
  return {
    userVerification: hints.userVerification,
    draftBytes: request.certificates.map(({ drafts }) => drafts.map((draft) => draft.length - person.length)),
    fields: fields.map(({ nonce: _n, serial: _s, subject: _k, keyId: _i, ...rest }) => rest),
    expiresAt: request.expiresAt,
  };
}

const KINDS = (['eddsa', 'es256'] as const).flatMap((algorithm) =>
  ['ssh:', 'ssh:ca.example.org'].map((application) => ({ algorithm, application })),
);

/** Where the verification of a refused touch ended, which is not told; what is told is the same for all. */
async function endOf(touching: Promise<unknown>): Promise<string> {
  const refused = await touching.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(refused instanceof AuthorityError) || !(refused.cause instanceof FidoError)) throw refused;
  expect(refused.message).toBe('this is no good touch by a security key of the person who is asked');
  return refused.cause.code;
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

  it('gets a touch as far as the signature just as somebody who does, for one kind of key for each id', async () => {
    const keys = KINDS.map((kind) => new SoftSecurityKey(kind));
    await using scene = await openScene({ roster: rosterWith(...keys) });
    const endsOf = async (person: string, credentialId: string) => {
      const asked = await scene.ask(person, { logins: ['deploy'] });
      return Promise.all(
        KINDS.map(async (kind) => {
          const forged = { ...scene.assertion(asked.request, new SoftSecurityKey(kind)), credentialId };
          return endOf(touchRequest(scene.authority, asked.request.id, asked, forged));
        }),
      );
    };
    const known = await Promise.all(keys.map((key) => endsOf('alice', fingerprint(key.publicKey))));
    const ids = Array.from({ length: 40 }, () => fingerprint(new SoftSecurityKey().publicKey));
    const made = await Promise.all(ids.map((id) => endsOf('nobody', id)));
    const distinct = (ends: readonly (readonly string[])[]) => [...new Set(ends.map(String))].sort();
    for (const ends of known) expect(ends.filter((end) => end === 'bad-signature')).toHaveLength(1);
    expect(distinct(made)).toEqual(distinct(known));
    expect(await Promise.all(ids.map((id) => endsOf('nobody', id)))).toEqual(made);
  });

  it.for(['es256', 'eddsa'] as const)(
    'gets a touch by a passkey of %s as far as the signature',
    async (algorithm) => {
      await using scene = await openScene();
      const alice = await scene.enrol('alice', new SoftAuthenticator({ algorithm }));
      const endFor = async (person: string, credentialId: string) => {
        const asked = await scene.ask(person, { logins: ['deploy'] });
        const forged = {
          ...scene.assertion(asked.request, new SoftAuthenticator({ algorithm })),
          credentialId,
        };
        return endOf(touchRequest(scene.authority, asked.request.id, asked, forged));
      };
      const ids = Array.from({ length: 40 }, () => new SoftAuthenticator().credentialId);
      const made = await Promise.all(ids.map((id) => endFor('nobody', id)));
      expect(await endFor('alice', alice.credentialId)).toBe('bad-signature');
      expect(made.filter((end) => end === 'bad-signature').length > 20).toBe(algorithm === 'es256');
      expect(new Set(made)).toEqual(new Set(['bad-signature', 'malformed']));
    },
  );

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
