import { createHash } from 'node:crypto';
import { hex } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TouchAction, TouchStatement } from '../../src/fido/touch-digest.ts';
import { issueAction, normalizeCode, touchCode, touchDigest } from '../../src/fido/touch-digest.ts';
import { codeOf } from '../support/code-of.ts';

const HASH = new Uint8Array(32).fill(0xa1);
const ISSUE: TouchStatement = {
  origin: 'https://ca.example.org',
  action: { kind: 'issue', draftHashes: [HASH, new Uint8Array(32).fill(0xb2)] },
  requestId: 'r1',
  nonce: new Uint8Array(32).fill(0x4e),
  expiresAt: 1_800_000_000,
};
const ENROLL: TouchStatement = {
  ...ISSUE,
  action: {
    kind: 'enroll',
    person: 'alice',
    credentialId: 'AAEC',
    publicKey: Uint8Array.of(0xa5, 1),
    inviteId: 'i1',
  },
};

/** The documented layout written down a second time, by hand, so that a change of the code is a change of the format. */
function sshString(content: string | Uint8Array): string {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return bytes.length.toString(16).padStart(8, '0') + hex.encode(bytes);
}

function sha256Hex(layout: readonly string[]): string {
  return createHash('sha256')
    .update(hex.decode(layout.join('')))
    .digest('hex');
}

function head(kind: string): readonly string[] {
  return [
    sshString('usher touch v1'),
    sshString('https://ca.example.org'),
    sshString(kind),
    sshString('r1'),
    sshString(new Uint8Array(32).fill(0x4e)),
    '000000006b49d200',
  ];
}

describe('the digest', () => {
  test('of certificates follows the documented layout', () => {
    const hashes = `00000020${'a1'.repeat(32)}00000020${'b2'.repeat(32)}`;
    const expected = sha256Hex([...head('issue'), '00000048', hashes]);
    expect(hex.encode(touchDigest(ISSUE))).toBe(expected);
  });

  test('of certificates with a reason follows the documented layout', () => {
    const hashes = `00000020${'a1'.repeat(32)}`;
    const expected = sha256Hex([...head('issue-with-reason'), '00000024', hashes, sshString('deploy 4711')]);
    expect(hex.encode(touchDigest({ ...ISSUE, action: issueAction([HASH], 'deploy 4711') }))).toBe(expected);
    expect(issueAction([HASH], '')).toEqual({ kind: 'issue', draftHashes: [HASH] });
    const empty = { kind: 'issue-with-reason', draftHashes: [HASH], reason: '' } as const;
    expect(codeOf(() => touchDigest({ ...ISSUE, action: empty }))).toBe('malformed');
  });

  test.each(['approve', 'reject'] as const)('of the answer %s follows the documented layout', (kind) => {
    const expected = sha256Hex([...head(kind), sshString(HASH)]);
    expect(hex.encode(touchDigest({ ...ISSUE, action: { kind, requestDigest: HASH } }))).toBe(expected);
    const short = { kind, requestDigest: HASH.subarray(1) } as const;
    expect(codeOf(() => touchDigest({ ...ISSUE, action: short }))).toBe('malformed');
  });

  test('of an act follows the documented layout', () => {
    const target = { kind: 'person', name: 'bob' } as const;
    const act = { kind: 'revoke', target, reason: 'left' } as const;
    const parameters = hex.decode([sshString('person'), sshString('bob'), sshString('left')].join(''));
    const expected = sha256Hex([...head('revoke'), sshString(parameters)]);
    expect(hex.encode(touchDigest({ ...ISSUE, action: act }))).toBe(expected);
    expect(codeOf(() => touchDigest({ ...ISSUE, action: { ...act, reason: '' } }))).toBe('bad-act');
  });

  test('of an enrolment follows the documented layout', () => {
    const expected = sha256Hex([
      ...head('enroll'),
      sshString('alice'),
      sshString('AAEC'),
      sshString(Uint8Array.of(0xa5, 1)),
      sshString('i1'),
    ]);
    expect(hex.encode(touchDigest(ENROLL))).toBe(expected);
  });

  test('is a constant for a constant statement', () => {
    expect(hex.encode(touchDigest(ISSUE))).toMatchInlineSnapshot(
      `"37ebf75bdd4dd02bc930b76c7ba1ac27ea1a54001ec60d0ddfb724060d39b20d"`,
    );
    expect(hex.encode(touchDigest(ENROLL))).toMatchInlineSnapshot(
      `"0485867a8374aad9597e2fcf5f32b4752419f9a71c4de6924f7386335de0b747"`,
    );
  });

  test('changes with every part of the statement', () => {
    const issue = (draftHashes: readonly Uint8Array[]): TouchAction => ({ kind: 'issue', draftHashes });
    const other = new Uint8Array(32).fill(0xb2);
    const enroll = ENROLL.action;
    const statements: readonly TouchStatement[] = [
      ISSUE,
      { ...ISSUE, origin: 'https://ca.example.com' },
      { ...ISSUE, requestId: 'r2' },
      { ...ISSUE, nonce: new Uint8Array(32) },
      { ...ISSUE, expiresAt: ISSUE.expiresAt + 1 },
      { ...ISSUE, action: issue([HASH]) },
      { ...ISSUE, action: issue([other, HASH]) },
      { ...ISSUE, action: issue([HASH, HASH]) },
      { ...ISSUE, action: issue([HASH, other, other]) },
      ENROLL,
      { ...ENROLL, action: { ...enroll, person: 'bob' } as TouchAction },
      { ...ENROLL, action: { ...enroll, credentialId: 'AAED' } as TouchAction },
      { ...ENROLL, action: { ...enroll, publicKey: Uint8Array.of(0xa5, 2) } as TouchAction },
      { ...ENROLL, action: { ...enroll, inviteId: 'i2' } as TouchAction },
    ];
    const digests = statements.map((statement) => hex.encode(touchDigest(statement)));
    expect(new Set(digests).size).toBe(statements.length);
  });

  test('keeps neighbouring fields apart: moving a character between them changes it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (person, credentialId) => {
        const [last = ''] = [...person].slice(-1);
        const moved = { person: person.slice(0, -last.length), credentialId: last + credentialId };
        const digest = (fields: { person: string; credentialId: string }) =>
          hex.encode(
            touchDigest({
              ...ENROLL,
              action: { kind: 'enroll', publicKey: HASH, inviteId: 'i1', ...fields },
            }),
          );
        expect(digest(moved)).not.toBe(digest({ person, credentialId }));
      }),
    );
  });
});

