import { describe, expect, it } from 'vitest';
import { touchRequest } from '../../src/authority/issue.ts';
import type { PendingIssue } from '../../src/authority/records.ts';
import { release, resultOf } from '../../src/authority/release.ts';
import { removeCredential } from '../../src/authority/remove-credential.ts';
import { codeOfAsync } from '../support/code-of.ts';
import type { Scene } from './scene.ts';
import { caSigner, newKey, openScene, ROSTER } from './scene.ts';
import { Gate, stagedSigner, stagedStore } from './stage.ts';

async function logSize(scene: Scene): Promise<number> {
  return (await scene.authority.store.read((tx) => tx.logHead())).size;
}

function serialsOf({ state }: PendingIssue): readonly bigint[] {
  return state.kind === 'issued' ? state.serials : [];
}

/** A scene whose login key waits at a gate. */
async function openSlowScene() {
  const signer = stagedSigner();
  const gate = new Gate();
  signer.instead = async (draft, sign) => {
    await gate.pass();
    return sign(draft);
  };
  const scene = await openScene({ signers: { login: signer } });
  return { scene, signer, gate, alice: await scene.enrol('alice') };
}

describe('of many touches for one request at once', () => {
  it('one counts, here and in another process', async () => {
    await using scene = await openScene();
    const twin = await scene.openTwin();
    const alice = await scene.enrol('alice');
    const { request, pollSecret } = await scene.ask('alice');
    const before = await logSize(scene);
    const touches = Array.from({ length: 6 }, (_, index) =>
      codeOfAsync(
        touchRequest(
          index % 2 === 0 ? scene.authority : twin,
          request.id,
          { pollSecret },
          scene.assertion(request, alice),
        ),
      ),
    );
    const outcomes = await Promise.all(touches);
    expect(outcomes.filter((outcome) => typeof outcome === 'object')).toHaveLength(1);
    expect(await logSize(scene)).toBe(before + 1);
  });
});

describe('what is taken away between touch and record', () => {
  it.for([
    [
      'the person',
      (scene: Scene) => scene.loadRoster(ROSTER.replace(/ {2}alice: .*\n/, '')),
      'unknown-person',
    ],
    [
      'the security key',
      (scene: Scene, id: string) => removeCredential(scene.authority, id, 'stolen'),
      'unknown-credential',
    ],
    [
      'the host',
      (scene: Scene) => scene.loadRoster(ROSTER.replace('hosts: [web1, db]', 'hosts: [db]')),
      'host-not-allowed',
    ],
  ] as const)('is not given any more: %s', async ([, takeAway, code]) => {
    const { scene, gate, alice } = await openSlowScene();
    await using _ = scene;
    const asked = await scene.ask('alice');
    const touching = codeOfAsync(scene.touch(asked, alice));
    await gate.reached;
    await takeAway(scene, alice.credentialId);
    const before = await logSize(scene);
    gate.open();
    expect(await touching).toBe(code);
    expect(await logSize(scene)).toBe(before);
    const result = resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(await codeOfAsync(result)).toBe(code);
  });

  it('is not given any more: the access that ended while the key was slow', async () => {
    const { scene, gate, alice } = await openSlowScene();
    await using _ = scene;
    const asked = await scene.ask('alice');
    const touching = codeOfAsync(scene.touch(asked, alice));
    await gate.reached;
    const until = new Date((scene.now + 20) * 1000).toISOString().replace('.000', '');
    await scene.loadRoster(ROSTER.replace('roles: [engineer] }', `roles: [engineer], until: ${until} }`));
    scene.pass(20);
    gate.open();
    expect(await touching).toMatch(/^(person-expired|lifetime-too-long)$/);
  });
});

