import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { signRequest } from '../../src/authority/approve.ts';
import type { Asked } from '../../src/authority/ask.ts';
import { signBundle } from '../../src/authority/bundle.ts';
import { signOwnRequest } from '../../src/authority/issue.ts';
import { draftsOf } from '../../src/authority/pending-issue.ts';
import { checkReadiness } from '../../src/authority/ready.ts';
import type { PendingIssue } from '../../src/authority/records.ts';
import { listApprovals } from '../../src/authority/waiting.ts';
import { verifyLoggedIssue } from '../../src/fido/logged-touch.ts';
import { checkCertificateLeaf } from '../../src/log/certificate-leaf.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import { decodeDraft } from '../../src/ssh/certificate.ts';
import { verifyCertificateSignature } from '../../src/ssh/certificate-signature.ts';
import { signMessage } from '../../src/ssh/private-key.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { formatPublicKeyLine, samePublicKey } from '../../src/ssh/public-key.ts';
import { MAKER_A } from '../policy/roots.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { SoftSecurityKey } from '../support/soft-authenticator.ts';
import type { Scene } from './scene.ts';
import { newKey, openScene } from './scene.ts';
import { issuedSudo, ONE_APPROVAL, sudoRoster } from './sudo-scene.ts';

const UP = 0x01;
const UV = 0x04;

type CaKeys = Readonly<Record<'alice' | 'carol', PublicKey>>;

const WITHOUT_CAROL = [
  'alice: { logins: [alice], roles: [engineer] }',
  'bob: { logins: [bob], roles: [lead] }',
  'carol: { logins: [carol], roles: [lead], until: 2027-01-01T00:00:00Z }',
  'dave: { logins: [dave], roles: [engineer] }',
];

/** carol and alice hold a CA key for sudo; the authority holds none. */
async function openKeyless(options: { readonly sudo?: string; readonly touch?: string } = {}) {
  const keys = { carol: new SoftSecurityKey(), alice: new SoftSecurityKey({ algorithm: 'es256' }) };
  const caKeys = { carol: keys.carol.publicKey, alice: keys.alice.publicKey };
  const roster = sudoRoster({ ...options, caKeys });
  const scene = await openScene({ roster, signers: { sudo: 'touch' } });
  return { scene, keys, caKeys, roster };
}

function draftOf(request: PendingIssue, key: SoftSecurityKey): { draft: number; bytes: Uint8Array } {
  const drafts = draftsOf(request);
  const draft = drafts.findIndex((bytes) => samePublicKey(decodeDraft(bytes).authority, key.publicKey));
  return { draft, bytes: drafts[draft] ?? new Uint8Array() };
}

function signatureOf(request: PendingIssue, key: SoftSecurityKey, flags = UP) {
  const { draft, bytes } = draftOf(request, key);
  return { draft, signature: key.sign(bytes, { flags }) };
}

async function signWaiting(scene: Scene, request: PendingIssue, key: SoftSecurityKey, flags?: number) {
  const { viewSecret } = await scene.waiting(request.id);
  return signRequest(scene.authority, request.id, viewSecret, signatureOf(request, key, flags));
}

async function touched(scene: Scene, person = 'dave') {
  const own = await scene.enrol(person);
  const asked = await scene.askSudo(person);
  return { ...asked, own, request: await scene.touch(asked, own) };
}