describe('a statement that can not be is refused', () => {
  test.each<[string, Partial<TouchStatement>]>([
    ['no drafts', { action: { kind: 'issue', draftHashes: [] } }],
    ['a draft hash of 31 bytes', { action: { kind: 'issue', draftHashes: [HASH, new Uint8Array(31)] } }],
    ['an empty nonce', { nonce: new Uint8Array() }],
    ['a nonce of 33 bytes', { nonce: new Uint8Array(33) }],
    ['a time before 1970', { expiresAt: -1 }],
    ['a time with a fraction', { expiresAt: 1.5 }],
    ['no time', { expiresAt: Number.NaN }],
    // The cast plays a newer authority's action at an older page.
    ['an action of a later version', { action: { kind: 'rename-host' } as unknown as TouchAction }],
  ])('%s', (_, change) => {
    expect(codeOf(() => touchDigest({ ...ISSUE, ...change }))).toBe('malformed');
  });
});

describe('the code', () => {
  test('is 8 characters of Crockford, and a constant for a constant digest', () => {
    expect(touchCode(HASH)).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(touchCode(HASH)).toMatchInlineSnapshot(`"6FHR-RMDN"`);
  });

  test('is the first 40 bits of the documented hash', () => {
    const layout = [sshString('usher code v1'), sshString(HASH)];
    const bits = BigInt(`0x${sha256Hex(layout).slice(0, 10)}`);
    const read = [...normalizeCode(touchCode(HASH))].reduce(
      (sum, character) => sum * 32n + BigInt('0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(character)),
      0n,
    );
    expect(read).toBe(bits);
  });

  test('of another digest is another', () => {
    const digests = Array.from({ length: 200 }, (_, index) => new Uint8Array(32).fill(index));
    expect(new Set(digests.map(touchCode)).size).toBe(200);
  });

  test('is read however people type it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (digest) => {
        const code = touchCode(digest);
        const typed = ` ${code.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l').replace('-', ' - ')}\n`;
        expect(normalizeCode(typed)).toBe(normalizeCode(code));
        expect(normalizeCode(typed)).toBe(code.replace('-', ''));
      }),
    );
  });

  test('needs a digest', () => {
    expect(codeOf(() => touchCode(new Uint8Array(31)))).toBe('malformed');
  });
});
