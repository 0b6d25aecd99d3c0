import { describe, expect, it } from 'vitest';
import { actResult, askAct, touchAct } from '../../src/authority/act.ts';
import { confirmEnrolment, startEnrolment } from '../../src/authority/enroll.ts';
import { findAct, findIssue } from '../../src/authority/find-request.ts';
import { enterCode, openPage, reviewRequest, vouchForPage } from '../../src/authority/page.ts';
import { removeCredential } from '../../src/authority/remove-credential.ts';
import { actDigest } from '../../src/authority/request-digest.ts';
import { hashSecret } from '../../src/authority/secrets.ts';
import { verifyLoggedAct } from '../../src/fido/logged-touch.ts';
import { touchCode } from '../../src/fido/touch-digest.ts';
import type { Leaf } from '../../src/log/leaf.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import type { Act } from '../../src/ssh/act.ts';
import { decodeAct } from '../../src/ssh/act.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { FLAGS, SoftAuthenticator } from '../support/soft-authenticator.ts';
import { ask, assertionOver, KEEPERS, perform, revoke, touch } from './act-scene.ts';
import type { Scene } from './scene.ts';
import { openScene } from './scene.ts';
import { Gate, stagedStore } from './stage.ts';

const INVITE: Act = { kind: 'invite-host', host: 'web1', tokenHash: hashSecret('a token') };
const MUST_NOT: Act = { kind: 'invite-host', host: 'web9', tokenHash: hashSecret('another') };

async function leavesOf(scene: Scene, from = 0): Promise<readonly Leaf[]> {
  return scene.authority.store.read(async (tx) => {
    const { size } = await tx.logHead();
    const leaves: Leaf[] = [];
    for (let index = from; index < size; index++)
      leaves.push(decodeLeaf((await tx.logLeaf(index)) ?? new Uint8Array()));
    return leaves;
  });
}

async function logSize(scene: Scene): Promise<number> {
  return (await scene.authority.store.read((tx) => tx.logHead())).size;
}

function counterOf(scene: Scene, id: string): Promise<number | undefined> {
  return scene.authority.store.read(async (tx) => (await tx.findCredential(id))?.counter);
}

