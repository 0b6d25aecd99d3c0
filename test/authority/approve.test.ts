import { describe, expect, it } from 'vitest';
import { answerRequest } from '../../src/authority/approve.ts';
import { resultOf } from '../../src/authority/release.ts';
import { issueDigest } from '../../src/authority/request-digest.ts';
import { listApprovals, viewRequest } from '../../src/authority/waiting.ts';
import { verifyLoggedIssue } from '../../src/fido/logged-touch.ts';
import { checkCertificateLeaf } from '../../src/log/certificate-leaf.ts';
import { codeOfAsync } from '../support/code-of.ts';
import type { CeremonyOptions } from '../support/soft-authenticator.ts';
import { SoftAuthenticator } from '../support/soft-authenticator.ts';
import type { Scene } from './scene.ts';
import { openScene } from './scene.ts';
import { issuedSudo, ONE_APPROVAL, sudoRoster, TWO_APPROVALS } from './sudo-scene.ts';

/** alice has asked and touched. */
async function asked(scene: Scene, options: { readonly reason?: string } = {}) {
  const alice = await scene.enrol('alice');
  const question = await scene.askSudo('alice', options);
  return { ...question, alice, request: await scene.touch(question, alice) };
}

describe('a request that needs approval', () => {
  it('is signed when another person approves, and the log tells who', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const { request } = await asked(scene, { reason: 'deploy' });
    expect(request.state.kind).toBe('waiting');
    const carol = await scene.enrol('carol');
    const answered = await scene.answer(request, 'carol', carol);
    const { leaf } = await issuedSudo(scene, answered);
    expect(leaf.approvals.map(({ person }) => person)).toEqual(['carol']);
    checkCertificateLeaf(leaf);
    expect(await verifyLoggedIssue(leaf)).toHaveLength(2);
  });

  it('takes as many different people as the role says', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: TWO_APPROVALS }) });
    const { request } = await asked(scene);
    const [carol, erin] = [await scene.enrol('carol'), await scene.enrol('erin')];
    expect((await scene.answer(request, 'carol', carol)).state.kind).toBe('waiting');
    expect(await scene.waiting(request.id)).toMatchObject({ needed: 2, given: 1 });
    expect(await codeOfAsync(scene.answer(request, 'carol', carol))).toBe('already-approved');
    const { leaf } = await issuedSudo(scene, await scene.answer(request, 'erin', erin));
    expect(leaf.approvals.map(({ person }) => person)).toEqual(['carol', 'erin']);
  });

  it('is issued once when approvals race, here and in another process', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const twin = await scene.openTwin();
    const { request } = await asked(scene);
    const keys = await Promise.all(
      ['bob', 'carol', 'erin'].map(async (name) => [name, await scene.enrol(name)] as const),
    );
    const outcomes = await Promise.allSettled(
      keys.map(([name, key], index) =>
        scene.answer(request, name, key, 'approve', index % 2 === 0 ? scene.authority : twin),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
    expect(codes).toEqual(['request-answered', 'request-answered']);
    const issued = await scene.authority.store.read((tx) => tx.countIssued('alice', 0, 10));
    expect(issued).toBe(1);
  });

  it('of two approvals that race loses neither', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: TWO_APPROVALS }) });
    const { request } = await asked(scene);
    const [carol, erin] = [await scene.enrol('carol'), await scene.enrol('erin')];
    const states = await Promise.all([
      scene.answer(request, 'carol', carol),
      scene.answer(request, 'erin', erin),
    ]);
    expect(states.map(({ state }) => state.kind).sort()).toEqual(['issued', 'waiting']);
  });

  it('ends when somebody who may approve rejects it', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: TWO_APPROVALS }) });
    const { request, pollSecret } = await asked(scene);
    const [carol, erin] = [await scene.enrol('carol'), await scene.enrol('erin')];
    await scene.answer(request, 'erin', erin);
    await scene.answer(request, 'carol', carol, 'reject');
    const result = resultOf(scene.authority, request.id, pollSecret);
    await expect(result).rejects.toMatchObject({
      code: 'request-rejected',
      message: 'carol rejected this request',
    });
    const { viewSecret } = { viewSecret: 'A'.repeat(43) };
    expect(await codeOfAsync(viewRequest(scene.authority, request.id, viewSecret))).toBe('unknown-request');
  });

  it('can be taken back by who asked', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const { request, alice } = await asked(scene);
    expect((await scene.answer(request, 'alice', alice, 'reject')).state).toMatchObject({
      reason: 'by-approver',
    });
  });

  it.each([
    ['dave', 'not-an-approver'],
    ['alice', 'own-request'],
  ])('is not approved by %s', async (person, code) => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const { request, alice } = await asked(scene);
    const key = person === 'alice' ? alice : await scene.enrol(person);
    expect(await codeOfAsync(scene.answer(request, person, key))).toBe(code);
    expect(await scene.waiting(request.id)).toMatchObject({ given: 0 });
  });

  it('is not rejected by somebody who may not approve it', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const { request } = await asked(scene);
    const dave = await scene.enrol('dave');
    expect(await codeOfAsync(scene.answer(request, 'dave', dave, 'reject'))).toBe('not-an-approver');
  });

  it('is not approved by a lead who asked for it', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const bob = await scene.enrol('bob');
    const request = await scene.touch(await scene.askSudo('bob'), bob);
    expect(await codeOfAsync(scene.answer(request, 'bob', bob))).toBe('own-request');
  });

  it('is approved by nobody without the address, with another’s key, in another’s name, or by another touch', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const { request, alice } = await asked(scene);
    const [carol, other] = [await scene.enrol('carol'), await scene.askSudo('alice')];
    const { viewSecret } = await scene.waiting(request.id);
    const { authority } = scene;
    const { origin, rpId } = authority;
    const approve = (secret: string, person: string, challenge: Uint8Array, key = carol) =>
      codeOfAsync(
        answerRequest(authority, request.id, secret, person, 'approve', key.get({ challenge, origin, rpId })),
      );
    const { answerDigest } = await import('../../src/authority/request-digest.ts');
    const digest = answerDigest(origin, request, 'approve');
    expect(await approve('A'.repeat(43), 'carol', digest)).toBe('unknown-request');
    expect(await approve(viewSecret, 'carol', digest, alice)).toBe('touch-refused');
    expect(await approve(viewSecret, 'erin', digest)).toBe('touch-refused');
    expect(await approve(viewSecret, 'nobody', digest, new SoftAuthenticator())).toBe('touch-refused');
    expect(await approve(viewSecret, 'carol', answerDigest(origin, request, 'reject'))).toBe('touch-refused');
    expect(await approve(viewSecret, 'carol', issueDigest(origin, request))).toBe('touch-refused');
    expect(await approve(viewSecret, 'carol', answerDigest(origin, other.request, 'approve'))).toBe(
      'touch-refused',
    );
    expect((await scene.waiting(request.id)).given).toBe(0);
  });

  it('can not be touched a second time, nor answered before its touch', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const { request, pollSecret, hints, alice } = await asked(scene);
    expect(await codeOfAsync(scene.touch({ request, pollSecret, hints }, alice))).toBe('request-answered');
    const { viewSecret } = await scene.waiting(request.id);
    const untouched = await scene.askSudo('alice');
    expect(await codeOfAsync(viewRequest(scene.authority, untouched.request.id, viewSecret))).toBe(
      'unknown-request',
    );
  });

  it('expires at half of the life of its draft', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const { request } = await asked(scene);
    const carol = await scene.enrol('carol');
    scene.pass(1800);
    expect(await codeOfAsync(scene.answer(request, 'carol', carol))).toBe('request-expired');
    expect(await listApprovals(scene.authority, 'carol')).toEqual([]);
  });

  it('needs from approvers what the role needs from a touch', async () => {
    const touch = '{ user_verification: required }';
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL, touch }) });
    const { request } = await asked(scene);
    const carol = await scene.enrol('carol');
    const { viewSecret } = await scene.waiting(request.id);
    const { origin, rpId } = scene.authority;
    const { answerDigest } = await import('../../src/authority/request-digest.ts');
    const challenge = answerDigest(origin, request, 'approve');
    const assertion = carol.get({ challenge, origin, rpId, flags: 0x01 });
    const answering = answerRequest(scene.authority, request.id, viewSecret, 'carol', 'approve', assertion);
    expect(await codeOfAsync(answering)).toBe('user-verification-required');
    expect((await scene.answer(request, 'carol', carol)).state.kind).toBe('issued');
  });

  it('is not approved by a touch whose counter did not grow since another one', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const { request, alice } = await asked(scene);
    const other = await scene.touch(await scene.askSudo('alice'), alice);
    const carol = await scene.enrol('carol');
    await scene.answer(request, 'carol', carol);
    const copy = { get: (options: CeremonyOptions) => carol.get({ ...options, counter: 1 }) };
    expect(await codeOfAsync(scene.answer(other, 'carol', copy))).toBe('touch-refused');
  });

  it('of one person waits a few times only', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const alice = await scene.enrol('alice');
    for (let count = 0; count < 4; count++) await scene.touch(await scene.askSudo('alice'), alice);
    expect(await codeOfAsync(scene.touch(await scene.askSudo('alice'), alice))).toBe('too-many-waiting');
    const bob = await scene.enrol('bob');
    expect((await scene.touch(await scene.askSudo('bob'), bob)).state.kind).toBe('waiting');
  });
});