describe('a CA key that', () => {
  it.for([
    ['fails', () => Promise.reject(new Error('no such device'))],
    [
      'signs something else',
      (_draft: Uint8Array, sign: (bytes: Uint8Array) => Promise<Uint8Array>) => sign(new Uint8Array(9)),
    ],
    ['is not the one that drafts name', (draft: Uint8Array) => caSigner().sign(draft)],
  ] as const)('%s yields no certificate, and the touch is not burnt', async ([, instead]) => {
    const signer = stagedSigner();
    await using scene = await openScene({ signers: { login: signer } });
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const before = await logSize(scene);
    signer.instead = instead;
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('signing-failed');
    expect(await logSize(scene)).toBe(before);
    signer.instead = undefined;
    const result = () => resultOf(scene.authority, asked.request.id, asked.pollSecret);
    // Somebody may still be signing: only when the lease is over does another try.
    expect((await result()).state.kind).toBe('signing');
    scene.pass(30);
    expect(serialsOf(await result())).toHaveLength(1);
    expect(await logSize(scene)).toBe(before + 1);
  });

  it('is not asked to sign what policy refuses', async () => {
    const signer = stagedSigner();
    await using scene = await openScene({ signers: { login: signer } });
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice', { hosts: ['web2'] });
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('host-not-allowed');
    expect(signer.calls()).toBe(0);
  });

  it('was replaced since the draft signs nothing', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    await scene.replaceCaKey('login');
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('ca-key-changed');
  });

  it('takes longer than its lease: another holder issues, and the slow one records nothing', async () => {
    const { scene, signer, gate, alice } = await openSlowScene();
    await using _ = scene;
    const asked = await scene.ask('alice');
    const slow = codeOfAsync(scene.touch(asked, alice));
    await gate.reached;
    scene.pass(30);
    signer.instead = undefined;
    const twin = await scene.openTwin();
    const resumed = await resultOf(twin, asked.request.id, asked.pollSecret);
    const size = await logSize(scene);
    gate.open();
    expect(await slow).toBe('request-answered');
    expect(await logSize(scene)).toBe(size);
    const again = await resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(serialsOf(again)).toEqual(serialsOf(resumed));
  });

  it('comes back to many who ask at once is asked by one of them', async () => {
    const signer = stagedSigner();
    await using scene = await openScene({ signers: { login: signer } });
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    signer.instead = () => Promise.reject(new Error('no such device'));
    await codeOfAsync(scene.touch(asked, alice));
    signer.instead = undefined;
    scene.pass(30);
    const before = await logSize(scene);
    const twin = await scene.openTwin();
    const polls = Array.from({ length: 6 }, (_, index) =>
      resultOf(index % 2 === 0 ? scene.authority : twin, asked.request.id, asked.pollSecret),
    );
    const kinds = (await Promise.all(polls)).map(({ state }) => state.kind);
    expect(kinds).toContain('issued');
    for (const kind of kinds) expect(['signing', 'issued']).toContain(kind);
    expect(signer.calls()).toBe(2);
    expect(await logSize(scene)).toBe(before + 1);
  });

  it('takes longer than its lease twice: the slow poll is told what another one has issued', async () => {
    const { scene, signer, gate, alice } = await openSlowScene();
    await using _ = scene;
    const slowly = signer.instead;
    signer.instead = () => Promise.reject(new Error('no such device'));
    const asked = await scene.ask('alice');
    await codeOfAsync(scene.touch(asked, alice));
    signer.instead = slowly;
    const poll = () => resultOf(scene.authority, asked.request.id, asked.pollSecret);
    scene.pass(30);
    const slow = poll();
    await gate.reached;
    expect((await poll()).state.kind).toBe('signing');
    scene.pass(30);
    signer.instead = undefined;
    const issued = await poll();
    gate.open();
    expect(serialsOf(await slow)).toEqual(serialsOf(issued));
  });
});

describe('when the store can not write', () => {
  it.for([1, 2])('at write %i of the cycle, nothing is issued', async (failing) => {
    const staged = stagedStore();
    await using scene = await openScene({ wrapStore: staged.wrap });
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const before = await logSize(scene);
    let writes = 0;
    staged.beforeWrite = () => {
      writes += 1;
      if (writes === failing) throw new Error('the disk is full');
    };
    await expect(scene.touch(asked, alice)).rejects.toThrow('the disk is full');
    staged.beforeWrite = undefined;
    expect(await logSize(scene)).toBe(before);
    const { state } = await resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(state.kind).toBe(failing === 1 ? 'pending' : 'signing');
  });

  it('the checkpoint, neither certificate nor leaf stay', async () => {
    let failing = false;
    await using scene = await openScene({
      wrapStore: (store) => ({
        read: (work) => store.read(work),
        write: (work) =>
          store.write(async (tx) => {
            const value = await work(tx);
            const { size } = await tx.logHead();
            if (failing && size > 0) throw new Error('no checkpoint');
            return value;
          }),
        close: () => store.close(),
      }),
    });
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const before = await logSize(scene);
    failing = true;
    await expect(scene.touch(asked, alice)).rejects.toThrow('no checkpoint');
    failing = false;
    expect(await logSize(scene)).toBe(before);
    expect((await scene.touch(asked, alice)).state.kind).toBe('issued');
  });
});

describe('release', () => {
  it('gives the same bytes again, as often as they are asked for', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.askForMany('alice', [newKey(), newKey(), newKey()]);
    const first = await release(scene.authority, await scene.touch(asked, alice), 0);
    scene.pass(300);
    const again = await resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect((await release(scene.authority, again, 0)).certificates).toEqual(first.certificates);
  });

  it('gives nothing of what is not issued', async () => {
    await using scene = await openScene();
    const { request } = await scene.ask('alice');
    await expect(release(scene.authority, request, 0)).rejects.toThrow(TypeError);
  });

  it('gives nothing any more when the request is kept no longer', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    await scene.touch(asked, alice);
    scene.pass(720);
    const result = resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(await codeOfAsync(result)).toBe('request-expired');
  });
});
