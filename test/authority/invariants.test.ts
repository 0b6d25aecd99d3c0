/** What must always hold (design, section 9), as far as it concerns sign-in; number 6 is in test/http/secrets.test.ts. */
import { copyFile } from 'node:fs/promises';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ask } from '../../src/authority/ask.ts';
import type { Authority } from '../../src/authority/authority.ts';
import { draftCertificate, newSerial } from '../../src/authority/draft.ts';
import { touchRequest } from '../../src/authority/issue.ts';
import { claimCaKeys } from '../../src/authority/key-roles.ts';
import type { PendingIssue } from '../../src/authority/records.ts';
import type { Released } from '../../src/authority/release.ts';
import { proveConsistency, release, resultOf } from '../../src/authority/release.ts';
import { systemRandom } from '../../src/compose.ts';
import { verifyLoggedIssue } from '../../src/fido/logged-touch.ts';
import { checkCertificateLeaf } from '../../src/log/certificate-leaf.ts';
import { openCheckpoint } from '../../src/log/checkpoint.ts';
import { acceptCheckpoint } from '../../src/log/latest.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import { hashLeaf } from '../../src/log/merkle.ts';
import { parseVerifierKey } from '../../src/log/note-key.ts';
import { verifyConsistency, verifyInclusion } from '../../src/log/verify-proofs.ts';
import { decodeCertificate } from '../../src/ssh/certificate.ts';
import { samePublicKey } from '../../src/ssh/public-key.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { SoftAuthenticator, SoftSecurityKey } from '../support/soft-authenticator.ts';
import { readSources } from '../support/sources.ts';
import type { Scene } from './scene.ts';
import { newKey, openScene, ROSTER } from './scene.ts';
import { rosterWith } from './security-keys.ts';
import { Gate, stagedSigner } from './stage.ts';

function treeOf({ logVerifierKey }: Authority, { checkpoint }: { readonly checkpoint: string }) {
  return openCheckpoint(checkpoint, parseVerifierKey(logVerifierKey));
}

async function headOf({ store }: Authority) {
  return store.read((tx) => tx.logHead());
}

function fieldsOf({ certificates }: Released) {
  return certificates.map(({ certificate }) => decodeCertificate(certificate).fields);
}

describe('Every released certificate is a leaf, with touches that verify over its exact draft.', () => {
  test.for(['passkey', 'security key of the roster'] as const)('touched with a %s', async (way) => {
    const listed = new SoftSecurityKey();
    await using scene = await openScene({ roster: rosterWith(listed) });
    const key = way === 'passkey' ? await scene.enrol('alice') : listed;
    const asked = await scene.askForMany('alice', [newKey(), newKey(), newKey()]);
    const released = await release(scene.authority, await scene.touch(asked, key), 0);
    expect(released.certificates).toHaveLength(3);
    const tree = treeOf(scene.authority, released);
    for (const [place, one] of released.certificates.entries()) {
      const leaf = decodeLeaf(one.leaf);
      if (leaf.kind !== 'certificate') throw new Error(`a leaf of kind ${leaf.kind}`);
      const { draft } = checkCertificateLeaf(leaf);
      expect(leaf.certificate).toEqual(one.certificate);
      expect(draft).toEqual(asked.request.certificates[place]?.drafts[0]);
      expect(leaf.draftHashes[leaf.index]).toEqual(sha256(draft));
      expect(await verifyLoggedIssue(leaf)).toHaveLength(1);
      const { leafIndex: index, inclusionProof: proof } = one;
      verifyInclusion({ index, leafHash: hashLeaf(one.leaf), proof }, tree);
    }
  });
});