describe('a roster that changes while a request waits', () => {
  it.each([
    [
      'takes the access away',
      {
        people: [
          'alice: { logins: [alice], roles: [lead] }',
          'carol: { logins: [carol], roles: [lead] }',
          'erin: { logins: [erin], roles: [lead] }',
        ],
      },
      'no-role',
    ],
    [
      'lets nobody approve any more who did',
      {
        people: [
          'alice: { logins: [alice], roles: [engineer] }',
          'carol: { logins: [carol], roles: [engineer] }',
          'erin: { logins: [erin], roles: [lead] }',
          'bob: { logins: [bob], roles: [lead] }',
          'dave: { logins: [dave], roles: [lead] }',
        ],
      },
      'not-an-approver',
    ],
    ['asks for a reason', { sudo: `${TWO_APPROVALS}, reason: required` }, 'reason-required'],
  ])('and %s refuses it', async (_, change, code) => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: TWO_APPROVALS }) });
    const { request, pollSecret } = await asked(scene);
    const [carol, erin] = [await scene.enrol('carol'), await scene.enrol('erin')];
    await scene.answer(request, 'carol', carol);
    await scene.loadRoster(sudoRoster({ sudo: TWO_APPROVALS, ...change }));
    const last = await codeOfAsync(scene.answer(request, 'erin', erin));
    expect([last, await codeOfAsync(resultOf(scene.authority, request.id, pollSecret))]).toContain(code);
  });

  it('asks for one more approval, and gets it', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const { request } = await asked(scene);
    const [carol, erin] = [await scene.enrol('carol'), await scene.enrol('erin')];
    await scene.loadRoster(sudoRoster({ sudo: TWO_APPROVALS }));
    expect((await scene.answer(request, 'carol', carol)).state.kind).toBe('waiting');
    expect((await scene.answer(request, 'erin', erin)).state.kind).toBe('issued');
  });
});

describe('the list of approvals', () => {
  it('shows to each person what that person may answer', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: TWO_APPROVALS }) });
    const { request } = await asked(scene, { reason: 'deploy' });
    const listed = async (person: string) =>
      (await listApprovals(scene.authority, person)).map((waiting) => waiting.request.id);
    expect(await listed('carol')).toEqual([request.id]);
    expect(await listed('alice')).toEqual([]);
    expect(await listed('dave')).toEqual([]);
    expect(await listed('nobody')).toEqual([]);
    const [waiting] = await listApprovals(scene.authority, 'carol');
    expect(waiting).toMatchObject({ needed: 2, given: 0, answer: 'touch' });
    const seen = await viewRequest(scene.authority, request.id, waiting?.viewSecret ?? '');
    expect(seen.request.id).toBe(request.id);
  });

  it('shows nobody their own request, lead or not', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const bob = await scene.enrol('bob');
    await scene.touch(await scene.askSudo('bob'), bob);
    expect(await listApprovals(scene.authority, 'bob')).toEqual([]);
    expect(await listApprovals(scene.authority, 'carol')).toHaveLength(1);
  });
});
