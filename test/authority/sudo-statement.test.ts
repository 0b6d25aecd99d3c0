/** Whose word the authority takes for the keys of a keyless sudo CA: never its own. */
import { describe, expect, it } from 'vitest';
import { hostFiles, signHostBundle } from '../../src/authority/host-bundle.ts';
import { publishStatement } from '../../src/authority/sudo-statement.ts';
import { unpackFiles } from '../../src/fleet/host/archive.ts';
import { openBundleStatement } from '../../src/fleet/host/bundle-statement.ts';
import type { SudoCaStatement } from '../../src/fleet/sudo-ca-statement.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { plainSigner, signedText, stated } from '../fleet/statements.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { generateSecurityKey } from '../support/keys.ts';
import type { Scene } from './scene.ts';
import { openScene } from './scene.ts';
import { sudoRoster } from './sudo-scene.ts';
import { leavesOf, TestHost } from './test-host.ts';

const CAROL = generateSecurityKey('sk-ssh-ed25519@openssh.com');
const DAVE = generateSecurityKey('sk-ecdsa-sha2-nistp256@openssh.com');
const EVE = generateSecurityKey('sk-ssh-ed25519@openssh.com');

const FIRST: SudoCaStatement = {
  authority: 'https://ca.example.org',
  number: 5,
  madeAt: 1_800_000_000,
  everywhere: false,
  keys: [stated(CAROL.publicKey), stated(DAVE.publicKey, 'coming', 'bob')],
};
const NEXT: SudoCaStatement = { ...FIRST, number: 6, everywhere: true };
const ROSTER = rosterOf({ carol: CAROL.publicKey, bob: DAVE.publicKey });

/** The keys of "sudo_ca"; those of bob are coming. */
function rosterOf(caKeys: Readonly<Record<string, PublicKey>>): string {
  return sudoRoster({ caKeys }).replace('{ person: bob,', '{ person: bob, state: coming,');
}

function openKeyless(offlineKeys: readonly PublicKey[] = []): Promise<Scene> {
  return openScene({ roster: ROSTER, signers: { sudo: 'touch' }, offlineKeys });
}

const revokeKey = (scene: Scene, key: PublicKey) =>
  scene.authority.store.write((tx) => tx.revokeKey(fingerprint(key), scene.now));

const publish = (scene: Scene, text: string) => publishStatement(scene.authority, text);
const stored = (scene: Scene) => scene.authority.store.read((tx) => tx.sudoStatement());

describe('the first statement', () => {
  it('is taken from an active key of the roster, and logged', async () => {
    await using scene = await openKeyless();
    const text = signedText(FIRST, CAROL);
    await publish(scene, text);
    expect(await stored(scene)).toBe(text);
    const leaf = (await leavesOf(scene)).at(-1);
    expect(leaf?.kind === 'sudo-statement' && new TextDecoder().decode(leaf.statement)).toBe(text);
  });

  it.for<[string, string]>([
    [
      'by a key that it names itself, and the roster does not',
      signedText({ ...FIRST, keys: [stated(EVE.publicKey)] }, EVE),
    ],
    ['by a coming key', signedText(FIRST, DAVE)],
    [
      'by a key of the roster that it does not name',
      signedText({ ...FIRST, keys: [stated(DAVE.publicKey)] }, CAROL),
    ],
    ['by a key in a file', signedText(FIRST, plainSigner())],
    ['of another authority', signedText({ ...FIRST, authority: 'https://evil.example' }, CAROL)],
    [
      'without a touch',
      signedText(FIRST, { ...CAROL, sign: (message) => CAROL.sign(message, { flags: 0 }) }),
    ],
    ['that was changed', signedText(FIRST, CAROL).replace('number 5', 'number 6')],
    ['that is none', 'hello'],
  ])('%s is refused', async ([, text]) => {
    await using scene = await openKeyless();
    expect(await codeOfAsync(publish(scene, text))).toBe('statement-refused');
    expect(await stored(scene)).toBeUndefined();
  });

  it('is refused from a key that is only coming in the roster', async () => {
    await using scene = await openKeyless();
    const statement = { ...FIRST, keys: [stated(CAROL.publicKey), stated(DAVE.publicKey)] };
    expect(await codeOfAsync(publish(scene, signedText(statement, DAVE)))).toBe('statement-refused');
    await publish(scene, signedText(statement, CAROL));
  });

  it('is refused where the authority signs for sudo itself', async () => {
    await using scene = await openScene();
    expect(await codeOfAsync(publish(scene, signedText(FIRST, CAROL)))).toBe('statement-refused');
  });
});