describe('an act is refused', () => {
  it.for([
    ['by somebody without the right', 'alice', INVITE, 'right-missing'],
    ['by somebody with another right', 'rita', INVITE, 'right-missing'],
    ['for a host that the roster does not know', 'kim', MUST_NOT, 'host-unknown'],
  ] as const)('%s, and ends with that; the counter stays raised', async ([, person, act, code]) => {
    await using scene = await openScene({ roster: KEEPERS });
    const key = await scene.enrol(person);
    const before = await logSize(scene);
    const asked = await ask(scene, person, act);
    const assertion = assertionOver(scene, asked.request, key);
    const again = () => touchAct(scene.authority, asked.request.id, asked, assertion);
    expect(await codeOfAsync(again())).toBe(code);
    expect(await counterOf(scene, key.credentialId)).toBe(key.counter);
    // It stays refused, whoever asks again, and with another roster too.
    await scene.loadRoster(KEEPERS.replaceAll('engineer]', 'keeper]').replaceAll('desk]', 'keeper]'));
    expect(await codeOfAsync(again())).toBe(code);
    expect(await codeOfAsync(touch(scene, asked, key))).toBe(code);
    expect(await codeOfAsync(actResult(scene.authority, asked.request.id, asked.pollSecret))).toBe(code);
    expect((await leavesOf(scene, before)).map(({ kind }) => kind)).not.toContain('act');
  });

  it('when it can not be carried out: nothing of it stays but that it was touched', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const kim = await scene.enrol('kim');
    const before = await logSize(scene);
    const asked = await ask(scene, 'kim', revoke('serial', 99n));
    expect(await codeOfAsync(touch(scene, asked, kim))).toBe('nothing-to-revoke');
    expect(await counterOf(scene, kim.credentialId)).toBe(kim.counter);
    expect(await logSize(scene)).toBe(before);
    expect(await codeOfAsync(touch(scene, asked, kim))).toBe('nothing-to-revoke');
  });

  it('when the touch is somebody else’s, or over something else', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const [kim, rita, alice] = [
      await scene.enrol('kim'),
      await scene.enrol('rita'),
      await scene.enrol('alice'),
    ];
    const asked = await ask(scene, 'kim', INVITE);
    const other = await ask(scene, 'kim', { ...INVITE, tokenHash: hashSecret('theirs') });
    for (const key of [rita, alice, new SoftAuthenticator()])
      expect(await codeOfAsync(touch(scene, asked, key))).toBe('touch-refused');
    const elsewhere = assertionOver(scene, other.request, kim);
    expect(await codeOfAsync(touchAct(scene.authority, asked.request.id, asked, elsewhere))).toBe(
      'touch-refused',
    );
    await touch(scene, asked, kim);
  });

  it('without the PIN that the role asks for', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const rita = await scene.enrol('rita');
    const asked = await ask(scene, 'rita', revoke('person', 'alice'));
    expect(asked.hints.userVerification).toBe(true);
    const assertion = assertionOver(scene, asked.request, rita, FLAGS.up);
    const touching = touchAct(scene.authority, asked.request.id, asked, assertion);
    expect(await codeOfAsync(touching)).toBe('user-verification-required');
  });

  it('when the security key is removed between touch and decision', async () => {
    const staged = stagedStore();
    await using scene = await openScene({ roster: KEEPERS, wrapStore: staged.wrap });
    const kim = await scene.enrol('kim');
    const asked = await ask(scene, 'kim', INVITE);
    const twin = await scene.openTwin();
    const gate = new Gate();
    const slow = {
      ...scene.authority.store,
      write: async <T>(work: Parameters<typeof scene.authority.store.write<T>>[0]) => {
        await gate.pass();
        return scene.authority.store.write(work);
      },
    };
    const touching = codeOfAsync(touch(scene, asked, kim, { ...scene.authority, store: slow }));
    await gate.reached;
    await removeCredential(twin, kim.credentialId, 'stolen');
    gate.open();
    expect(['touch-refused', 'unknown-credential']).toContain(await touching);
    expect((await leavesOf(scene)).map(({ kind }) => kind)).not.toContain('act');
  });

  it('after two minutes', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const kim = await scene.enrol('kim');
    const asked = await ask(scene, 'kim', INVITE);
    scene.pass(120);
    expect(await codeOfAsync(touch(scene, asked, kim))).toBe('request-expired');
    const result = actResult(scene.authority, asked.request.id, asked.pollSecret);
    expect(await codeOfAsync(result)).toBe('request-expired');
  });

  it('before it is kept, when nobody can do it', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const names = Array.from({ length: 256 }, (_, index) => `${index + 1000}`.padEnd(240, 'x'));
    const key = `SHA256:${'A'.repeat(43)}`;
    const large: Act = { kind: 'activate-ca', purpose: 'login', key, evenWithout: names };
    expect(await codeOfAsync(ask(scene, 'kim', large))).toBe('too-large-to-log');
    const nameless: Act = { kind: 'revoke', target: { kind: 'serial', name: '0' }, reason: 'gone' };
    expect(await codeOfAsync(ask(scene, 'kim', nameless))).toBe('bad-act');
    const unsaid: Act = { kind: 'revoke', target: { kind: 'serial', name: '1' }, reason: '' };
    expect(await codeOfAsync(ask(scene, 'kim', unsaid))).toBe('bad-act');
  });
});

