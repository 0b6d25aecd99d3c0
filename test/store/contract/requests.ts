import { describe, expect, test } from 'vitest';
import type { IssueState, PendingAct, PendingRequest } from '../../../src/authority/records.ts';
import type { StoreUnderTest } from '../../support/store.ts';
import {
  bytes,
  NOW,
  sampleAct,
  sampleCredential,
  sampleEnrolment,
  sampleIssue,
} from '../../support/store-records.ts';

const WIDE = { total: 1000, perAddress: 1000 };

export function requestLaws(open: StoreUnderTest['open']): void {
  describe('a request', () => {
    test('that nobody made is not found', async () => {
      const store = await open();
      expect(await store.read((tx) => tx.findRequest('nobody'))).toBeUndefined();
    });

    test('of an id that exists is refused, and the first one stays', async () => {
      const store = await open();
      const first = sampleIssue();
      await store.write((tx) => tx.insertRequest(first, WIDE, NOW));
      const second = store.write((tx) => tx.insertRequest(sampleIssue({ id: first.id }), WIDE, NOW));
      await expect(second).rejects.toMatchObject({ name: 'StoreError', code: 'duplicate' });
      expect(await store.read((tx) => tx.findRequest(first.id))).toEqual(first);
    });

    test('that was touched can not be new', async () => {
      const store = await open();
      const touched = sampleIssue({ state: { kind: 'issued', serials: [1n] } });
      await expect(store.write((tx) => tx.insertRequest(touched, WIDE, NOW))).rejects.toThrow(TypeError);
    });

    test('that was touched is listed for its person while it waits or is being signed, and is kept', async () => {
      const store = await open();
      const consent = { touch: sampleTouch(), approvals: [] };
      const signing = { kind: 'signing', consent, leaseUntil: NOW } as const;
      const states: readonly [IssueState, boolean][] = [
        [{ kind: 'pending' }, false],
        [{ kind: 'waiting', consent }, true],
        [signing, true],
        [{ kind: 'issued', serials: [1n] }, false],
        [{ kind: 'rejected', reason: 'too-many-codes' }, false],
      ];
      const mine: string[] = [];
      await store.write(async (tx) => {
        for (const [state, isListed] of states) {
          const request = sampleIssue();
          await tx.insertRequest(request, WIDE, NOW);
          await tx.updateRequest({ ...request, state });
          if (isListed) mine.push(request.id);
        }
        for (const other of [sampleIssue({ person: 'mallory' }), sampleIssue({ keepUntil: NOW })]) {
          await tx.insertRequest(other, WIDE, NOW - 1);
          await tx.updateRequest({ ...other, state: signing });
        }
      });
      const listed = await store.read((tx) => tx.listTouched(sampleIssue().person, NOW));
      expect(listed.map(({ id }) => id).toSorted()).toEqual(mine.toSorted());
    });

    test('that nobody made is not updated', async () => {
      const store = await open();
      expect(await store.write((tx) => tx.updateRequest(sampleIssue()))).toBe(false);
      expect(await store.read((tx) => tx.findRequest(sampleIssue().id))).toBeUndefined();
    });

    test('is not updated over a version that the caller did not see', async () => {
      const store = await open();
      const request = sampleIssue();
      await store.write((tx) => tx.insertRequest(request, WIDE, NOW));
      for (const version of [-1, 1, 2]) {
        const late = { ...request, version, state: { kind: 'issued', serials: [1n] } } as const;
        expect(await store.write((tx) => tx.updateRequest(late))).toBe(false);
      }
      expect(await store.read((tx) => tx.findRequest(request.id))).toEqual(request);
    });

    test('is updated by one of many who saw the same version', async () => {
      const store = await open();
      const request = sampleIssue();
      await store.write((tx) => tx.insertRequest(request, WIDE, NOW));
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) => {
          const state: IssueState = { kind: 'issued', serials: [BigInt(index)] };
          return store.write((tx) => tx.updateRequest({ ...request, state }));
        }),
      );
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      const winner = BigInt(outcomes.indexOf(true));
      const stored = await store.read((tx) => tx.findRequest(request.id));
      expect(stored).toEqual({ ...request, version: 1, state: { kind: 'issued', serials: [winner] } });
    });

    test('keeps what its digest covers, whatever an update says', async () => {
      const store = await open();
      const request = sampleIssue();
      await store.write((tx) => tx.insertRequest(request, WIDE, NOW));
      const forged = { ...sampleIssue(), id: request.id, person: 'mallory', expiresAt: NOW + 9999 };
      expect(await store.write((tx) => tx.updateRequest(forged))).toBe(true);
      expect(await store.read((tx) => tx.findRequest(request.id))).toEqual({ ...request, version: 1 });
    });

    test('of an act keeps the act, whatever an update says', async () => {
      const store = await open();
      const request = sampleAct();
      await store.write((tx) => tx.insertRequest(request, WIDE, NOW));
      const act = { kind: 'retire-ca', purpose: 'login', key: 'SHA256:k' } as const;
      expect(await store.write((tx) => tx.updateRequest({ ...request, act }))).toBe(true);
      expect(await store.read((tx) => tx.findRequest(request.id))).toEqual({ ...request, version: 1 });
    });

    test.each(changes())('comes back as it was stored: %s', async (_, first, change) => {
      const store = await open();
      await store.write((tx) => tx.insertRequest(first, WIDE, NOW));
      expect(await store.read((tx) => tx.findRequest(first.id))).toEqual(first);
      expect(await store.write((tx) => tx.updateRequest({ ...change, version: first.version }))).toBe(true);
      const stored = await store.read((tx) => tx.findRequest(first.id));
      expect(stored).toEqual({ ...change, version: first.version + 1 });
      const reopened = await open();
      expect(await reopened.read((tx) => tx.findRequest(first.id))).toEqual(stored);
    });
  });
}

