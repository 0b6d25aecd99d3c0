/** Laws of the judge: it decides about everything that an agent, a file or a line may hold, and never throws. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCaFile } from '../../src/pam-ussh/ca-file.ts';
import type { Facts, FileFact, SigningFact } from '../../src/pam-ussh/facts.ts';
import { parseGoIdentity } from '../../src/pam-ussh/go-certificate.ts';
import { compareBytes, goBytes, goText } from '../../src/pam-ussh/go-text.ts';
import { judge } from '../../src/pam-ussh/judge.ts';
import { explainLog } from '../../src/pam-ussh/log-lines.ts';
import { parsePrincipalsFile } from '../../src/pam-ussh/principals-file.ts';
import type { Judgement } from '../../src/pam-ussh/verdict.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import { ca, certify, host, keyLine } from './certify.ts';
import type { World } from './scene.ts';
import { factsOf } from './scene.ts';

const WORLD: World = { user: 'alice', other: 'bob', directory: '/etc/ssh/usher', now: 1_800_000_000 };
const good = certify(WORLD).blob;

const someBytes = fc.uint8Array({ maxLength: 300 });

/** A good certificate, cut, stretched, or with some bytes changed; or bytes that were never one. */
const blob = fc.oneof(
  fc.constant(good),
  someBytes,
  fc.nat(good.length).map((length) => good.subarray(0, length)),
  fc
    .tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }))
    .map(([at, change]) => good.map((byte, index) => (index === at ? byte ^ change : byte))),
  someBytes.map((bytes) => new WireWriter().string('ssh-ed25519-cert-v01@openssh.com').raw(bytes).bytes()),
);

const signing = fc.oneof(
  fc.constant(undefined),
  fc.record({ kind: fc.constant('signature' as const), challenge: someBytes, signature: someBytes }),
  fc.record({ kind: fc.constantFrom('refused' as const, 'silent' as const, 'wrong-message' as const) }),
  fc.record({ kind: fc.constant('broken' as const), message: fc.string() }),
) satisfies fc.Arbitrary<SigningFact | undefined>;

const identities = fc.array(fc.record({ blob, comment: fc.string(), signing }), { maxLength: 5 });

const argument = fc.oneof(
  fc.string(),
  fc.constantFrom(
    'ca_file=/ca',
    'authorized_principals=sudoer',
    'authorized_principals_file=/p',
    'group=x',
    'group',
  ),
);

const file = fc.oneof(
  someBytes.map((bytes) => ({ kind: 'bytes' as const, bytes })),
  fc.constant({ kind: 'bytes' as const, bytes: new TextEncoder().encode(keyLine(ca())) }),
  fc.constant({ kind: 'directory' as const }),
  fc.string().map((message) => ({ kind: 'error' as const, message })),
) satisfies fc.Arbitrary<FileFact>;

const facts: fc.Arbitrary<Facts> = fc
  .record({
    user: fc.constantFrom('alice', 'bob', ''),
    moduleArguments: fc.array(argument, { maxLength: 4 }),
    content: file,
    group: fc.constantFrom('member' as const, 'outside' as const, 'unknown-group' as const, undefined),
    identities,
    now: fc.constantFrom(WORLD.now, 0, WORLD.now + 10_000),
    xcrypto: fc.constantFrom('before-0.52' as const, '0.52' as const),
  })
  .map(({ identities: all, content, ...rest }) => ({
    ...rest,
    readFile: () => content,
    agent: { kind: 'identities' as const, identities: all },
  }));

describe('the judge', () => {
  it('decides about whatever there is, and its steps make sense', () => {
    fc.assert(
      fc.property(facts, (all) => {
        const judgement = judge(all);
        expectSense(judgement);
        expect(judgement.identities).toHaveLength(
          all.agent.kind === 'identities' ? all.agent.identities.length : 0,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('accepts a damaged certificate only when it is the undamaged one', () => {
    fc.assert(
      fc.property(blob, (bytes) => {
        const { outcome } = judge(factsOf(host(WORLD, [{ blob: bytes }]), WORLD, 'before-0.52'));
        expect(outcome === 'success').toBe(Buffer.compare(bytes, good) === 0);
      }),
      { numRuns: 200 },
    );
  });

  it('skips any number of useless identities', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.nat(5), (before, behind) => {
        const bob = certify(WORLD, { principals: ['bob'] });
        const all = [...Array(before).fill(bob), { blob: good }, ...Array(behind).fill(bob)];
        const { outcome, identities: verdicts } = judge(factsOf(host(WORLD, all), WORLD, '0.52'));
        expect(outcome).toBe('success');
        expect(verdicts.findIndex(({ step }) => step === 'accepted')).toBe(before);
      }),
    );
  });
});

describe('the parsers', () => {
  it('never throw', () => {
    fc.assert(
      fc.property(blob, fc.string(), (bytes, text) => {
        parseGoIdentity(bytes);
        parseCaFile(bytes);
        parsePrincipalsFile(bytes);
        explainLog(text);
      }),
      { numRuns: 500 },
    );
  });

  it('read a blob as x/crypto encodes it anew: twice the same', () => {
    fc.assert(
      fc.property(blob, (bytes) => {
        const parsed = parseGoIdentity(bytes);
        if (parsed.kind === 'unreadable') return;
        const again = parseGoIdentity(parsed.blob);
        expect(again.kind === 'unreadable' ? undefined : again.blob).toEqual(parsed.blob);
      }),
      { numRuns: 300 },
    );
  });

  it('survive certificates in certificates, however deep', () => {
    let nested = good;
    for (let depth = 0; depth < 200; depth++) nested = certify(WORLD, { raw: { authority: nested } }).blob;
    expect(parseGoIdentity(nested).kind).toBe('unreadable');
  });

  it('keep every byte of a text', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (left, right) => {
        expect(goBytes(goText(left))).toEqual(left);
        expect(goText(left) === goText(right)).toBe(Buffer.compare(left, right) === 0);
        expect(Math.sign(compareBytes(left, right))).toBe(Buffer.compare(left, right));
      }),
    );
  });
});

/** One way to end, at the last identity that was reached. */
function expectSense({ outcome, identities: verdicts }: Judgement): void {
  const steps = verdicts.map(({ step }) => step);
  const end = steps.findIndex((step) => step === 'accepted' || step === 'aborts');
  if (outcome === 'success') expect(steps[end]).toBe('accepted');
  if (end >= 0) {
    expect(steps.slice(0, end).every((step) => step === 'skipped')).toBe(true);
    expect(steps.slice(end + 1).every((step) => step === 'not-reached')).toBe(true);
  } else expect(new Set(steps).size).toBeLessThanOrEqual(1);
  const accepted = verdicts.filter(({ step }) => step === 'accepted');
  expect(accepted.flatMap(({ refusals }) => refusals)).toEqual([]);
}