describe('the next statement', () => {
  it.for<[string, string]>([
    ['an active key', signedText(NEXT, CAROL)],
    ['a coming key', signedText(NEXT, DAVE)],
  ])('is taken from %s of the one before', async ([, text]) => {
    await using scene = await openKeyless();
    await publish(scene, signedText(FIRST, CAROL));
    await publish(scene, text);
    expect(await stored(scene)).toBe(text);
  });

  it.for<[string, string]>([
    ['by a key that only it names', signedText({ ...NEXT, keys: [stated(EVE.publicKey)] }, EVE)],
    [
      'with a key that the roster does not name',
      signedText({ ...NEXT, keys: [...FIRST.keys, stated(EVE.publicKey)] }, CAROL),
    ],
    [
      'with a key that the roster does not name, as an offline one',
      signedText({ ...NEXT, keys: [...FIRST.keys, stated(EVE.publicKey, 'offline', 'vault')] }, CAROL),
    ],
    ['with the same number', signedText({ ...NEXT, number: 5 }, CAROL)],
    ['with a smaller number', signedText({ ...NEXT, number: 4 }, CAROL)],
  ])('%s is refused', async ([, text]) => {
    await using scene = await openKeyless();
    const first = signedText(FIRST, CAROL);
    await publish(scene, first);
    expect(await codeOfAsync(publish(scene, text))).toBe('statement-refused');
    expect(await stored(scene)).toBe(first);
  });

  it('is refused from a stolen key that left the roster, and one by a key of the roster takes over', async () => {
    await using scene = await openKeyless();
    const first = signedText(FIRST, CAROL);
    await publish(scene, first);
    await scene.loadRoster(sudoRoster({ caKeys: { bob: DAVE.publicKey } }));
    const stolen = { ...NEXT, keys: [stated(CAROL.publicKey), stated(DAVE.publicKey)] };
    for (const keys of [[stated(EVE.publicKey)], [stated(DAVE.publicKey)], stolen.keys])
      expect(await codeOfAsync(publish(scene, signedText({ ...NEXT, keys }, CAROL)))).toBe(
        'statement-refused',
      );
    expect(await codeOfAsync(publish(scene, signedText(stolen, DAVE)))).toBe('statement-refused');
    expect(await stored(scene)).toBe(first);
    const recovery = signedText({ ...NEXT, keys: [stated(DAVE.publicKey)] }, DAVE);
    await publish(scene, recovery);
    expect(await stored(scene)).toBe(recovery);
  });

  it('is taken from a key of the roster that the one before does not name', async () => {
    await using scene = await openKeyless();
    await publish(scene, signedText({ ...FIRST, keys: [stated(CAROL.publicKey)] }, CAROL));
    const recovery = signedText({ ...NEXT, number: 700, keys: [stated(DAVE.publicKey)] }, DAVE);
    await publish(scene, recovery);
    expect(await stored(scene)).toBe(recovery);
  });

  it('is refused from a key that is retired in the roster, and may name it', async () => {
    await using scene = await openKeyless();
    await publish(scene, signedText(FIRST, CAROL));
    const caKeys = { carol: CAROL.publicKey, bob: DAVE.publicKey };
    await scene.loadRoster(
      sudoRoster({ caKeys }).replace('{ person: carol,', '{ person: carol, state: retired,'),
    );
    expect(await codeOfAsync(publish(scene, signedText(NEXT, CAROL)))).toBe('statement-refused');
    const keys = [stated(CAROL.publicKey, 'retired'), stated(DAVE.publicKey)];
    await publish(scene, signedText({ ...NEXT, keys }, DAVE));
  });

  it('is refused with or from a key that was revoked, although the roster names it', async () => {
    await using scene = await openKeyless();
    await publish(scene, signedText(FIRST, CAROL));
    await revokeKey(scene, CAROL.publicKey);
    expect(await codeOfAsync(publish(scene, signedText(NEXT, CAROL)))).toBe('statement-refused');
    const without = { ...NEXT, keys: [stated(DAVE.publicKey)] };
    expect(await codeOfAsync(publish(scene, signedText(without, CAROL)))).toBe('statement-refused');
    expect(await codeOfAsync(publish(scene, signedText(NEXT, DAVE)))).toBe('statement-refused');
    await publish(scene, signedText(without, DAVE));
  });

  it('may name an offline key of the authority, and be signed by it if the one before names it', async () => {
    const [glass, other] = [plainSigner(), plainSigner()];
    await using scene = await openKeyless([glass.publicKey, other.publicKey]);
    const vault = [stated(glass.publicKey, 'offline', 'vault')];
    const keys = [...FIRST.keys, ...vault];
    expect(await codeOfAsync(publish(scene, signedText({ ...FIRST, keys }, glass)))).toBe(
      'statement-refused',
    );
    await publish(scene, signedText({ ...FIRST, keys }, CAROL));
    const recovery = { ...NEXT, keys: [stated(DAVE.publicKey), ...vault] };
    expect(await codeOfAsync(publish(scene, signedText(recovery, other)))).toBe('statement-refused');
    await publish(scene, signedText(recovery, glass));
    await revokeKey(scene, glass.publicKey);
    for (const signer of [DAVE, glass])
      expect(await codeOfAsync(publish(scene, signedText({ ...recovery, number: 7 }, signer)))).toBe(
        'statement-refused',
      );
  });

  it('is refused once the authority signs for sudo itself', async () => {
    await using scene = await openKeyless();
    await publish(scene, signedText(FIRST, CAROL));
    const changed = { ...scene.authority, sudoSigner: 'authority' } as const;
    expect(await codeOfAsync(publishStatement(changed, signedText(NEXT, CAROL)))).toBe('statement-refused');
  });

  it('may be the same once more, and is logged once', async () => {
    await using scene = await openKeyless();
    const text = signedText(FIRST, CAROL);
    await publish(scene, text);
    await publish(scene, text);
    expect((await leavesOf(scene)).filter(({ kind }) => kind === 'sudo-statement')).toHaveLength(1);
  });
});

describe('the bundle of a host under a keyless sudo CA', () => {
  async function filesFor(scene: Scene, host: TestHost) {
    const signed = await signHostBundle(scene.authority, host.fetch());
    const { filesHash } = openBundleStatement(signed, scene.authority.bundleKey.publicKey);
    return unpackFiles(await hostFiles(scene.authority, host.fetch(), filesHash));
  }

  it('brings the statement and no file of keys; the statement says which principals count', async () => {
    await using scene = await openKeyless();
    const host = await TestHost.enrolled(scene, 'web1');
    expect(await filesFor(scene, host)).not.toHaveProperty('sudo_ca.pub');
    expect(await filesFor(scene, host)).not.toHaveProperty('sudo_statement');
    for (const [statement, principals] of [
      [FIRST, 'sudoer@web1\n'],
      [NEXT, 'sudoer\nsudoer@web1\n'],
    ] as const) {
      const text = signedText(statement, CAROL);
      await publish(scene, text);
      const files = await filesFor(scene, host);
      expect(new TextDecoder().decode(files.sudo_statement)).toBe(text);
      expect(new TextDecoder().decode(files.sudo_principals)).toBe(principals);
      expect(files).not.toHaveProperty('sudo_ca.pub');
    }
  });
});
