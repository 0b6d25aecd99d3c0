import { describe, expect, it } from 'vitest';
import { signBundle } from '../../src/authority/bundle.ts';
import { activeSigner } from '../../src/authority/ca-keys.ts';
import { touchRequest } from '../../src/authority/issue.ts';
import { claimCaKeys } from '../../src/authority/key-roles.ts';
import type { Purpose } from '../../src/authority/purpose.ts';
import { PURPOSES } from '../../src/authority/purpose.ts';
import { checkReadiness } from '../../src/authority/ready.ts';
import type { CaKeyState } from '../../src/authority/records.ts';
import { decodeCertificate } from '../../src/ssh/certificate.ts';
import { fingerprint, parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { ask, KEEPERS, perform, touch } from './act-scene.ts';
import { activate, enrolHost, leavesFrom, retire, revokeCa, stage, statesOf } from './ca-scene.ts';
import type { Scene } from './scene.ts';
import { caSigner, openScene } from './scene.ts';
import { Gate, stagedSigner } from './stage.ts';

const DAY = 86_400;
const STATES = ['created', 'coming', 'active', 'retired', 'removed', 'revoked'] as const;

interface BundledKey {
  readonly purpose: string;
  readonly key: string;
  readonly state: string;
}

async function bundled({ authority }: Scene, purpose: Purpose): Promise<readonly (readonly string[])[]> {
  const { statement } = await signBundle(authority);
  const { caKeys }: { caKeys: readonly BundledKey[] } = JSON.parse(new TextDecoder().decode(statement));
  const own = caKeys.filter((caKey) => caKey.purpose === purpose);
  return own.map(({ key, state }) => [fingerprint(parsePublicKeyLine(key).key), state]);
}

/** A scene with one more key for logins in this state, beside the first one. */
async function openWith(state: CaKeyState): Promise<{ scene: Scene; key: string }> {
  const signer = caSigner();
  const scene = await openScene({ signers: { login: [caSigner(), signer] } });
  const key = fingerprint(signer.publicKey);
  if (state !== 'created') await stage(scene, 'login', key);
  if (['active', 'retired', 'removed'].includes(state)) await activate(scene, 'login', key);
  if (['retired', 'removed'].includes(state)) await scene.replaceCaKey('login');
  if (state === 'removed') await retire(scene, 'login', key);
  if (state === 'revoked') await revokeCa(scene, 'login', key);
  return { scene, key };
}

/** Of a key for logins. */
const ACTS = {
  stage: async (scene: Scene, key: string) => void (await stage(scene, 'login', key)),
  activate: async (scene: Scene, key: string) => void (await activate(scene, 'login', key)),
  retire: async (scene: Scene, key: string) => void (await retire(scene, 'login', key)),
  revoke: async (scene: Scene, key: string) => void (await revokeCa(scene, 'login', key)),
} as const;

describe('a key that', () => {
  const allowed: Readonly<Record<keyof typeof ACTS, readonly CaKeyState[]>> = {
    stage: ['created'],
    activate: ['coming'],
    retire: ['retired'],
    revoke: ['created', 'coming', 'active', 'retired'],
  };
  const table = STATES.flatMap((state) =>
    (['stage', 'activate', 'retire', 'revoke'] as const).map((act) => [state, act] as const),
  );

  it.for(table.filter(([state, act]) => !allowed[act].includes(state)))(
    'is %s is not to %s',
    async ([state, act]) => {
      const { scene, key } = await openWith(state);
      await using _ = scene;
      const before = await statesOf(scene.authority, 'login');
      expect(await codeOfAsync(ACTS[act](scene, key))).toBe('wrong-ca-state');
      expect(await statesOf(scene.authority, 'login')).toEqual(before);
    },
  );

  it.for(table.filter(([state, act]) => allowed[act].includes(state)))(
    'is %s is to %s, with a leaf that says so',
    async ([state, act]) => {
      const { scene, key } = await openWith(state);
      await using _ = scene;
      const { size } = await scene.authority.store.read((tx) => tx.logHead());
      const next = { stage: 'coming', activate: 'active', retire: 'removed', revoke: 'revoked' }[act];
      await ACTS[act](scene, key);
      expect(await statesOf(scene.authority, 'login')).toContainEqual([key, next]);
      const reason = act === 'revoke' ? 'the server was stolen' : '';
      expect(await leavesFrom(scene.authority, size)).toContainEqual(
        expect.objectContaining({ kind: 'ca-key', purpose: 'login', state: next, reason }),
      );
    },
  );

  it.for(['stage', 'activate', 'retire', 'revoke'] as const)('is not known is not to %s', async (act) => {
    await using scene = await openScene();
    const key = fingerprint(caSigner().publicKey);
    expect(await codeOfAsync(ACTS[act](scene, key))).toBe('unknown-ca-key');
    const other = fingerprint(scene.caKey('sudo'));
    expect(await codeOfAsync(ACTS[act](scene, other))).toBe('unknown-ca-key');
  });
});

it('a purpose that there is not has no keys', async () => {
  await using scene = await openScene();
  const act = scene.caAct({ kind: 'stage-ca', purpose: 'door', key: '' });
  expect(await codeOfAsync(act)).toBe('unknown-ca-key');
});

describe('where people sign', () => {
  it('nothing is staged: whose keys count stands in the roster', async () => {
    await using scene = await openScene({ roster: '', signers: { sudo: 'touch' } });
    expect(await codeOfAsync(stage(scene, 'sudo'))).toBe('wrong-ca-state');
    await expect(stage(scene, 'sudo')).rejects.toThrow('usher sudo-ca sign');
  });

  it('from some day on, hosts get no key of before, and the log tells it once', async () => {
    await using scene = await openScene();
    const [first, second] = [fingerprint(scene.caKey('sudo')), await scene.replaceCaKey('sudo')];
    const { size } = await scene.authority.store.read((tx) => tx.logHead());
    const keyless = scene.withSigners({ sudo: 'touch' });
    await claimCaKeys(keyless);
    await claimCaKeys(keyless);
    expect(await statesOf(keyless, 'sudo')).toEqual([
      [first, 'removed'],
      [second, 'created'],
    ]);
    const reason = 'security keys of people sign now';
    expect(await leavesFrom(keyless, size)).toMatchObject([
      { kind: 'ca-key', purpose: 'sudo', state: 'removed', reason },
      { kind: 'ca-key', purpose: 'sudo', state: 'created', reason },
    ]);
  });

  it('no more, the key of before signs again, as the log says', async () => {
    await using scene = await openScene({ roster: '' });
    await claimCaKeys(scene.withSigners({ sudo: 'touch' }));
    const { size } = await scene.authority.store.read((tx) => tx.logHead());
    await claimCaKeys(scene.authority);
    const { publicKey } = await scene.authority.store.read((tx) => activeSigner(scene.authority, tx, 'sudo'));
    expect(publicKey).toEqual(scene.caKey('sudo'));
    expect(await leavesFrom(scene.authority, size)).toMatchObject([{ kind: 'authority' }]);
  });

  it('no more, a revoked key stays revoked, and no other takes its place by itself', async () => {
    await using scene = await openScene({ roster: '', signers: { sudo: [caSigner(), caSigner()] } });
    await revokeCa(scene, 'sudo', fingerprint(scene.caKey('sudo')));
    await claimCaKeys(scene.withSigners({ sudo: 'touch' }));
    await claimCaKeys(scene.authority);
    const states = (await statesOf(scene.authority, 'sudo')).map(([, state]) => state);
    expect(states).toEqual(['revoked', 'created']);
  });
});

describe('staging', () => {
  it('makes a key of its own, which hosts and clients get and which signs nothing', async () => {
    await using scene = await openScene();
    const first = fingerprint(scene.caKey('login'));
    const key = await stage(scene, 'login');
    expect(await bundled(scene, 'login')).toEqual([
      [first, 'active'],
      [key, 'coming'],
    ]);
    const alice = await scene.enrol('alice');
    const { certificate } = await scene.login('alice', alice);
    expect(fingerprint(decodeCertificate(certificate).fields.authority)).toBe(first);
  });

  it('is refused while another key is coming', async () => {
    await using scene = await openScene();
    await stage(scene, 'login');
    expect(await codeOfAsync(stage(scene, 'login'))).toBe('wrong-ca-state');
  });

  it('is refused while hosts trust four keys already', async () => {
    await using scene = await openScene();
    for (let count = 1; count < 4; count += 1) await scene.replaceCaKey('login');
    expect(await codeOfAsync(stage(scene, 'login'))).toBe('wrong-ca-state');
    await retire(scene, 'login', fingerprint(scene.caKey('login')));
    await stage(scene, 'login');
  });

  it('of a key that does not sign is refused', async () => {
    const next = stagedSigner();
    await using scene = await openScene({ signers: { login: [caSigner(), next] } });
    next.instead = () => Promise.reject(new Error('no such device'));
    const key = fingerprint(next.publicKey);
    expect(await codeOfAsync(stage(scene, 'login', key))).toBe('signing-failed');
    next.instead = undefined;
    await stage(scene, 'login', key);
    next.instead = () => Promise.reject(new Error('no such device'));
    expect(await codeOfAsync(activate(scene, 'login', key))).toBe('signing-failed');
  });

  it('of a key that the settings named before, and do not now, is refused', async () => {
    const next = caSigner();
    await using scene = await openScene({ signers: { login: [caSigner(), next] } });
    const without = scene.withSigners({ login: scene.caSigner('login') });
    const act = { kind: 'stage-ca', purpose: 'login', key: fingerprint(next.publicKey) } as const;
    expect(await codeOfAsync(scene.caAct(act, without))).toBe('no-ca-key');
  });

  it('of a key that a revocation list names is refused', async () => {
    const next = caSigner();
    await using scene = await openScene({ signers: { login: [caSigner(), next] } });
    const key = fingerprint(next.publicKey);
    await scene.authority.store.write((tx) => tx.revokeKey(key, scene.now));
    expect(await codeOfAsync(stage(scene, 'login', key))).toBe('key-revoked');
  });
});

describe('activating', () => {
  it.for(['login', 'sudo', 'builder'] as const)('for %s waits for every host', async (purpose) => {
    await using scene = await openScene();
    const key = await stage(scene, purpose);
    await enrolHost(scene, 'web1', [[purpose, key]]);
    const other = fingerprint(scene.caKey(purpose));
    await enrolHost(scene, 'web2', [
      ['host', key],
      [purpose, other],
    ]);
    await enrolHost(scene, 'db1', undefined);
    const refused = activate(scene, purpose, key);
    expect(await codeOfAsync(refused)).toBe('hosts-lack-key');
    await expect(activate(scene, purpose, key)).rejects.toThrow(/: db1, web2$/);
    await expect(activate(scene, purpose, key, ['db1'])).rejects.toThrow(/: web2$/);
    await activate(scene, purpose, key, ['db1', 'web2']);
  });

  it('waits for no host that is locked, or that the roster does not know any more', async () => {
    await using scene = await openScene();
    const key = await stage(scene, 'login');
    await enrolHost(scene, 'web1', undefined, { lockedAt: scene.now });
    await enrolHost(scene, 'gone', undefined);
    for (const host of ['web1', 'gone', 'web2'])
      expect(await codeOfAsync(activate(scene, 'login', key, [host]))).toBe('unknown-machine');
    await activate(scene, 'login', key);
  });

  it('for hosts waits until every client has signed in again, and nobody can force it', async () => {
    await using scene = await openScene();
    const key = await stage(scene, 'host');
    await enrolHost(scene, 'web1', undefined);
    scene.pass(DAY - 1);
    expect(await codeOfAsync(activate(scene, 'host', key))).toBe('clients-lack-key');
    expect(await codeOfAsync(activate(scene, 'host', key, ['web1']))).toBe('unknown-machine');
    scene.pass(1);
    await activate(scene, 'host', key);
  });

  it('for hosts waits for nobody when no key signs any more', async () => {
    await using scene = await openScene();
    await revokeCa(scene, 'host', fingerprint(scene.caKey('host')));
    await activate(scene, 'host', await stage(scene, 'host'));
  });

  it('leaves one active key, in every process at once', async () => {
    await using scene = await openScene();
    const twin = await scene.openTwin();
    const first = fingerprint(scene.caKey('login'));
    const key = await stage(scene, 'login');
    const both = await Promise.all(
      [scene.authority, twin].map((authority) =>
        codeOfAsync(scene.caAct({ kind: 'activate-ca', purpose: 'login', key, evenWithout: [] }, authority)),
      ),
    );
    expect(both.filter((outcome) => outcome === 'wrong-ca-state')).toHaveLength(1);
    expect(await statesOf(twin, 'login')).toEqual([
      [first, 'retired'],
      [key, 'active'],
    ]);
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const touching = touchRequest(twin, asked.request.id, asked, scene.assertion(asked.request, alice));
    expect((await touching).state.kind).toBe('issued');
  });

  it('of two keys at once, here and in another process, stages one', async () => {
    await using scene = await openScene();
    const twin = await scene.openTwin();
    const outcomes = await Promise.all(
      [scene.authority, twin].map((authority) =>
        codeOfAsync(scene.caAct({ kind: 'stage-ca', purpose: 'login', key: '' }, authority)),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'wrong-ca-state')).toHaveLength(1);
  });
});

describe('certificates by a key that is replaced', () => {
  it('count as long as they live: only then is it removed', async () => {
    await using scene = await openScene();
    const first = fingerprint(scene.caKey('login'));
    const alice = await scene.enrol('alice');
    const { certificate } = await scene.login('alice', alice, { lifetime: 3600 });
    const key = await scene.replaceCaKey('login');
    expect(await bundled(scene, 'login')).toEqual([
      [first, 'retired'],
      [key, 'active'],
    ]);
    scene.pass(3599);
    await expect(retire(scene, 'login', first)).rejects.toThrow('count until 2027-01-15T09:00:00Z');
    expect(decodeCertificate(certificate).fields.validBefore).toBe(BigInt(scene.now + 1));
    scene.pass(1);
    await retire(scene, 'login', first);
    expect(await bundled(scene, 'login')).toEqual([[key, 'active']]);
  });

  it('are made by the new one from then on; what was drafted before is refused', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const key = await scene.replaceCaKey('login');
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('ca-key-changed');
    const { certificate } = await scene.login('alice', alice);
    expect(fingerprint(decodeCertificate(certificate).fields.authority)).toBe(key);
  });

  it.for(['replaced', 'revoked'] as const)('are not released when it was %s while it signed', async (how) => {
    const [signer, gate] = [stagedSigner(), new Gate()];
    await using scene = await openScene({ signers: { login: signer } });
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    signer.instead = async (draft, sign) => {
      await gate.pass();
      return sign(draft);
    };
    const touching = codeOfAsync(scene.touch(asked, alice));
    await gate.reached;
    if (how === 'replaced') await scene.replaceCaKey('login');
    else await revokeCa(scene, 'login', fingerprint(signer.publicKey));
    const { size } = await scene.authority.store.read((tx) => tx.logHead());
    gate.open();
    expect(await touching).toBe(how === 'replaced' ? 'ca-key-changed' : 'no-ca-key');
    expect(await leavesFrom(scene.authority, size)).toEqual([]);
    expect((await scene.find(asked.request.id)).state.kind).toBe('denied');
  });
});