describe('the secret of', () => {
  it('one act shows no other one, nor a request for a certificate', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const kim = await scene.enrol('kim');
    const [mine, theirs] = [
      await ask(scene, 'kim', INVITE),
      await ask(scene, 'rita', revoke('person', 'bob')),
    ];
    const login = await scene.ask('kim');
    for (const { id } of [theirs.request, login.request]) {
      expect(await codeOfAsync(actResult(scene.authority, id, mine.pollSecret))).toBe('unknown-request');
      const assertion = assertionOver(scene, mine.request, kim);
      expect(await codeOfAsync(touchAct(scene.authority, id, mine, assertion))).toBe('unknown-request');
    }
    const { id } = login.request;
    expect(await codeOfAsync(actResult(scene.authority, id, login.pollSecret))).toBe('unknown-request');
    expect(await codeOfAsync(actResult(scene.authority, mine.request.id, theirs.pollSecret))).toBe(
      'unknown-request',
    );
  });

  it('an enrolment is none of an act, and an enrolment has no page', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const kim = await scene.enrol('kim');
    const { request, pollSecret } = await startEnrolment(
      scene.authority,
      await scene.invite('alice'),
      '192.0.2.1',
    );
    const { id } = request;
    const act = await ask(scene, 'kim', INVITE);
    const assertion = assertionOver(scene, act.request, kim);
    for (const trying of [
      () => actResult(scene.authority, id, pollSecret),
      () => touchAct(scene.authority, id, { pollSecret }, assertion),
      () => openPage(scene.authority, id, '192.0.2.1'),
      () => confirmEnrolment(scene.authority, act.request.id, act.pollSecret, assertion),
    ])
      expect(await codeOfAsync(trying())).toBe('unknown-request');
  });

  it('an act is none of a certificate', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const { request, pollSecret } = await ask(scene, 'kim', INVITE);
    const { store } = scene.authority;
    await store.read((tx) => findAct(tx, request.id, { pollSecret }));
    expect(await codeOfAsync(store.read((tx) => findIssue(tx, request.id, { pollSecret })))).toBe(
      'unknown-request',
    );
  });
});

describe('an act is carried out once', () => {
  it('however many touches come at once, here and in another process', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const twin = await scene.openTwin();
    const kim = await scene.enrol('kim');
    const alice = await scene.enrol('alice');
    await scene.login('alice', alice);
    const before = await logSize(scene);
    const asked = await ask(scene, 'kim', revoke('person', 'alice'));
    const touches = Array.from({ length: 6 }, (_, index) =>
      touch(scene, asked, kim, index % 2 === 0 ? scene.authority : twin),
    );
    for (const { state } of await Promise.all(touches))
      expect(state).toMatchObject({ kind: 'done', result: { kind: 'revoked', count: 1 } });
    const kinds = (await leavesOf(scene, before)).map(({ kind }) => kind);
    expect(kinds).toEqual(['act', 'revoke']);
  });

  it('and the reply that was lost can be fetched, or touched for, again', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const kim = await scene.enrol('kim');
    const asked = await ask(scene, 'kim', INVITE);
    const { id } = asked.request;
    expect((await actResult(scene.authority, id, asked.pollSecret)).state.kind).toBe('pending');
    const assertion = assertionOver(scene, asked.request, kim);
    const first = await touchAct(scene.authority, id, asked, assertion);
    expect(first.state).toEqual({
      kind: 'done',
      result: { kind: 'host-invited', host: 'web1', expiresAt: scene.now + 3600 },
    });
    const size = await logSize(scene);
    scene.pass(500);
    expect((await touchAct(scene.authority, id, asked, assertion)).state).toEqual(first.state);
    expect((await actResult(scene.authority, id, asked.pollSecret)).state).toEqual(first.state);
    expect(await logSize(scene)).toBe(size);
    scene.pass(220);
    expect(await codeOfAsync(actResult(scene.authority, id, asked.pollSecret))).toBe('request-expired');
    expect(await codeOfAsync(touchAct(scene.authority, id, asked, assertion))).toBe('request-expired');
  });

  it('or not at all, when the store fails in between', async () => {
    const staged = stagedStore();
    await using scene = await openScene({ roster: KEEPERS, wrapStore: staged.wrap });
    const kim = await scene.enrol('kim');
    const asked = await ask(scene, 'kim', INVITE);
    const size = await logSize(scene);
    staged.beforeWrite = () => {
      throw new Error('no space left');
    };
    await expect(touch(scene, asked, kim)).rejects.toThrow('no space left');
    staged.beforeWrite = undefined;
    expect(await logSize(scene)).toBe(size);
    expect((await touch(scene, asked, kim)).state.kind).toBe('done');
  });
});

