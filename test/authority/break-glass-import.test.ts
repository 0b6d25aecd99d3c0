import { describe, expect, it } from 'vitest';
import { breakGlassGaps, countBreakGlass, importBreakGlass } from '../../src/authority/break-glass-import.ts';
import type { BreakGlassRecord } from '../../src/authority/break-glass-record.ts';
import { serialRange } from '../../src/authority/break-glass-serials.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { encodeCertificate } from '../../src/ssh/certificate.ts';
import { keyIdentity } from '../../src/ssh/key-identity.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { generateKey } from '../support/keys.ts';
import { OFFLINE, SIGNED_AT, signBreakGlass } from './break-glass-scene.ts';
import type { Scene } from './scene.ts';
import { openScene } from './scene.ts';

const OTHER = generateKey('ecdsa-sha2-nistp256');
const { first } = serialRange(OFFLINE.publicKey);

function openWithOfflineKeys(): Promise<Scene> {
  return openScene({ offlineKeys: [OFFLINE.publicKey, OTHER.publicKey] });
}

function record(certificate: Certificate, line = 1): BreakGlassRecord {
  return { certificate, reason: 'the building is on fire', place: `ca.issued:${line}` };
}

async function logSize({ authority }: Scene): Promise<number> {
  return (await authority.store.read((tx) => tx.logHead())).size;
}

describe('what an offline key signed', () => {
  it.each(['login', 'sudo'] as const)(
    'for %s is entered as a leaf of its own kind, and found',
    async (purpose) => {
      await using scene = await openWithOfflineKeys();
      const { authority } = scene;
      const certificate = signBreakGlass({ purpose, person: 'alice.b' }, 1);
      const { imported, gaps } = await importBreakGlass(authority, [record(certificate)]);
      expect(imported).toMatchObject([{ isNew: true, what: { purpose, person: 'alice.b' } }]);
      expect(gaps).toEqual([]);
      const encoded = encodeCertificate(certificate);
      await authority.store.read(async (tx) => {
        const { leaf = new Uint8Array() } = (await tx.leafOfSerial(first)) ?? {};
        expect(decodeLeaf(leaf)).toEqual({
          kind: 'break-glass',
          recordedAt: scene.now,
          purpose,
          person: 'alice.b',
          certificate: encoded,
          reason: 'the building is on fire',
        });
        expect(await tx.findCertificate(first)).toEqual({
          serial: first,
          purpose,
          person: 'alice.b',
          keyId: 'break-glass:alice.b:AAAAAAAAAAAAAAAAAAAAAA',
          requestId: 'A'.repeat(22),
          issuedAt: SIGNED_AT,
          validAfter: SIGNED_AT - 300,
          validBefore: SIGNED_AT + 1800,
          certificate: encoded,
        });
      });
    },
  );

  it('is entered once, however often it is imported', async () => {
    await using scene = await openWithOfflineKeys();
    const records = [record(signBreakGlass({}, 1)), record(signBreakGlass({}, 2), 2)];
    const before = await logSize(scene);
    await importBreakGlass(scene.authority, [...records, ...records]);
    const again = await importBreakGlass(scene.authority, records);
    expect(await countBreakGlass(scene.authority)).toBe(2);
    expect(again.imported.map(({ isNew }) => isNew)).toEqual([false, false]);
    expect(await logSize(scene)).toBe(before + 2);
  });

  it('is refused when another certificate has its serial, in the same import or before it', async () => {
    await using scene = await openWithOfflineKeys();
    const twins = [record(signBreakGlass({}, 1)), record(signBreakGlass({}, 1), 2)];
    const before = await logSize(scene);
    const refused = expect.objectContaining({
      code: 'serial-used-twice',
      message: expect.stringMatching(/^ca\.issued:2 is not imported: ANOTHER certificate/),
    });
    await expect(importBreakGlass(scene.authority, twins)).rejects.toThrow(refused);
    expect(await logSize(scene)).toBe(before);
    await importBreakGlass(scene.authority, twins.slice(0, 1));
    await expect(importBreakGlass(scene.authority, twins.slice(1))).rejects.toThrow(refused);
  });

  it('is entered whole or not at all', async () => {
    await using scene = await openWithOfflineKeys();
    const strange = record(signBreakGlass({}, 1, generateKey('ssh-ed25519')), 2);
    const before = await logSize(scene);
    const importing = importBreakGlass(scene.authority, [record(signBreakGlass()), strange]);
    await expect(importing).rejects.toThrow(
      expect.objectContaining({
        code: 'unknown-authority',
        message: expect.stringMatching(
          /^ca\.issued:2 is not imported: it is not signed by a key of break_glass/,
        ),
      }),
    );
    expect(await logSize(scene)).toBe(before);
    expect(await scene.authority.store.read((tx) => tx.findCertificate(first))).toBeUndefined();
  });

  it('is refused by an authority that knows no offline key', async () => {
    await using scene = await openScene();
    expect(await codeOfAsync(importBreakGlass(scene.authority, [record(signBreakGlass())]))).toBe(
      'unknown-authority',
    );
  });

  it('never touches from then on, whatever role its key had', async () => {
    await using scene = await openWithOfflineKeys();
    const certificate = signBreakGlass({ purpose: 'sudo' });
    await importBreakGlass(scene.authority, [record(certificate)]);
    const identity = keyIdentity(certificate.fields.subject);
    expect(await scene.authority.store.read((tx) => tx.keyUse(identity))).toEqual({ role: 'sudo' });
  });

  it('counts for the hour in which it was signed, not for that of the import', async () => {
    await using scene = await openWithOfflineKeys();
    scene.pass(86_400);
    await importBreakGlass(scene.authority, [record(signBreakGlass())]);
    const counted = (since: number) => scene.authority.store.read((tx) => tx.countIssued('alice', since, 9));
    expect(await counted(scene.now - 3600)).toBe(0);
    expect(await counted(SIGNED_AT)).toBe(1);
  });
});

describe('what is missing in the range of an offline key', () => {
  it('is shown by the import and afterwards, until it is imported too', async () => {
    await using scene = await openWithOfflineKeys();
    const { authority } = scene;
    expect(await breakGlassGaps(authority)).toEqual([]);
    const { gaps } = await importBreakGlass(authority, [
      record(signBreakGlass({}, 5)),
      record(signBreakGlass({}, 2, OTHER)),
    ]);
    const others = serialRange(OTHER.publicKey).first;
    const ofOther = { key: OTHER.publicKey, first: others, last: others };
    expect(gaps).toEqual([{ key: OFFLINE.publicKey, first, last: first + 3n }, ofOther]);
    expect(await breakGlassGaps(authority)).toEqual(gaps);
    await importBreakGlass(authority, [record(signBreakGlass({}, 2))]);
    expect(await breakGlassGaps(authority)).toEqual([
      { key: OFFLINE.publicKey, first, last: first },
      { key: OFFLINE.publicKey, first: first + 2n, last: first + 3n },
      ofOther,
    ]);
  });
});