describe('revoking', () => {
  it('takes the key out of the bundle at once, and names it in every list', async () => {
    await using scene = await openScene();
    const first = fingerprint(scene.caKey('login'));
    const { size } = await scene.authority.store.read((tx) => tx.logHead());
    await revokeCa(scene, 'login', first);
    expect(await bundled(scene, 'login')).toEqual([]);
    const lists = await scene.authority.store.read((tx) =>
      Promise.all(PURPOSES.map((purpose) => tx.krlContent(purpose))),
    );
    for (const { fingerprints } of lists) expect(fingerprints).toEqual([first]);
    const reason = 'the server was stolen';
    expect(await leavesFrom(scene.authority, size)).toMatchObject([
      { kind: 'ca-key', purpose: 'login', state: 'revoked', reason },
      { kind: 'revoke', cause: 'ca', subject: first, key: first, reason, serials: [] },
    ]);
  });

  it('tells who needs new certificates', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const alice = await scene.enrol('alice');
    await scene.login('alice', alice);
    await scene.login('alice', alice);
    await scene.login('bob', await scene.enrol('bob'));
    const { affected } = await revokeCa(scene, 'login', fingerprint(scene.caKey('login')));
    expect(affected).toEqual([
      { holder: 'alice', certificates: 2 },
      { holder: 'bob', certificates: 1 },
    ]);
    expect((await revokeCa(scene, 'sudo', fingerprint(scene.caKey('sudo')))).affected).toEqual([]);
  });

  it('leaves nothing that signs, until another key does', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    await revokeCa(scene, 'login', fingerprint(scene.caKey('login')));
    expect(await codeOfAsync(scene.ask('alice'))).toBe('no-ca-key');
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('no-ca-key');
    const checks = await checkReadiness(scene.authority);
    expect(checks.filter(({ ok }) => !ok)).toEqual([{ name: 'ca-login', ok: false }]);
    await activate(scene, 'login', await stage(scene, 'login'));
    await scene.login('alice', alice);
  });

  it('is for good: a start with the old settings does not bring it back', async () => {
    await using scene = await openScene();
    const first = fingerprint(scene.caKey('login'));
    await revokeCa(scene, 'login', first);
    await claimCaKeys(scene.authority);
    expect(await statesOf(scene.authority, 'login')).toEqual([[first, 'revoked']]);
  });
});

