import { describe, expect, test } from 'vitest';
import type { Store } from '../../../src/authority/ports.ts';
import type { IssuedCertificate, Revocation } from '../../../src/authority/records.ts';
import type { StoreUnderTest } from '../../support/store.ts';
import { bytes, NOW, sampleRevocation } from '../../support/store-records.ts';

type Purpose = IssuedCertificate['purpose'];

const PURPOSES: readonly Purpose[] = ['login', 'sudo', 'builder', 'host'];

export function revocationLaws(open: StoreUnderTest['open']): void {
  describe('a revocation list', () => {
    test.each(PURPOSES)('of %s is empty and has number 0 before anything was revoked', async (purpose) => {
      const store = await open();
      expect(await store.read((tx) => tx.krlContent(purpose))).toEqual({
        number: 0,
        changedAt: 0,
        certificates: [],
        fingerprints: [],
      });
    });

    test('names serials by the key that signed them, of its purpose only', async () => {
      const store = await open();
      const [one, other] = [new Uint8Array([1, 2]), new Uint8Array([1, 3])];
      await revoke(store, [
        ...[9n, 2n ** 63n - 1n, 3n].map((serial) => sampleRevocation({ serial, authority: one })),
        sampleRevocation({ serial: 4n, authority: other }),
        sampleRevocation({ serial: 5n, authority: one, purpose: 'sudo' }),
      ]);
      expect((await content(store, 'login')).certificates).toEqual([
        { authority: one, serials: [3n, 9n, 2n ** 63n - 1n] },
        { authority: other, serials: [4n] },
      ]);
      expect((await content(store, 'sudo')).certificates).toEqual([{ authority: one, serials: [5n] }]);
      expect((await content(store, 'host')).certificates).toEqual([]);
    });

    test('gets a number with what is revoked, at least the time, and greater than the last', async () => {
      const store = await open();
      const numbers: number[] = [];
      for (const now of [NOW, NOW, NOW - 50, NOW + 10]) {
        await revoke(store, [sampleRevocation(), sampleRevocation()], now);
        const { number, changedAt } = await content(store, 'login');
        expect(changedAt).toBe(now);
        expect(await store.read((tx) => tx.krlNumber('login'))).toBe(number);
        numbers.push(number);
      }
      expect(numbers).toEqual([NOW, NOW + 1, NOW + 2, NOW + 10]);
      expect(await store.read((tx) => tx.krlNumber('sudo'))).toBe(0);
    });

    test('changes not at all when the change is not stored', async () => {
      const store = await open();
      const failing = store.write(async (tx) => {
        await tx.revokeCertificates([sampleRevocation()], NOW);
        await tx.revokeKey('SHA256:a', NOW);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await content(store, 'login')).toEqual({
        number: 0,
        changedAt: 0,
        certificates: [],
        fingerprints: [],
      });
    });

    test('is what it was when the database is opened again', async () => {
      const store = await open();
      await revoke(store, [sampleRevocation()]);
      await store.write((tx) => tx.revokeKey('SHA256:a', NOW));
      expect(await content(await open(), 'login')).toEqual(await content(store, 'login'));
    });

    test('loses what ended before a time, and gets a number for it', async () => {
      const store = await open();
      const kept = sampleRevocation({ validBefore: NOW + 10 });
      const sudo = sampleRevocation({ purpose: 'sudo', validBefore: NOW + 1 });
      await revoke(store, [kept, sudo, sampleRevocation({ validBefore: NOW + 9 })]);
      const has = (purpose: Purpose, before: number) =>
        store.read((tx) => tx.hasEndedRevocations(purpose, before));
      expect(await has('login', NOW + 9)).toBe(false);
      expect(await has('login', NOW + 10)).toBe(true);
      expect(await has('host', NOW + 99)).toBe(false);
      const drop = () => store.write((tx) => tx.dropEndedRevocations('login', NOW + 10, NOW + 20));
      await drop();
      expect(await has('login', NOW + 10)).toBe(false);
      const after = await content(store, 'login');
      expect(after).toMatchObject({ number: NOW + 20, changedAt: NOW + 20 });
      expect(after.certificates).toEqual([{ authority: kept.authority, serials: [kept.serial] }]);
      await drop();
      expect(await content(store, 'login')).toEqual(after);
      expect(await content(store, 'sudo')).toMatchObject({ number: NOW, changedAt: NOW });
      expect(await isRevoked(store, sudo.serial)).toBe(true);
    });

    test('of a purpose that there is none of is refused', async () => {
      const store = await open();
      // Nobody can ask so whose types are checked: it stands for a database of which a row is missing.
      const asked = store.read((tx) => tx.krlNumber('other' as Purpose));
      await expect(asked).rejects.toMatchObject({ name: 'StoreError', code: 'corrupt' });
    });
  });

  describe('a revocation', () => {
    test('is of nothing but the serial that it names', async () => {
      const store = await open();
      const [revocation] = [sampleRevocation({ serial: 7n })];
      expect(await isRevoked(store, 7n)).toBe(false);
      expect(await revoke(store, [revocation])).toEqual([7n]);
      expect(await isRevoked(store, 7n)).toBe(true);
      expect(await isRevoked(store, 8n)).toBe(false);
    });

    test('of a serial that is revoked changes nothing, and says so', async () => {
      const store = await open();
      const first = sampleRevocation();
      await revoke(store, [first]);
      const again = { ...first, authority: bytes(51), validBefore: NOW + 999_999, purpose: 'sudo' } as const;
      const before = await content(store, 'login');
      expect(await revoke(store, [again], NOW + 50)).toEqual([]);
      expect(await content(store, 'login')).toEqual(before);
      expect(await content(store, 'sudo')).toMatchObject({ number: 0, certificates: [] });
    });

    test('twice in one call counts once, and only those are told that are new', async () => {
      const store = await open();
      const [old, fresh] = [sampleRevocation(), sampleRevocation()];
      await revoke(store, [old]);
      expect(await revoke(store, [old, fresh, fresh], NOW)).toEqual([fresh.serial]);
      expect(await store.read((tx) => tx.krlNumber('login'))).toBe(NOW + 1);
    });

    test('of none gives no list a number', async () => {
      const store = await open();
      expect(await revoke(store, [])).toEqual([]);
      expect(await store.read((tx) => tx.krlNumber('login'))).toBe(0);
    });

    test('that many want at once is made by one of them', async () => {
      const [store, other] = [await open(), await open()];
      const revocation = sampleRevocation();
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, index) => revoke(index % 2 === 0 ? store : other, [revocation])),
      );
      expect(made.flat()).toEqual([revocation.serial]);
      expect(await store.read((tx) => tx.krlNumber('login'))).toBe(NOW);
    });

    test('gives each of many at once a number of its own', async () => {
      const [store, other] = [await open(), await open()];
      const numbers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? store : other).write(async (tx) => {
            await tx.revokeCertificates([sampleRevocation()], NOW);
            return tx.krlNumber('login');
          }),
        ),
      );
      expect(numbers.toSorted()).toEqual(Array.from({ length: 20 }, (_, index) => NOW + index));
    });
  });

  describe('a key that is revoked', () => {
    test('is on the list of every purpose, which gets a number, once', async () => {
      const store = await open();
      await revoke(store, [sampleRevocation()]);
      expect(await store.read((tx) => tx.isKeyRevoked('SHA256:b'))).toBe(false);
      for (const fingerprint of ['SHA256:b', 'SHA256:a'])
        expect(await store.write((tx) => tx.revokeKey(fingerprint, NOW))).toBe(true);
      expect(await store.read((tx) => tx.isKeyRevoked('SHA256:b'))).toBe(true);
      const fingerprints = ['SHA256:a', 'SHA256:b'];
      for (const purpose of PURPOSES) expect(await content(store, purpose)).toMatchObject({ fingerprints });
      const numbersBefore = await numbers(store);
      expect(numbersBefore).toEqual([NOW + 2, NOW + 1, NOW + 1, NOW + 1]);
      expect(await store.write((tx) => tx.revokeKey('SHA256:b', NOW + 9))).toBe(false);
      expect(await numbers(store)).toEqual(numbersBefore);
    });

    test('stays on it, however old the list', async () => {
      const store = await open();
      await store.write((tx) => tx.revokeKey('SHA256:a', NOW));
      await store.write((tx) => tx.dropEndedRevocations('login', NOW * 2, NOW));
      expect(await content(store, 'login')).toMatchObject({ number: NOW, fingerprints: ['SHA256:a'] });
    });

    test('is so by one of many who want it at once', async () => {
      const [store, other] = [await open(), await open()];
      const revoked = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? store : other).write((tx) => tx.revokeKey('SHA256:a', NOW)),
        ),
      );
      expect(revoked.filter(Boolean)).toHaveLength(1);
      expect(await numbers(store)).toEqual([NOW, NOW, NOW, NOW]);
    });
  });
}

function revoke(store: Store, revocations: readonly Revocation[], now = NOW): Promise<readonly bigint[]> {
  return store.write((tx) => tx.revokeCertificates(revocations, now));
}

function isRevoked(store: Store, serial: bigint): Promise<boolean> {
  return store.read(async (tx) => (await tx.revocationCause(serial)) !== undefined);
}

function content(store: Store, purpose: Purpose) {
  return store.read((tx) => tx.krlContent(purpose));
}

function numbers(store: Store): Promise<readonly number[]> {
  return store.read((tx) => Promise.all(PURPOSES.map((purpose) => tx.krlNumber(purpose))));
}
