import { describe, expect, it } from 'vitest';
import { confirmEnrolment, offerCredential, startEnrolment } from '../../src/authority/enroll.ts';
import { invitePerson } from '../../src/authority/invite.ts';
import { touchRequest } from '../../src/authority/issue.ts';
import type { CredentialOffer } from '../../src/authority/offer.ts';
import type { Credential, PendingEnrolment } from '../../src/authority/records.ts';
import { resultOf } from '../../src/authority/release.ts';
import { removeCredential } from '../../src/authority/remove-credential.ts';
import { enrolmentDigest } from '../../src/authority/request-digest.ts';
import { verifyLoggedEnrolment } from '../../src/fido/logged-touch.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import { encodePublicKey, fingerprint } from '../../src/ssh/public-key.ts';
import { codeOfAsync } from '../support/code-of.ts';
import type { AttestationKind } from '../support/soft-authenticator.ts';
import { FLAGS, SoftAuthenticator, SoftSecurityKey } from '../support/soft-authenticator.ts';
import type { Scene, Toucher } from './scene.ts';
import { openScene, ROSTER } from './scene.ts';

/** An enrolment step by step, so that a test can go wrong at each. */
class Enrolment {
  readonly #scene: Scene;
  readonly request: PendingEnrolment;
  readonly pollSecret: string;

  constructor(scene: Scene, request: PendingEnrolment, pollSecret: string) {
    this.#scene = scene;
    this.request = request;
    this.pollSecret = pollSecret;
  }

  static async begin(scene: Scene, invite: string): Promise<Enrolment> {
    const { request, pollSecret } = await startEnrolment(scene.authority, invite, '192.0.2.1');
    return new Enrolment(scene, request, pollSecret);
  }

  offerOf(key: SoftAuthenticator, changes: { attestation?: AttestationKind; challenge?: Uint8Array } = {}) {
    const { origin, rpId } = this.#scene.authority;
    const created = key.create({ challenge: this.request.nonce, origin, rpId, ...changes });
    return { kind: 'webauthn', label: 'test', ...created } as const;
  }

  offer(key: SoftAuthenticator): Promise<Credential> {
    return this.send(this.offerOf(key));
  }