describe('the leaf of an act', () => {
  it('tells alone what was touched, by whom, and that it was', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const kim = await scene.enrol('kim');
    const before = await logSize(scene);
    await perform(scene, 'kim', kim, INVITE);
    const [leaf] = await leavesOf(scene, before);
    if (leaf?.kind !== 'act') return expect.fail('there is no leaf of the act');
    expect(decodeAct(leaf.action, leaf.parameters)).toEqual(INVITE);
    expect(leaf.touch.person).toBe('kim');
    expect(await verifyLoggedAct(leaf)).toMatchObject({ userVerified: true });
    const wrong: readonly [Partial<typeof leaf>, string][] = [
      [{ parameters: leaf.parameters.with(-1, 0) }, 'challenge-mismatch'],
      [{ action: 'retire-ca' }, 'malformed'],
      [{ nonce: new Uint8Array(32) }, 'challenge-mismatch'],
      [{ expiresAt: leaf.expiresAt + 1 }, 'challenge-mismatch'],
      [{ touch: { ...leaf.touch, signature: leaf.touch.signature.with(-1, 1) } }, 'bad-signature'],
    ];
    for (const [changes, code] of wrong)
      expect(await codeOfAsync(verifyLoggedAct({ ...leaf, ...changes }))).toBe(code);
  });
});

describe('whoever asks for an act', () => {
  const hintsFor = async (scene: Scene, person: string, act: Act) => (await ask(scene, person, act)).hints;

  it('learns nothing of who exists, or who may', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    await scene.enrol('kim');
    await scene.enrol('alice');
    for (const person of ['kim', 'alice', 'bob', 'nobody']) {
      const { credentialIds, ...hints } = await hintsFor(scene, person, INVITE);
      expect(credentialIds.length).toBeGreaterThan(0);
      // Only keepers may do this, so everybody is shown what keepers are.
      expect(hints).toEqual({ userVerification: false, approvals: 0 });
    }
  });

  it('is shown what somebody with the right is asked for, the same each time', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const names = Array.from({ length: 40 }, (_, index) => `stranger${index}`);
    const shown = async () =>
      Promise.all(
        [...names, 'alice', 'bob'].map(
          async (name) => (await hintsFor(scene, name, revoke('serial', 7n))).userVerification,
        ),
      );
    const first = await shown();
    expect(new Set(first)).toEqual(new Set([true, false]));
    expect(await shown()).toEqual(first);
    expect((await hintsFor(scene, 'rita', revoke('serial', 7n))).userVerification).toBe(true);
    expect((await hintsFor(scene, 'kim', revoke('serial', 7n))).userVerification).toBe(false);
  });

  it('costs the same calls of the store, whoever it is, to ask and to touch', async () => {
    const staged = stagedStore();
    await using scene = await openScene({ roster: KEEPERS, wrapStore: staged.wrap });
    await scene.enrol('kim');
    const callsFor = async (person: string) => {
      staged.calls.length = 0;
      const asked = await ask(scene, person, INVITE);
      expect(await codeOfAsync(touch(scene, asked, new SoftAuthenticator()))).toBe('touch-refused');
      return [...staged.calls];
    };
    const known = await callsFor('kim');
    expect(known).toContain('insertRequest');
    for (const person of ['alice', 'nobody']) expect(await callsFor(person)).toEqual(known);
  });

  it('can not fill the store', async () => {
    await using scene = await openScene({ roster: KEEPERS, bounds: { pool: { total: 4, perAddress: 2 } } });
    const [first] = [
      await ask(scene, 'kim', INVITE),
      await ask(scene, 'kim', INVITE),
      await ask(scene, 'kim', INVITE),
    ];
    const result = actResult(scene.authority, first.request.id, first.pollSecret);
    expect(await codeOfAsync(result)).toBe('unknown-request');
  });
});