type Change = readonly [title: string, first: PendingRequest, change: PendingRequest];

function changes(): readonly Change[] {
  const issue = sampleIssue({ version: 7 });
  const enrolment = sampleEnrolment();
  const act = sampleAct();
  const page = { secretHash: bytes(32), openedFrom: '2001:db8::1', proof: 'none', wrongCodes: 0 } as const;
  const states: readonly IssueState[] = [
    { kind: 'waiting', consent: { touch: sampleTouch(), approvals: [sampleTouch()] } },
    { kind: 'signing', consent: { touch: sampleTouch(), approvals: [] }, leaseUntil: NOW + 30 },
    {
      kind: 'signing',
      consent: {
        approvals: [],
        caTouch: { person: 'alice', draft: 1, signature: bytes(103), userVerified: true },
      },
      leaseUntil: NOW + 30,
    },
    { kind: 'issued', serials: [1n, 2n ** 63n - 1n] },
    { kind: 'denied', refusal: { code: 'unknown-person', reason: 'the roster knows no alice' } },
    { kind: 'rejected', reason: 'too-many-codes' },
    { kind: 'rejected', reason: 'by-approver', person: 'bob' },
  ];
  return [
    ...states.map((state): Change => [state.kind, issue, { ...issue, state, keepUntil: NOW + 900 }]),
    ['a page', issue, { ...issue, page }],
    ['a page with proof', { ...issue, page }, { ...issue, page: { ...page, proof: 'code', wrongCodes: 2 } }],
    ['a page less', { ...issue, page }, issue],
    ['offered', enrolment, { ...enrolment, state: { kind: 'offered', credential: sampleCredential() } }],
    ...actStates().map((state): Change => [`an act ${state.kind}`, act, { ...act, state }]),
    ['an act with a page', act, { ...act, page }],
    ['enrolled', enrolment, { ...enrolment, state: { kind: 'enrolled', credentialId: 'abc' } }],
  ];
}

function actStates(): readonly PendingAct['state'][] {
  const key = { kind: 'ca-key', purpose: 'login', key: 'ssh-ed25519 AAAA', state: 'revoked' } as const;
  const affected = [{ holder: 'alice', certificates: 2 }];
  return [
    { kind: 'done', result: { kind: 'host-invited', host: 'web1', expiresAt: NOW + 3600 } },
    { kind: 'done', result: { kind: 'revoked', count: 2, serials: [1n, 2n ** 63n - 1n] } },
    { kind: 'done', result: { ...key, affected } },
    { kind: 'denied', refusal: { code: 'unknown-person', reason: 'the roster knows no alice' } },
    { kind: 'rejected', reason: 'too-many-codes' },
  ];
}

function sampleTouch() {
  return {
    person: 'alice',
    credentialKind: 'webauthn',
    credentialId: 'abc',
    publicKey: bytes(77),
    rpId: 'ca.example.org',
    userVerified: true,
    assertion: { credentialId: 'abc', clientDataJSON: 'e30', authenticatorData: 'AA', signature: 'AA' },
  } as const;
}