describe("No certificate has an empty principal list, a principal outside the roster, a validity longer than its profile's, or serial 0.", () => {
  const names = ['alice', 'deploy', 'root', 'bob'];
  const places = ['web1', 'db', 'web', 'web2', 'nowhere', '*'];
  const granted = ['alice@web1', 'alice@db', 'deploy@web1', 'deploy@db'];

  test('whatever is asked for', async () => {
    await using scene = await openScene({ bounds: { perPersonHourly: 1000 } });
    const alice = await scene.enrol('alice');
    const question = fc.record({
      logins: fc.uniqueArray(fc.constantFrom(...names), { minLength: 0, maxLength: 3 }),
      hosts: fc.uniqueArray(fc.constantFrom(...places), { minLength: 0, maxLength: 3 }),
      lifetime: fc.integer({ min: 0, max: 100_000 }),
    });
    let issued = 0;
    await fc.assert(
      fc.asyncProperty(question, async (options) => {
        const asked = await scene.ask('alice', options).catch(() => undefined);
        if (asked === undefined) return;
        const request = await scene.touch(asked, alice).catch(() => undefined);
        if (request === undefined) return;
        issued += 1;
        for (const fields of fieldsOf(await release(scene.authority, request, 0))) {
          expect(fields.principals.length).toBeGreaterThan(0);
          expect(granted).toEqual(expect.arrayContaining([...fields.principals]));
          expect(Number(fields.validBefore - fields.validAfter)).toBeLessThanOrEqual(20 * 3600 + 300);
          expect(fields.serial).toBeGreaterThan(0n);
        }
      }),
      { numRuns: 120, examples: [[{ logins: ['alice'], hosts: ['web1'], lifetime: 3600 }]] },
    );
    expect(issued).toBeGreaterThan(0);
  });

  test('not even where policy would let it pass', () => {
    const key = newKey();
    const terms = { principals: ['alice@web1'], lifetime: 3600, criticalOptions: [], extensions: [] };
    const draft = (changes: Partial<typeof terms>) => () =>
      draftCertificate(
        {
          purpose: 'login',
          holder: 'alice',
          requestId: 'A'.repeat(22),
          subject: key.publicKey,
          terms: { ...terms, ...changes },
          authorities: [key.publicKey],
          now: 1_800_000_000,
        },
        systemRandom,
        key,
      );
    expect(draft({ principals: [] })).toThrow(/principal/);
    expect(draft({ principals: ['alice,root'] })).toThrow();
    expect(draft({ lifetime: 400 * 86_400 })).toThrow();
    expect(draft({})()).toHaveLength(1);
  });

  test('nor where chance gives a zero, or a serial that an offline key could count to', () => {
    const smallFirst = [
      new Uint8Array(8),
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80),
      Uint8Array.of(255, 255, 255, 255, 255, 255, 7, 0),
      Uint8Array.of(0, 0, 0, 0, 0, 0, 8, 0),
    ];
    const serial = newSerial({ bytes: () => smallFirst.shift() ?? new Uint8Array(8).fill(2) });
    expect(serial).toBe(2n ** 51n);
  });
});

describe('No serial is used twice, also across replicas and restores.', () => {
  test('two replicas whose chance gives the same serial: the second records and releases nothing', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const unlucky = (authority: Authority): Authority => ({
      ...authority,
      random: { bytes: (length) => (length === 8 ? new Uint8Array(8).fill(5) : systemRandom.bytes(length)) },
    });
    const twins = [unlucky(scene.authority), unlucky(await scene.openTwin())];

    const outcomes = [];
    for (const authority of twins) {
      const certificates = [scene.question('alice')];
      const { request, pollSecret } = await ask(authority, { person: 'alice', certificates, from: '::1' });
      const assertion = scene.assertion(request, alice);
      outcomes.push(await codeOfAsync(touchRequest(authority, request.id, { pollSecret }, assertion)));
    }
    expect(outcomes[0]).toHaveProperty('accepted');
    expect(outcomes[1]).toBe('duplicate');
    const { size } = await headOf(scene.authority);
    // Of the authority, the roster, the enrolment and one certificate.
    expect(size).toBe(4);
  });

  test('a restored backup: serials do not follow from what is stored', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    await scene.authority.store.close();
    const backup = `${scene.databasePath}.backup`;
    await copyFile(scene.databasePath, backup);
    const serials = [];
    for (const path of [scene.databasePath, backup]) {
      const store = await openSqliteStore({ path, signCheckpoint: () => 'a checkpoint' });

      const authority = { ...scene.authority, store };
      const certificates = [scene.question('alice')];
      const { request, pollSecret } = await ask(authority, { person: 'alice', certificates, from: '::1' });
      const assertion = scene.assertion(request, alice);
      const { state } = await touchRequest(authority, request.id, { pollSecret }, assertion);
      if (state.kind === 'issued') serials.push(...state.serials);
      await store.close();
    }
    expect(new Set(serials).size).toBe(2);
  });
});