describe('a request for sudo where people hold the CA keys', () => {
  it('has one draft for each active key, which differ in nothing else', async () => {
    await using opened = (await openKeyless()).scene;
    const { request } = await opened.askSudo('dave');
    const fields = draftsOf(request).map((draft) => decodeDraft(draft));
    expect(fields).toHaveLength(2);
    const [first, second] = fields.map(({ authority: _, ...rest }) => rest);
    expect(second).toEqual(first);
  });

  it('waits for the CA signature of another person, whose touch it is', async () => {
    const { scene, keys } = await openKeyless();
    await using _ = scene;
    const { request } = await touched(scene);
    expect(request.state.kind).toBe('waiting');
    expect(await scene.waiting(request.id)).toMatchObject({ answer: 'signature', needed: 0 });
    const issued = await signWaiting(scene, request, keys.carol);
    const { certificate, leaf } = await issuedSudo(scene, issued);
    expect(verifyCertificateSignature(certificate)).toBe(true);
    expect(samePublicKey(certificate.fields.authority, keys.carol.publicKey)).toBe(true);
    expect(leaf).toMatchObject({ signer: 'carol', approvals: [] });
    expect(leaf.draftHashes[leaf.index]).toEqual(sha256(certificate.draft));
    checkCertificateLeaf(leaf);
    expect(await verifyLoggedIssue(leaf)).toHaveLength(1);
  });

  it('is issued by one touch to somebody who holds a CA key', async () => {
    const { scene, keys } = await openKeyless();
    await using _ = scene;
    const { request, pollSecret } = await scene.askSudo('alice');
    const offered = signatureOf(request, keys.alice);
    const issued = await signOwnRequest(scene.authority, request.id, pollSecret, offered);
    const { leaf } = await issuedSudo(scene, issued);
    expect(leaf).toMatchObject({ signer: 'alice', touches: [], approvals: [] });
    checkCertificateLeaf(leaf);
  });

  it('is completed once, whoever signs first', async () => {
    const { scene, keys } = await openKeyless();
    await using _ = scene;
    const { request } = await touched(scene);
    const outcomes = await Promise.allSettled([
      signWaiting(scene, request, keys.carol),
      signWaiting(scene, request, keys.alice),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await scene.authority.store.read((tx) => tx.countIssued('dave', 0, 5))).toBe(1);
  });

  it.each<
    [
      string,
      (
        request: PendingIssue,
        keys: { carol: SoftSecurityKey; alice: SoftSecurityKey },
      ) => { draft: number; signature: Uint8Array },
    ]
  >([
    ['without a touch', (request, { carol }) => signatureOf(request, carol, 0)],
    ['with only a PIN', (request, { carol }) => signatureOf(request, carol, UV)],
    [
      'of a key that nobody knows',
      (request, { carol }) => ({
        ...draftOf(request, carol),
        signature: new SoftSecurityKey().sign(draftOf(request, carol).bytes),
      }),
    ],
    [
      'over the alternative of another key',
      (request, { carol, alice }) => ({
        draft: draftOf(request, alice).draft,
        signature: carol.sign(draftOf(request, alice).bytes),
      }),
    ],
    [
      'over something else',
      (request, { carol }) => ({
        draft: draftOf(request, carol).draft,
        signature: carol.sign(new Uint8Array(32)),
      }),
    ],
    ['over no draft', (_request, { carol }) => ({ draft: 2, signature: carol.sign(new Uint8Array()) })],
    [
      'that is empty',
      (request, { carol }) => ({ draft: draftOf(request, carol).draft, signature: new Uint8Array() }),
    ],
  ])('refuses a CA signature %s', async (_title, make) => {
    const { scene, keys } = await openKeyless();
    await using _ = scene;
    const { request } = await touched(scene);
    const { viewSecret } = await scene.waiting(request.id);
    const signing = signRequest(scene.authority, request.id, viewSecret, make(request, keys));
    expect(await codeOfAsync(signing)).toBe('signature-refused');
    expect((await scene.waiting(request.id)).request.state.kind).toBe('waiting');
  });

  it('is not issued to somebody by another person’s CA key without the own touch', async () => {
    const { scene, keys } = await openKeyless();
    await using _ = scene;
    const { request, pollSecret } = await scene.askSudo('alice');
    const offered = signatureOf(request, keys.carol);
    expect(await codeOfAsync(signOwnRequest(scene.authority, request.id, pollSecret, offered))).toBe(
      'signature-refused',
    );
  });

  it('is not signed by its own holder where the role asks for an approval', async () => {
    const { scene, keys } = await openKeyless({ sudo: ONE_APPROVAL });
    await using _ = scene;
    const { request, pollSecret } = await scene.askSudo('alice');
    const offered = signatureOf(request, keys.alice);
    expect(await codeOfAsync(signOwnRequest(scene.authority, request.id, pollSecret, offered))).toBeOneOf([
      'own-request',
      'not-an-approver',
    ]);
    const waiting = await touched(scene, 'alice');
    expect(await codeOfAsync(signWaiting(scene, waiting.request, keys.alice))).toBe('own-request');
    expect((await signWaiting(scene, waiting.request, keys.carol)).state.kind).toBe('issued');
  });

  it('is not approved by a mere touch, but can be rejected by one', async () => {
    const { scene } = await openKeyless();
    await using _ = scene;
    const { request } = await touched(scene);
    const carol = await scene.enrol('carol');
    expect(await codeOfAsync(scene.answer(request, 'carol', carol))).toBe('not-an-approver');
    const erin = await scene.enrol('erin');
    expect(await codeOfAsync(scene.answer(request, 'erin', erin, 'reject'))).toBe('not-an-approver');
    expect((await scene.answer(request, 'carol', carol, 'reject')).state.kind).toBe('rejected');
  });

  it('is shown to, and rejected by, those who could sign it only', async () => {
    const { scene } = await openKeyless({ sudo: ONE_APPROVAL });
    await using _ = scene;
    const { request } = await touched(scene);
    const listed = async (person: string) => (await listApprovals(scene.authority, person)).length;
    expect([await listed('carol'), await listed('erin'), await listed('alice')]).toEqual([1, 0, 0]);
    const erin = await scene.enrol('erin');
    expect(await codeOfAsync(scene.answer(request, 'erin', erin, 'reject'))).toBe('not-an-approver');
  });

  it('is not rejected by the owner of a CA key who has left', async () => {
    const { scene, caKeys } = await openKeyless();
    await using _ = scene;
    const { request } = await touched(scene);
    const carol = await scene.enrol('carol');
    await scene.loadRoster(sudoRoster({ caKeys, people: WITHOUT_CAROL }));
    expect(await codeOfAsync(scene.answer(request, 'carol', carol, 'reject'))).toBe('not-an-approver');
  });

  it('needs a touch of an attested model besides the CA signature where the role says so', async () => {
    const model = 'ee882879-721c-4913-9775-3dfcce97072a';
    const touch = `{ attestation: { aaguids: [${model}], roots: [${JSON.stringify(MAKER_A)}] } }`;
    const { scene, keys } = await openKeyless({ touch });
    await using _ = scene;
    const { request, pollSecret } = await scene.askSudo('alice');
    const offered = signatureOf(request, keys.alice);
    const signing = signOwnRequest(scene.authority, request.id, pollSecret, offered);
    expect(await codeOfAsync(signing)).toBe('attestation-required');
  });

  it('needs the user verified in the CA signature where the role says so', async () => {
    const { scene, keys } = await openKeyless({ touch: '{ user_verification: required }' });
    await using _ = scene;
    const { request } = await touched(scene);
    expect(await codeOfAsync(signWaiting(scene, request, keys.carol))).toBe('user-verification-required');
    expect((await signWaiting(scene, request, keys.carol, UP | UV)).state.kind).toBe('issued');
    const again = await scene.askSudo('alice');
    const offered = signatureOf(again.request, keys.alice, UP | UV);
    const issued = await signOwnRequest(scene.authority, again.request.id, again.pollSecret, offered);
    expect(issued.state.kind).toBe('issued');
  });

  it.each([
    ['was taken out of the roster', (caKeys: CaKeys) => sudoRoster({ caKeys: { alice: caKeys.alice } })],
    [
      'was retired',
      (caKeys: CaKeys) =>
        sudoRoster({ caKeys }).replace('person: carol, ', 'person: carol, state: retired, '),
    ],
    ['belongs to somebody who left', (caKeys: CaKeys) => sudoRoster({ caKeys, people: WITHOUT_CAROL })],
  ])('refuses the signature of a key that %s meanwhile', async (_title, rosterOf) => {
    const { scene, keys, caKeys } = await openKeyless();
    await using _ = scene;
    const { request } = await touched(scene);
    const { viewSecret } = await scene.waiting(request.id);
    await scene.loadRoster(rosterOf(caKeys));
    const signing = signRequest(scene.authority, request.id, viewSecret, signatureOf(request, keys.carol));
    expect(await codeOfAsync(signing)).toBe('signature-refused');
    // It still waits for somebody who can.
    expect((await scene.find(request.id)).state.kind).toBe('waiting');
  });

  it('goes on with the keys that are left when another one is retired', async () => {
    const { scene, keys, caKeys } = await openKeyless();
    await using _ = scene;
    const { request } = await touched(scene);
    await scene.loadRoster(sudoRoster({ caKeys: { alice: caKeys.alice } }));
    expect((await signWaiting(scene, request, keys.alice)).state.kind).toBe('issued');
  });

  it('is asked for apart from a login', async () => {
    await using opened = (await openKeyless()).scene;
    expect(await codeOfAsync(opened.askSudo('dave', { withLogin: true }))).toBe('ask-apart');
  });
});

describe('CA keys of people', () => {
  it('stand in the bundle and in the log, and readiness looks for them', async () => {
    const { scene, caKeys } = await openKeyless();
    await using _ = scene;
    const { statement } = await signBundle(scene.authority);
    const bundle = JSON.parse(new TextDecoder().decode(statement));
    const sudo = bundle.caKeys.filter(({ purpose }: { purpose: string }) => purpose === 'sudo');
    expect(sudo.map(({ signer }: { signer: object }) => signer)).toEqual([
      { person: 'carol' },
      { person: 'alice' },
    ]);
    const leaves = await Promise.all(
      [0, 1, 2].map((index) => scene.authority.store.read((tx) => tx.logLeaf(index))),
    );
    const authorities = leaves
      .flatMap((leaf) => (leaf === undefined ? [] : [decodeLeaf(leaf)]))
      .flatMap((leaf) => (leaf.kind === 'authority' ? [leaf.caKeys.map(({ purpose }) => purpose)] : []));
    expect(authorities).toEqual([
      ['login', 'builder', 'host'],
      ['login', 'builder', 'host', 'sudo', 'sudo'],
    ]);
    expect(Object.keys(caKeys)).toHaveLength(2);
    expect((await checkReadiness(scene.authority)).every(({ ok }) => ok)).toBe(true);
  });

  it('have no other role: neither as somebody’s security key nor as a subject', async () => {
    const { scene, roster, keys } = await openKeyless();
    await using _ = scene;
    const dave = await scene.enrol('dave');
    const key = newKey();
    await scene.login('dave', dave, { key });
    const before = await scene.authority.store.read((tx) => tx.rosterDigest());
    const touching = roster.replace(
      'roles: [lead] }',
      `roles: [lead], security_keys: ["${lineOf(keys.carol)}"] }`,
    );
    expect(await codeOfAsync(scene.loadRoster(touching))).toBe('bad-roster');
    expect(await scene.authority.store.read((tx) => tx.rosterDigest())).toBe(before);
  });

  it('are refused in the roster of an authority that signs itself, and missed where people sign', async () => {
    await using signing = await openScene({ roster: sudoRoster() });
    const caKeys = { carol: new SoftSecurityKey().publicKey };
    expect(await codeOfAsync(signing.loadRoster(sudoRoster({ caKeys })))).toBe('bad-roster');
    await using keyless = await openScene({ roster: '', signers: { sudo: 'touch' } });
    expect(await codeOfAsync(keyless.loadRoster(sudoRoster()))).toBe('bad-roster');
  });
});

describe('whoever has everything that usherd has', () => {
  /** All keys of the process, its store and its code; nobody touches. */
  it('can not issue a certificate for sudo that an installed CA key signed', async () => {
    const { scene, caKeys } = await openKeyless();
    await using _ = scene;
    const { request, pollSecret } = await touched(scene);
    const stolen = [scene.authority.bundleKey, scene.authority.throwaway];
    const { viewSecret } = await scene.waiting(request.id);
    for (const draft of draftsOf(request).keys()) {
      const bytes = draftsOf(request)[draft] ?? new Uint8Array();
      const signatures = [
        ...(await Promise.all(
          (['login', 'builder', 'host'] as const).map((purpose) => scene.caSigner(purpose).sign(bytes)),
        )),
        ...stolen.map((key) => signMessage(key, bytes)),
      ];
      for (const signature of signatures) {
        const offered = { draft, signature };
        expect(await codeOfAsync(signRequest(scene.authority, request.id, viewSecret, offered))).toBe(
          'signature-refused',
        );
        expect(await codeOfAsync(signOwnRequest(scene.authority, request.id, pollSecret, offered))).toBe(
          'request-answered',
        );
      }
    }
    // Made up in the store: everybody consented. Signing then still needs a key that is not here.
    const consent = { approvals: [], ...(request.state.kind === 'waiting' ? request.state.consent : {}) };
    const forged = { ...request, state: { kind: 'signing', consent, leaseUntil: 0 } } as const;
    await scene.authority.store.write((tx) => tx.updateRequest(forged));
    const { resultOf } = await import('../../src/authority/release.ts');
    const result = await resultOf(scene.authority, request.id, pollSecret).catch((error: unknown) => error);
    expect(result).not.toMatchObject({ state: { kind: 'issued' } });
    expect(await scene.authority.store.read((tx) => tx.countIssued('dave', 0, 5))).toBe(0);
    expect(Object.keys(caKeys)).toEqual(['carol', 'alice']);
  });

  it('gets drafts for a CA key of their own by a roster of their own, which no host trusts', async () => {
    const { scene, caKeys } = await openKeyless();
    await using _ = scene;
    const mallory = new SoftSecurityKey();
    await scene.loadRoster(sudoRoster({ caKeys: { alice: mallory.publicKey } }));
    const { request, pollSecret }: Asked = await scene.askSudo('alice');
    const issued = await signOwnRequest(
      scene.authority,
      request.id,
      pollSecret,
      signatureOf(request, mallory),
    );
    const { certificate } = await issuedSudo(scene, issued);
    const installed = Object.values(caKeys);
    expect(installed.some((key) => samePublicKey(key, certificate.fields.authority))).toBe(false);
  });
});

function lineOf({ publicKey }: SoftSecurityKey): string {
  return formatPublicKeyLine(publicKey);
}
