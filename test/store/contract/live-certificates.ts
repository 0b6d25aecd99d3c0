import { describe, expect, test } from 'vitest';
import type { Store } from '../../../src/authority/ports.ts';
import type { CertificateFilter, IssuedCertificate } from '../../../src/authority/records.ts';
import type { PublicKey } from '../../../src/ssh/public-key.ts';
import { fingerprint } from '../../../src/ssh/public-key.ts';
import type { StoreUnderTest } from '../../support/store.ts';
import {
  certificateFor,
  NOW,
  recordCertificate,
  samplePublicKey,
  sampleRevocation,
} from '../../support/store-records.ts';

const ALL: CertificateFilter = { kind: 'all' };

export function liveLaws(open: StoreUnderTest['open']): void {
  describe('a live certificate', () => {
    test.each<readonly [string, Partial<IssuedCertificate>, boolean]>([
      ['that ended', { validBefore: NOW - 1 }, false],
      ['that ends at this moment', { validBefore: NOW }, false],
      ['that ends in a second', { validBefore: NOW + 1 }, true],
      ['that has not begun', { validAfter: NOW + 9, validBefore: NOW + 90 }, true],
    ])('is none %s', async (_, changes, isLive) => {
      const store = await open();
      const { serial } = await recordCertificate(store, changes);
      for (const filter of [ALL, { kind: 'credential', id: 'touched' }] as const)
        expect(await serials(store, filter)).toEqual(isLive ? [serial] : []);
    });

    test('is none that was revoked', async () => {
      const store = await open();
      const [one, other] = [await recordCertificate(store), await recordCertificate(store)];
      await store.write((tx) => tx.revokeCertificates([sampleRevocation({ serial: one.serial })], NOW));
      for (const filter of [ALL, { kind: 'credential', id: 'touched' }] as const)
        expect(await serials(store, filter)).toEqual([other.serial]);
    });

    test('is found for its holder by purpose, and for nobody else', async () => {
      const store = await open();
      const login = await recordCertificate(store, { validBefore: NOW + 10 });
      const sudo = await recordCertificate(store, { purpose: 'sudo', validBefore: NOW + 20 });
      await recordCertificate(store, { purpose: 'host' });
      await recordCertificate(store, { person: 'bob' });
      const holder = (name: string, ...purposes: IssuedCertificate['purpose'][]) =>
        serials(store, { kind: 'holder', purposes, holder: name });
      expect(await holder('alice', 'login', 'sudo')).toEqual([login.serial, sudo.serial]);
      expect(await holder('alice', 'sudo')).toEqual([sudo.serial]);
      expect(await holder('alice', 'builder')).toEqual([]);
      expect(await holder('alice')).toEqual([]);
      expect(await holder('Alice', 'login')).toEqual([]);
    });

    test('is found by the key that it is for, and by the one that signed it', async () => {
      const store = await open();
      const [subject, authority] = [samplePublicKey(), samplePublicKey()];
      const both = await recordBy(store, subject, authority, 10);
      const sameSubject = await recordBy(store, subject, samplePublicKey(), 20);
      const sameAuthority = await recordBy(store, samplePublicKey(), authority, 30);
      const found = (kind: 'subject' | 'authority', key: PublicKey) =>
        serials(store, { kind, key: fingerprint(key) });
      expect(await found('subject', subject)).toEqual([both, sameSubject]);
      expect(await found('authority', authority)).toEqual([both, sameAuthority]);
      expect(await found('subject', authority)).toEqual([]);
      expect(await found('authority', subject)).toEqual([]);
    });

    test('is found by each credential that it rests on', async () => {
      const store = await open();
      const one = await recordCertificate(store, { validBefore: NOW + 10 }, ['own', 'of-approver']);
      const other = await recordCertificate(store, { validBefore: NOW + 20 }, ['own', 'own']);
      await recordCertificate(store, {}, []);
      const found = (id: string) => serials(store, { kind: 'credential', id });
      expect(await found('own')).toEqual([one.serial, other.serial]);
      expect(await found('of-approver')).toEqual([one.serial]);
      expect(await found('nobody')).toEqual([]);
    });

    test('comes back as it was stored', async () => {
      const store = await open();
      const certificate = await recordCertificate(store);
      const found = await store.read((tx) => tx.liveCertificates(ALL, NOW, { after: 0n, most: 9 }));
      expect(found).toEqual([certificate]);
    });

    test.each<CertificateFilter>([
      ALL,
      { kind: 'holder', purposes: ['login'], holder: 'alice' },
      { kind: 'credential', id: 'touched' },
    ])('is on one page only, whoever ends and is revoked meanwhile: $kind', async (filter) => {
      const store = await open();
      const ends = [50, 10, 10, 10, 30, 20, 20, 40];
      const recorded: IssuedCertificate[] = [];
      for (const end of ends) recorded.push(await recordCertificate(store, { validBefore: NOW + end }));
      const found: bigint[] = [];
      await store.write(async (tx) => {
        for (let now = NOW; ; now += 5) {
          const page = await tx.liveCertificates(filter, now, { after: found.at(-1) ?? 0n, most: 2 });
          if (page.length === 0) return;
          found.push(...page.map(({ serial }) => serial));
          await tx.revokeCertificates([sampleRevocation({ serial: found.at(-1) ?? 0n })], now);
        }
      });
      expect(found).toEqual(recorded.toSorted(inOrder).map(({ serial }) => serial));
    });

    test('is none that ended since the page before', async () => {
      const store = await open();
      const [first, , last] = [
        await recordCertificate(store, { validBefore: NOW + 10 }),
        await recordCertificate(store, { validBefore: NOW + 20 }),
        await recordCertificate(store, { validBefore: NOW + 30 }),
      ];
      const page = { after: first.serial, most: 9 };
      expect(await store.read((tx) => tx.liveCertificates(ALL, NOW + 20, page))).toEqual([last]);
    });

    test('on a page behind a certificate that nobody recorded is not looked for', async () => {
      const store = await open();
      const page = { after: 5n, most: 1 };
      await expect(store.read((tx) => tx.liveCertificates(ALL, NOW, page))).rejects.toThrow(TypeError);
    });
  });
}

function inOrder(a: IssuedCertificate, b: IssuedCertificate): number {
  return a.validBefore - b.validBefore || (a.serial < b.serial ? -1 : 1);
}

async function serials(store: Store, filter: CertificateFilter): Promise<readonly bigint[]> {
  const page = { after: 0n, most: 100 };
  return (await store.read((tx) => tx.liveCertificates(filter, NOW, page))).map(({ serial }) => serial);
}

async function recordBy(
  store: Store,
  subject: PublicKey,
  authority: PublicKey,
  end: number,
): Promise<bigint> {
  const certificate = certificateFor(subject, authority);
  return (await recordCertificate(store, { certificate, validBefore: NOW + end })).serial;
}