describe('a page that answers an act', () => {
  async function opened(scene: Scene, from = '192.0.2.1') {
    const kim = await scene.enrol('kim');
    const asked = await ask(scene, 'kim', INVITE);
    const { pageSecret } = await openPage(scene.authority, asked.request.id, from);
    const code = touchCode(actDigest(scene.authority.origin, asked.request));
    const assertion = () => assertionOver(scene, asked.request, kim);
    const { id } = asked.request;
    const touchIt = () => touchAct(scene.authority, id, { pageSecret }, assertion());
    return { asked, id, pageSecret, code, touchIt };
  }

  it('sees and touches nothing until it is shown to be the person’s', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const { id, pageSecret, touchIt } = await opened(scene);
    expect(await codeOfAsync(reviewRequest(scene.authority, id, pageSecret))).toBe('page-not-proven');
    expect(await codeOfAsync(touchIt())).toBe('page-not-proven');
  });

  it('is told nothing of an act that was done without it', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const { asked, touchIt } = await opened(scene);
    const kim = await scene.enrol('kim');
    await touch(scene, asked, kim);
    expect(await codeOfAsync(touchIt())).toBe('page-not-proven');
  });

  it('ends the act with three wrong codes, for the command too', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const { asked, id, pageSecret, code } = await opened(scene);
    for (const expected of ['wrong-code', 'wrong-code', 'request-rejected'])
      expect(await codeOfAsync(enterCode(scene.authority, id, pageSecret, 'AAAA-AAAA'))).toBe(expected);
    expect(await codeOfAsync(enterCode(scene.authority, id, pageSecret, code))).toBe('request-rejected');
    expect(await codeOfAsync(actResult(scene.authority, id, asked.pollSecret))).toBe('request-rejected');
    const kim = await scene.enrol('kim');
    expect(await codeOfAsync(touch(scene, asked, kim))).toBe('request-rejected');
  });

  it('reviews the act and touches it after the code, or over loopback', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const first = await opened(scene, '198.51.100.7');
    const reviewed = await enterCode(scene.authority, first.id, first.pageSecret, first.code);
    expect(reviewed).toMatchObject({ action: 'act', act: INVITE, page: { proof: 'code' } });
    expect((await first.touchIt()).state.kind).toBe('done');
    const second = await opened(scene);
    await vouchForPage(scene.authority, second.id, second.asked.pollSecret, second.pageSecret);
    expect(await reviewRequest(scene.authority, second.id, second.pageSecret)).toMatchObject({ act: INVITE });
    expect(await codeOfAsync(second.touchIt())).toBe('token-used');
  });

  it('on another machine is refused where the role says so', async () => {
    const strict = KEEPERS.replace(
      'manage: [hosts, revoke, ca] }',
      'manage: [hosts], touch: { same_machine: true } }',
    );
    await using scene = await openScene({ roster: strict });
    const { id, pageSecret, code, touchIt } = await opened(scene, '198.51.100.7');
    await enterCode(scene.authority, id, pageSecret, code);
    expect(await codeOfAsync(touchIt())).toBe('touched-elsewhere');
  });
});

it('an act of nobody’s is asked for like any other, and refused at its touch', async () => {
  await using scene = await openScene({ roster: KEEPERS });
  const kim = await scene.enrol('kim');
  const asked = await askAct(scene.authority, { person: 'nobody', act: INVITE, from: '192.0.2.1' });
  expect(await codeOfAsync(touch(scene, asked, kim))).toBe('touch-refused');
});
