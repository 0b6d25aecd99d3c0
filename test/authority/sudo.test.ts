import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { signBundle } from '../../src/authority/bundle.ts';
import { release, resultOf } from '../../src/authority/release.ts';
import { verifyLoggedIssue } from '../../src/fido/logged-touch.ts';
import { checkCertificateLeaf } from '../../src/log/certificate-leaf.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import { decodeDraft } from '../../src/ssh/certificate.ts';
import { samePublicKey } from '../../src/ssh/public-key.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { newKey, openScene } from './scene.ts';
import { stagedSigner } from './stage.ts';
import { issuedSudo, ONE_APPROVAL, sudoRoster } from './sudo-scene.ts';

describe('a certificate for sudo', () => {
  it('is signed by the CA key for sudo, names the login first, and gives nothing else', async () => {
    await using scene = await openScene({ roster: sudoRoster() });
    const alice = await scene.enrol('alice');
    const asked = await scene.askSudo('alice', { hosts: ['web1', 'web2'], reason: 'deploy 4711' });
    const { certificate, leaf } = await issuedSudo(scene, await scene.touch(asked, alice));
    expect(certificate.fields).toMatchObject({
      type: 'user',
      keyId: `sudo:alice:${asked.request.id}`,
      principals: ['alice', 'sudoer@web1', 'sudoer@web2'],
      criticalOptions: [],
      extensions: [],
      validBefore: BigInt(scene.now + 3600),
    });
    expect(samePublicKey(certificate.fields.authority, scene.caKey('sudo'))).toBe(true);
    expect(leaf).toMatchObject({
      purpose: 'sudo',
      person: 'alice',
      reason: 'deploy 4711',
      approvals: [],
      signer: '',
    });
    expect(leaf.approveBy).toBe(scene.now + 1800);
    expect(checkCertificateLeaf(leaf).draft).toEqual(certificate.draft);
    expect(await verifyLoggedIssue(leaf)).toHaveLength(1);
  });

  it('comes with a login by one touch, and both leaves tell the reason', async () => {
    await using scene = await openScene({ roster: sudoRoster() });
    const alice = await scene.enrol('alice');
    const asked = await scene.askSudo('alice', { withLogin: true, reason: 'deploy' });
    const { certificates } = await release(scene.authority, await scene.touch(asked, alice), 0);
    expect(certificates.map(({ purpose }) => purpose)).toEqual(['login', 'sudo']);
    for (const { leaf: bytes } of certificates) {
      const leaf = decodeLeaf(bytes);
      if (leaf.kind !== 'reviewed-certificate') return expect.unreachable(leaf.kind);
      expect(leaf.reason).toBe('deploy');
      checkCertificateLeaf(leaf);
      expect(await verifyLoggedIssue(leaf)).toHaveLength(1);
    }
  });

  it('is asked for once in a request', async () => {
    await using scene = await openScene({ roster: sudoRoster() });
    const { ask } = await import('../../src/authority/ask.ts');
    const certificates = [scene.sudoQuestion('alice'), scene.sudoQuestion('alice', { hosts: ['web2'] })];
    const asking = ask(scene.authority, { person: 'alice', certificates, from: '192.0.2.1' });
    expect(await codeOfAsync(asking)).toBe('malformed-request');
  });

  it.each([
    ['no host of the role', { hosts: ['db1'] }, 'host-not-allowed'],
    ['a host that nobody knows', { hosts: ['web9'] }, 'host-unknown'],
    ['every host, which the role does not say', { hosts: ['*'] }, 'host-not-allowed'],
    ['somebody else’s login', { login: 'bob' }, 'login-not-allowed'],
    ['for longer than the role allows', { lifetime: 14_401 }, 'lifetime-too-long'],
  ] as const)('of %s is refused after the touch only', async (_, options, code) => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: 'max_lifetime: 4h' }) });
    const alice = await scene.enrol('alice');
    const asked = await scene.askSudo('alice', options);
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe(code);
  });

  it('needs a reason where the role asks for one', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: 'reason: required' }) });
    const alice = await scene.enrol('alice');
    const asked = await scene.askSudo('alice');
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('reason-required');
    const given = await scene.askSudo('alice', { reason: 'deploy' });
    expect((await scene.touch(given, alice)).state.kind).toBe('issued');
  });

  it('has a digest of its own with each reason: a touch for one is none for another', async () => {
    await using scene = await openScene({ roster: sudoRoster() });
    const alice = await scene.enrol('alice');
    const asked = await scene.askSudo('alice', { reason: 'deploy' });
    const [drafted] = asked.request.certificates;
    if (drafted?.request.purpose !== 'sudo') return expect.unreachable('no sudo');
    const other = {
      ...asked.request,
      certificates: [{ ...drafted, request: { ...drafted.request, reason: '' } }],
    };
    const { touchRequest } = await import('../../src/authority/issue.ts');
    const touching = touchRequest(scene.authority, asked.request.id, asked, scene.assertion(other, alice));
    expect(await codeOfAsync(touching)).toBe('touch-refused');
  });

  it('is not certified for a key that signs in, nor the other way round', async () => {
    const signer = stagedSigner();
    await using scene = await openScene({ roster: sudoRoster(), signers: { sudo: signer } });
    const alice = await scene.enrol('alice');
    const key = newKey();
    await scene.login('alice', alice, { key });
    const asked = await scene.askSudo('alice', { key });
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('key-has-role');
    expect(signer.calls()).toBe(0);
  });

  it('that needs others is a request of its own, whoever asks', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    for (const person of ['alice', 'nobody'])
      expect(await codeOfAsync(scene.askSudo(person, { withLogin: true }))).toBe('ask-apart');
  });

  it('that needs others since it was asked for together with a login is refused', async () => {
    await using scene = await openScene({ roster: sudoRoster() });
    const alice = await scene.enrol('alice');
    const asked = await scene.askSudo('alice', { withLogin: true });
    await scene.loadRoster(sudoRoster({ sudo: ONE_APPROVAL }));
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('ask-apart');
  });
});