describe('a person', () => {
  it('replaces a key with a touch each', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const kim = await scene.enrol('kim');
    const staged = await perform(scene, 'kim', kim, { kind: 'stage-ca', purpose: 'login', key: '' });
    if (staged.kind !== 'ca-key') return expect.unreachable('it is about a key');
    const key = fingerprint(parsePublicKeyLine(staged.key).key);
    const { size } = await scene.authority.store.read((tx) => tx.logHead());
    await perform(scene, 'kim', kim, { kind: 'activate-ca', purpose: 'login', key, evenWithout: [] });
    expect(await leavesFrom(scene.authority, size)).toMatchObject([
      { kind: 'act', action: 'activate-ca' },
      { kind: 'ca-key', state: 'retired' },
      { kind: 'ca-key', state: 'active' },
    ]);
  });

  it('without the right does not, and is told why a key can not be activated', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const [kim, rita] = [await scene.enrol('kim'), await scene.enrol('rita')];
    const key = await stage(scene, 'login');
    await enrolHost(scene, 'web1', undefined);
    const act = { kind: 'activate-ca', purpose: 'login', key, evenWithout: [] } as const;
    expect(await codeOfAsync(touch(scene, await ask(scene, 'rita', act), rita))).toBe('right-missing');
    expect(await codeOfAsync(touch(scene, await ask(scene, 'kim', act), kim))).toBe('hosts-lack-key');
    expect(await statesOf(scene.authority, 'login')).toContainEqual([key, 'coming']);
  });
});
