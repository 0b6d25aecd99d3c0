import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Act, TARGET_KINDS } from '../../src/ssh/act.ts';
import { ACT_KINDS, actParameters, decodeAct } from '../../src/ssh/act.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import { codeOf } from '../support/code-of.ts';

const KEY = `SHA256:${'A'.repeat(43)}`;
const HASH = new Uint8Array(32).fill(1);

function revoke(kind: (typeof TARGET_KINDS)[number], name: string, reason = 'lost'): Act {
  return { kind: 'revoke', target: { kind, name }, reason };
}

function activate(evenWithout: readonly string[]): Act {
  return { kind: 'activate-ca', purpose: 'login', key: KEY, evenWithout };
}

describe('what is no act is refused, to be touched as to be read', () => {
  it.for<[string, Act]>([
    ['an invitation of nobody', { kind: 'invite-host', host: '', tokenHash: HASH }],
    ['a host with a blank', { kind: 'invite-host', host: 'web 1', tokenHash: HASH }],
    ['a short hash', { kind: 'invite-host', host: 'web1', tokenHash: HASH.slice(1) }],
    ['serial 0', revoke('serial', '0')],
    ['a serial with a zero in front', revoke('serial', '07')],
    ['a serial beyond the greatest', revoke('serial', '18446744073709551616')],
    ['a negative serial', revoke('serial', '-1')],
    ['a key that is no fingerprint', revoke('key', 'MD5:ab')],
    ['a person without a name', revoke('person', '')],
    ['a name that steers terminals', revoke('person', '\u001b[2J')],
    ['no reason', revoke('person', 'alice', '')],
    ['a reason of two lines', revoke('person', 'alice', 'lost\nfound')],
    ['a reason that is too long', revoke('person', 'alice', 'a'.repeat(201))],
    ['a purpose that is no word', { kind: 'retire-ca', purpose: 'Log in', key: KEY }],
    ['the retirement of no key', { kind: 'retire-ca', purpose: 'login', key: '' }],
    ['a stolen key without a reason', { kind: 'revoke-ca', purpose: 'login', key: KEY, reason: '' }],
    ['hosts out of order', activate(['web1', 'db1'])],
    ['a host named twice', activate(['db1', 'db1'])],
    ['a host without a name', activate([''])],
    ['257 hosts', activate(Array.from({ length: 257 }, (_, index) => `h${1000 + index}`))],
  ])('%s', ([, act]) => {
    expect(codeOf(() => actParameters(act))).toBe('bad-act');
  });

  it.for([
    ['a kind that is none', 'issue', new Uint8Array()],
    ['a kind that objects have', 'toString', new Uint8Array()],
    ['a target that is none', 'revoke', new WireWriter().string('role').string('x').string('y').bytes()],
    ['no fingerprint', 'retire-ca', new WireWriter().string('login').string('x').bytes()],
    ['hosts out of order', 'activate-ca', activateBytes(['b', 'a'])],
  ] as const)('%s', ([, kind, parameters]) => {
    expect(codeOf(() => decodeAct(kind, parameters))).toBe('bad-act');
  });
});

function activateBytes(hosts: readonly string[]): Uint8Array {
  const list = new WireWriter();
  for (const host of hosts) list.string(host);
  return new WireWriter().string('login').string(KEY).string(list.bytes()).bytes();
}

const NAME = fc.stringMatching(/^[a-z0-9.@_-]{1,60}$/);
const REASON = fc.stringMatching(/^[!-~]([ -~]{0,198}[!-~])?$/);
const FINGERPRINT = fc.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/);
const PURPOSE = fc.constantFrom('login', 'sudo', 'builder', 'host');

const anyTarget = fc.oneof(
  fc.record({
    kind: fc.constantFrom('person' as const, 'machine' as const, 'credential' as const),
    name: NAME,
  }),
  fc.record({ kind: fc.constant('key' as const), name: FINGERPRINT }),
  fc.record({
    kind: fc.constant('serial' as const),
    name: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String),
  }),
);

const anyAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant('invite-host' as const),
    host: NAME,
    tokenHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  }),
  fc.record({ kind: fc.constant('revoke' as const), target: anyTarget, reason: REASON }),
  fc.record({
    kind: fc.constant('stage-ca' as const),
    purpose: PURPOSE,
    key: fc.oneof(fc.constant(''), FINGERPRINT),
  }),
  fc.record({
    kind: fc.constant('activate-ca' as const),
    purpose: PURPOSE,
    key: FINGERPRINT,
    evenWithout: fc.uniqueArray(NAME, { maxLength: 6 }).map((names) => names.toSorted()),
  }),
  fc.record({ kind: fc.constant('retire-ca' as const), purpose: PURPOSE, key: FINGERPRINT }),
  fc.record({ kind: fc.constant('revoke-ca' as const), purpose: PURPOSE, key: FINGERPRINT, reason: REASON }),
);

describe('the parameters of an act', () => {
  test('are read back as what they were made from, by their own kind alone', () => {
    fc.assert(
      fc.property(anyAct, fc.constantFrom(...ACT_KINDS), (act, kind) => {
        const parameters = actParameters(act);
        expect(decodeAct(act.kind, parameters)).toEqual(act);
        const other = codeOf(() => decodeAct(kind, parameters));
        // Those with the same fields differ in their kind, which the digest covers.
        if (typeof other === 'object') expect(other).toMatchObject({ accepted: { kind } });
      }),
    );
  });

  test('are refused when they end early, at every byte, or late', () => {
    fc.assert(
      fc.property(anyAct, (act) => {
        const parameters = actParameters(act);
        for (let length = 0; length < parameters.length; length++)
          expect(() => decodeAct(act.kind, parameters.subarray(0, length))).toThrow();
        expect(() => decodeAct(act.kind, Uint8Array.of(...parameters, 0))).toThrow();
      }),
      { numRuns: 30 },
    );
  });

  test('have one encoding: whatever is read is written the same', () => {
    fc.assert(
      fc.property(anyAct, fc.nat(), fc.integer({ min: 0, max: 255 }), (act, place, byte) => {
        const parameters = actParameters(act);
        const changed = parameters.with(place % parameters.length, byte);
        const read = codeOf(() => decodeAct(act.kind, changed));
        if (typeof read !== 'object' || read === null || !('accepted' in read)) return;
        // A cast: it is what `decodeAct` gave.
        expect(actParameters(read.accepted as Act)).toEqual(changed);
      }),
    );
  });
});