describe('strangers', () => {
  it('are shown sudo drafts like anybody', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const shapes = [];
    for (const person of ['alice', 'nobod', 'carol']) {
      const { request, hints } = await scene.askSudo(person, {
        login: 'root',
        hosts: ['web1', 'db9'],
        reason: 'x',
      });
      const {
        nonce: _n,
        serial: _s,
        subject: _k,
        keyId: _i,
        ...fields
      } = decodeDraft(request.certificates[0]?.drafts[0] ?? new Uint8Array());
      shapes.push({ fields, approvals: hints.approvals, userVerification: hints.userVerification });
    }
    expect(shapes[1]).toEqual(shapes[0]);
    expect(shapes[2]).toEqual(shapes[0]);
    expect(shapes[0]?.fields.principals).toEqual(['root', 'sudoer@web1', 'sudoer@db9']);
  });
});

describe('the result of a request', () => {
  it('that waits says how many approvals there are, and is kept until others can answer no more', async () => {
    await using scene = await openScene({ roster: sudoRoster({ sudo: ONE_APPROVAL }) });
    const alice = await scene.enrol('alice');
    const asked = await scene.askSudo('alice');
    await scene.touch(asked, alice);
    scene.pass(1799);
    const request = await resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(request.state.kind).toBe('waiting');
    expect(await scene.waiting(request.id)).toMatchObject({ needed: 1, given: 0 });
    scene.pass(1);
    const late = resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(await codeOfAsync(late)).toBe('request-expired');
  });
});

describe('the bundle', () => {
  it('tells one digest for one state', async () => {
    await using scene = await openScene({ roster: sudoRoster() });
    const [first, second] = [await signBundle(scene.authority), await signBundle(scene.authority)];
    expect(sha256(first.statement)).toEqual(sha256(second.statement));
  });
});