describe('A request yields at most one set of certificates, and only if policy still covers it when it is signed.', () => {
  test('whoever touches, resumes or asks again, here and in another process', async () => {
    const signer = stagedSigner();
    await using scene = await openScene({ signers: { login: signer } });
    const twin = await scene.openTwin();
    const alice = await scene.enrol('alice');
    const { request, pollSecret } = await scene.ask('alice');
    signer.instead = () => Promise.reject(new Error('gone'));
    await codeOfAsync(scene.touch({ request, pollSecret, hints: noHints }, alice));
    signer.instead = undefined;
    scene.pass(30);
    const tries = Array.from({ length: 8 }, async (_, index) => {
      const authority = index % 2 === 0 ? scene.authority : twin;
      const assertion = scene.assertion(request, alice);
      if (index < 4) return touchRequest(authority, request.id, { pollSecret }, assertion);
      return resultOf(authority, request.id, pollSecret);
    });
    await Promise.allSettled(tries);
    const ended = await resultOf(scene.authority, request.id, pollSecret);
    const { certificates } = await release(scene.authority, ended, 0);
    expect(certificates).toHaveLength(1);
    expect((await headOf(scene.authority)).size).toBe(4);
  });

  test('a person who is removed while the CA key signs gets nothing, also not later', async () => {
    const signer = stagedSigner();
    const gate = new Gate();
    await using scene = await openScene({ signers: { login: signer } });
    const alice = await scene.enrol('alice');
    signer.instead = async (draft, sign) => {
      await gate.pass();
      return sign(draft);
    };
    const asked = await scene.ask('alice');
    const touching = codeOfAsync(scene.touch(asked, alice));
    await gate.reached;
    await scene.loadRoster(ROSTER.replace(/ {2}alice: .*\n/, ''));
    gate.open();
    expect(await touching).toBe('unknown-person');
    await scene.loadRoster(ROSTER);
    scene.pass(31);
    const result = resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(await codeOfAsync(result)).toBe('unknown-person');
  });
});

const noHints = { credentialIds: [], userVerification: false, approvals: 0 };

describe("A key of one purpose never signs another purpose's certificate.", () => {
  test('a login asks the CA key for login, and no other', async () => {
    const signers = {
      login: stagedSigner(),
      sudo: stagedSigner(),
      builder: stagedSigner(),
      host: stagedSigner(),
    };
    await using scene = await openScene({ signers });
    const alice = await scene.enrol('alice');
    const { certificate } = await scene.login('alice', alice);
    const { fields } = decodeCertificate(certificate);
    expect(samePublicKey(fields.authority, signers.login.publicKey)).toBe(true);
    const calls = [signers.login, signers.sudo, signers.builder, signers.host].map((each) => each.calls());
    expect(calls).toEqual([1, 0, 0, 0]);
  });

  test('a draft that names the key of another purpose is not signed', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const { login, sudo } = { login: scene.caSigner('login'), sudo: scene.caSigner('sudo') };
    const swapped = scene.withSigners({ login: sudo, sudo: login });
    const touching = touchRequest(swapped, asked.request.id, asked, scene.assertion(asked.request, alice));
    expect(await codeOfAsync(touching)).toBe('signing-failed');
    expect(await codeOfAsync(claimCaKeys(swapped))).toBe('key-has-role');
  });

  test('three places call a CA signer: to sign drafts, to try out the key, and in an emergency', () => {
    const callers = readSources(['src'])
      .filter(({ path }) => path.startsWith('src/') && !/^src\/(signer|agent|ssh|fido|log)\//.test(path))
      .filter(({ code }) => /\bsigner\w*(\[[^\]]*\])?\.sign\b|\bsign:? *\} *=|\.sign\(/.test(code))
      .map(({ path }) => path);
    expect(callers).toEqual([
      'src/commands/break-glass.ts',
      'src/authority/ready.ts',
      'src/authority/sign.ts',
    ]);
  });
});