  send(offer: CredentialOffer, pollSecret = this.pollSecret): Promise<Credential> {
    return offerCredential(this.#scene.authority, this.request.id, pollSecret, offer);
  }

  touchOf(credential: Credential, key: Toucher, changes: { flags?: number; origin?: string } = {}) {
    const { origin, rpId } = this.#scene.authority;
    const challenge = enrolmentDigest(origin, this.request, credential);
    return key.get({ challenge, origin, rpId, ...changes });
  }

  confirm(assertion: ReturnType<Toucher['get']>, pollSecret = this.pollSecret) {
    return confirmEnrolment(this.#scene.authority, this.request.id, pollSecret, assertion);
  }
}

async function beginFor(scene: Scene, person = 'alice'): Promise<Enrolment> {
  return Enrolment.begin(scene, await scene.invite(person));
}

describe('an invite', () => {
  it('is not made for somebody who is not in the roster', async () => {
    await using scene = await openScene();
    expect(await codeOfAsync(invitePerson(scene.authority, 'nobody'))).toBe('unknown-person');
  });

  it('that nobody made is not known', async () => {
    await using scene = await openScene();
    expect(await codeOfAsync(beginWith(scene, 'A'.repeat(43)))).toBe('invite-unknown');
  });

  it('is over after a day', async () => {
    await using scene = await openScene();
    const invite = await scene.invite('alice');
    scene.pass(86_399);
    const begun = await beginWith(scene, invite);
    scene.pass(1);
    expect(await codeOfAsync(beginWith(scene, invite))).toBe('invite-expired');
    const key = new SoftAuthenticator();
    const credential = await begun.offer(key);
    expect(await codeOfAsync(begun.confirm(begun.touchOf(credential, key)))).toBe('invite-expired');
  });

  it('is worth nothing for somebody who was removed since, at every step', async () => {
    await using scene = await openScene();
    const invite = await scene.invite('alice');
    const begun = await beginWith(scene, invite);
    const offered = await beginWith(scene, invite);
    const key = new SoftAuthenticator();
    const credential = await offered.offer(key);
    await scene.loadRoster(ROSTER.replace(/ {2}alice: .*\n/, ''));
    expect(await codeOfAsync(beginWith(scene, invite))).toBe('unknown-person');
    expect(await codeOfAsync(begun.offer(new SoftAuthenticator()))).toBe('unknown-person');
    expect(await codeOfAsync(offered.confirm(offered.touchOf(credential, key)))).toBe('unknown-person');
  });

  it('enrols once, also when two use it at the same time', async () => {
    await using scene = await openScene();
    const invite = await scene.invite('alice');
    const keys = [new SoftAuthenticator(), new SoftAuthenticator(), new SoftAuthenticator()];
    const confirmations = [];
    for (const key of keys) {
      const enrolment = await beginWith(scene, invite);
      const credential = await enrolment.offer(key);
      confirmations.push({ enrolment, assertion: enrolment.touchOf(credential, key) });
    }
    const outcomes = await Promise.all(
      confirmations.map(({ enrolment, assertion }) => codeOfAsync(enrolment.confirm(assertion))),
    );
    expect(outcomes.filter((outcome) => outcome === 'invite-used')).toHaveLength(2);
    const credentials = await scene.authority.store.read((tx) => tx.credentialsOf('alice'));
    expect(credentials).toHaveLength(1);
    expect(await codeOfAsync(beginWith(scene, invite))).toBe('invite-used');
  });
});

function beginWith(scene: Scene, invite: string): Promise<Enrolment> {
  return Enrolment.begin(scene, invite);
}

describe('an offered credential is refused', () => {
  it('when it was made for another enrolment', async () => {
    await using scene = await openScene();
    const [hers, others] = [await beginFor(scene), await beginFor(scene, 'bob')];
    const offer = others.offerOf(new SoftAuthenticator());
    expect(await codeOfAsync(hers.send(offer))).toBe('credential-refused');
  });

  it('when whoever offers it has another poll secret', async () => {
    await using scene = await openScene();
    const [hers, others] = [await beginFor(scene), await beginFor(scene, 'bob')];
    const offer = hers.offerOf(new SoftAuthenticator());
    expect(await codeOfAsync(hers.send(offer, others.pollSecret))).toBe('unknown-request');
  });

  it('when it is enrolled already, or was removed: a stolen key never comes back', async () => {
    await using scene = await openScene();
    const key = await scene.enrol('alice');
    expect(await codeOfAsync((await beginFor(scene)).offer(key))).toBe('credential-exists');
    expect(await codeOfAsync((await beginFor(scene, 'bob')).offer(key))).toBe('credential-exists');
    await removeCredential(scene.authority, key.credentialId, 'stolen');
    expect(await codeOfAsync((await beginFor(scene)).offer(key))).toBe('credential-exists');
  });

  it('when its key was revoked, whether it was ever enrolled or not', async () => {
    await using scene = await openScene();
    const key = new SoftSecurityKey().publicKey;
    await scene.authority.store.write((tx) => tx.revokeKey(fingerprint(key), scene.now));
    const offer = { kind: 'ssh-sk', label: 'key', publicKey: encodePublicKey(key) } as const;
    expect(await codeOfAsync((await beginFor(scene)).send(offer))).toBe('key-revoked');
  });

  it('when it is an SSH key that is no security key, or one for another use', async () => {
    await using scene = await openScene();
    const enrolment = await beginFor(scene);
    const plain = encodePublicKey(scene.authority.throwaway.publicKey);
    const foreign = encodePublicKey(new SoftSecurityKey({ application: 'ssh:other.example.org' }).publicKey);
    for (const publicKey of [plain, foreign, new Uint8Array(3)])
      expect(await codeOfAsync(enrolment.send({ kind: 'ssh-sk', label: 'key', publicKey }))).toBe(
        'credential-refused',
      );
  });

  it('when the role asks for attestation and there is none', async () => {
    const { issueCertificate } = await import('../support/attestation-ca.ts');
    const root = issueCertificate().pem.replaceAll('\n', '\\n');
    const touch = `touch: { attestation: { aaguids: [00000000-0000-0000-0000-000000000001], roots: ["${root}"] } }`;
    await using scene = await openScene({
      roster: ROSTER.replace('max_lifetime: 20h }', `max_lifetime: 20h }\n    ${touch}`),
    });
    const enrolment = await beginFor(scene);
    const publicKey = encodePublicKey(new SoftSecurityKey().publicKey);
    expect(await codeOfAsync(enrolment.send({ kind: 'ssh-sk', label: 'key', publicKey }))).toBe(
      'attestation-required',
    );
    for (const attestation of ['none', 'self', 'packed'] as const) {
      const offer = enrolment.offerOf(new SoftAuthenticator(), { attestation });
      expect(await codeOfAsync(enrolment.send(offer))).toBe('credential-refused');
    }
  });

  it('when ten minutes have passed', async () => {
    await using scene = await openScene();
    const enrolment = await beginFor(scene);
    scene.pass(600);
    expect(await codeOfAsync(enrolment.offer(new SoftAuthenticator()))).toBe('request-expired');
  });
});

describe('the touch that ends an enrolment is refused', () => {
  it('before a credential was offered', async () => {
    await using scene = await openScene();
    const [enrolment, other] = [await beginFor(scene), await beginFor(scene)];
    const key = new SoftAuthenticator();
    const assertion = other.touchOf(await other.offer(key), key);
    expect(await codeOfAsync(enrolment.confirm(assertion))).toBe('credential-refused');
  });

  it.for(['requestId', 'person', 'inviteId', 'nonce', 'credential'] as const)(
    'when it is over another %s',
    async (part) => {
      await using scene = await openScene();
      const key = new SoftAuthenticator();
      const enrolment = await beginFor(scene);
      const credential = await enrolment.offer(key);
      const { origin, rpId } = scene.authority;
      const request = {
        ...enrolment.request,
        ...(part === 'requestId' ? { id: 'A'.repeat(22) } : {}),
        ...(part === 'person' ? { person: 'bob' } : {}),
        ...(part === 'inviteId' ? { inviteId: '0'.repeat(64) } : {}),
        ...(part === 'nonce' ? { nonce: new Uint8Array(32) } : {}),
      };
      const other = part === 'credential' ? { ...credential, publicKey: new Uint8Array(77) } : credential;
      const challenge = enrolmentDigest(origin, request, other);
      const assertion = key.get({ challenge, origin, rpId });
      expect(await codeOfAsync(enrolment.confirm(assertion))).toBe('touch-refused');
    },
  );

  it('when it is by another credential than the offered one', async () => {
    await using scene = await openScene();
    const enrolment = await beginFor(scene);
    const credential = await enrolment.offer(new SoftAuthenticator());
    const old = await scene.enrol('alice');
    expect(await codeOfAsync(enrolment.confirm(enrolment.touchOf(credential, old)))).toBe('touch-refused');
  });

  it('when it lacks the PIN that a role asks for', async () => {
    const touch = 'max_lifetime: 20h }\n    touch: { user_verification: required }';
    await using scene = await openScene({ roster: ROSTER.replace('max_lifetime: 20h }', touch) });
    const enrolment = await beginFor(scene);
    const key = new SoftAuthenticator();
    const credential = await enrolment.offer(key);
    const bare = enrolment.touchOf(credential, key, { flags: FLAGS.up });
    expect(await codeOfAsync(enrolment.confirm(bare))).toBe('user-verification-required');
  });
});

describe('requests for other things', () => {
  it('are not taken for each other: a certificate request is no enrolment, an enrolment no certificate request', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const enrolment = await beginFor(scene);
    const key = new SoftAuthenticator();
    const offer = enrolment.offerOf(key);
    const crossed = offerCredential(scene.authority, asked.request.id, asked.pollSecret, offer);
    expect(await codeOfAsync(crossed)).toBe('unknown-request');
    const { request, pollSecret } = enrolment;
    const assertion = scene.assertion(asked.request, alice);
    const touching = touchRequest(scene.authority, request.id, { pollSecret }, assertion);
    expect(await codeOfAsync(touching)).toBe('unknown-request');
    expect(await codeOfAsync(resultOf(scene.authority, request.id, pollSecret))).toBe('unknown-request');
  });
});

describe('an enrolment', () => {
  it('is a leaf that proves itself offline, and a lost reply is answered again', async () => {
    await using scene = await openScene();
    const enrolment = await beginFor(scene);
    const key = new SoftAuthenticator();
    const credential = await enrolment.offer(key);
    const assertion = enrolment.touchOf(credential, key);
    const first = await enrolment.confirm(assertion);
    expect(await enrolment.confirm(assertion)).toEqual(first);
    const leaf = await scene.authority.store.read(async (tx) => {
      const { size } = await tx.logHead();
      return decodeLeaf((await tx.logLeaf(size - 1)) ?? new Uint8Array());
    });
    if (leaf.kind !== 'enroll') throw new Error(`the last leaf is of kind ${leaf.kind}`);
    expect(leaf).toMatchObject({ person: 'alice', credentialId: key.credentialId });
    await verifyLoggedEnrolment(leaf);
  });

  it('of an SSH security key is by its fingerprint', async () => {
    await using scene = await openScene();
    const enrolment = await beginFor(scene);
    const key = new SoftSecurityKey();
    const publicKey = encodePublicKey(key.publicKey);
    const credential = await enrolment.send({ kind: 'ssh-sk', label: 'key', publicKey });
    expect(credential.id).toMatch(/^SHA256:/);
    await enrolment.confirm(enrolment.touchOf(credential, key));
    expect((await scene.touch(await scene.ask('alice'), key)).state.kind).toBe('issued');
  });
});