describe('A caller that is not authenticated learns nothing about who exists, and can not fill the store.', () => {
  test('refusals of untouched requests are one and the same', async () => {
    await using scene = await openScene();
    await scene.enrol('alice');
    const stranger = new SoftAuthenticator();
    const answers = new Set<string>();
    for (const person of ['alice', 'bob', 'nobody']) {
      const asked = await scene.ask(person);
      const refused = scene.touch(asked, stranger);
      answers.add(await refused.then(String, (error: Error) => error.message));
    }
    expect(answers.size).toBe(1);
  });

  test('the pool stays within its bounds, whoever asks how often', async () => {
    const pool = { total: 20, perAddress: 5 };
    await using scene = await openScene({ bounds: { pool } });
    const ids: string[] = [];
    for (let count = 0; count < 60; count += 1)
      ids.push((await scene.ask(`person${count}`, { from: `2001:db8:0:${count % 30}::1` })).request.id);
    const kept = await scene.authority.store.read(async (tx) => {
      const found: boolean[] = [];
      for (const id of ids) found.push((await tx.findRequest(id)) !== undefined);
      return found.filter(Boolean).length;
    });
    expect(kept).toBe(20);
    expect((await headOf(scene.authority)).size).toBe(2);
  });
});

describe('Checkpoints never contradict each other; the command refuses a log that forked from what it saw before.', () => {
  test('every two checkpoints of two processes are consistent', async () => {
    await using scene = await openScene({ bounds: { perPersonHourly: 1000 } });
    const twin = await scene.openTwin();
    const keys = [await scene.enrol('alice'), await scene.enrol('alice')];
    const heads = await Promise.all(
      keys.map((key, index) => issueMany(scene, index === 0 ? scene.authority : twin, key, 6)),
    );
    const all = heads.flat().map((head) => treeOf(scene.authority, head));
    const sorted = all.sort((a, b) => a.size - b.size);
    const proofOf = (from: number, to: { size: number; checkpoint: string }) =>
      scene.authority.store.read((tx) => proveConsistency(tx, to, from));
    for (const [place, older] of sorted.entries()) {
      const newer = sorted[place + 1] ?? older;
      const proof = await proofOf(older.size, { size: newer.size, checkpoint: '' });
      verifyConsistency(older, newer, proof);
      acceptCheckpoint({ seen: older, offered: newer, consistencyProof: proof });
    }
  });

  test('a fork is refused', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    await scene.authority.store.close();
    const backup = `${scene.databasePath}.backup`;
    await copyFile(scene.databasePath, backup);
    const twin = await scene.openTwin();
    const heads = await issueMany(scene, twin, alice, 2);
    const [, seen] = heads.map((head) => treeOf(scene.authority, head));
    await twin.store.close();
    await copyFile(backup, scene.databasePath);
    const restored = await scene.openTwin();
    const [forked] = await issueMany(scene, restored, alice, 3).then((all) => all.slice(-1));
    if (seen === undefined || forked === undefined) throw new Error('no checkpoints');
    const offered = treeOf(scene.authority, forked);
    const consistencyProof = await restored.store.read((tx) => proveConsistency(tx, forked, seen.size));
    expect(() => acceptCheckpoint({ seen, offered, consistencyProof })).toThrow(
      expect.objectContaining({ code: 'fork' }),
    );
  });
});

/** Logins one after the other. @returns the head of the log after each. */
async function issueMany(scene: Scene, authority: Authority, key: SoftAuthenticator, count: number) {
  const heads: { size: number; checkpoint: string }[] = [];
  for (let done = 0; done < count; done += 1) {
    const certificates = [scene.question('alice')];
    const { request, pollSecret } = await ask(authority, { person: 'alice', certificates, from: '::1' });
    const issued: PendingIssue = await touchRequest(
      authority,
      request.id,
      { pollSecret },
      scene.assertion(request, key),
    );
    await release(authority, issued, 0);
    heads.push(await headOf(authority));
  }
  return heads;
}
