/** x/crypto and our judge decide alike about certificates in which any one byte is another, signed as if it were right, and about any ca_file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base64 } from '@scure/base';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judge } from '../../../src/pam-ussh/judge.ts';
import { decodePublicKey } from '../../../src/ssh/public-key.ts';
import { WireWriter } from '../../../src/ssh/wire.ts';
import type { AgentTestKeyKind } from '../../pam-ussh/agent-key.ts';
import { testKey } from '../../pam-ussh/agent-key.ts';
import { ca, certify, host, keyLine } from '../../pam-ussh/certify.ts';
import type { World } from '../../pam-ussh/scene.ts';
import { factsOf } from '../../pam-ussh/scene.ts';
import { startScriptedAgent } from '../../pam-ussh/scripted-agent.ts';
import { haveParts } from '../../support/parts.ts';
import { options } from '../../support/raw-certificate.ts';
import type { Xcrypto } from '../../support/xcrypto.ts';
import { startXcrypto, XCRYPTO_PARTS } from '../../support/xcrypto.ts';

const WORLD: World = { user: 'alice', other: 'bob', directory: '/etc/ssh/usher', now: 1_800_000_000 };
const KINDS: readonly AgentTestKeyKind[] = ['ed25519', 'ecdsa256', 'rsa2048', 'dsa'];
/** Another letter, another half, a length far too long. */
const CHANGES = [0x01, 0x20, 0x80];

describe.runIf(haveParts(XCRYPTO_PARTS))('x/crypto and our judge', () => {
  let xcrypto: Xcrypto;

  beforeAll(async () => {
    xcrypto = await startXcrypto();
  }, 300_000);

  afterAll(() => xcrypto?.stop());

  it.each(KINDS)('decide alike about damaged certificates of a key of kind %s', async (kind) => {
    const blobs = damaged(kind);
    const answers = await xcrypto.ask(
      blobs.map((certificate, index) => ({
        id: `${index}`,
        certificate,
        authorities: [decodePublicKey(ca().blob)],
        as: 'any',
        principals: [WORLD.user],
        oneOf: ['sudoer', 'sudoer@myhost'],
        time: WORLD.now,
      })),
    );
    const differences = answers.flatMap(({ accepted, reason }, index) => {
      const ours = accepts(blobs[index] ?? new Uint8Array());
      return ours === accepted ? [] : [{ index, ours, reason }];
    });
    expect(differences).toEqual([]);
    const accepted = answers.filter((answer) => answer.accepted).length;
    // A changed nonce, serial or key id is as good as any; so the comparison is about both.
    expect(accepted).toBeGreaterThan(100);
    expect(answers.length - accepted).toBeGreaterThan(100);
  });

  it('decide alike about ca_files of any lines', async () => {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'usher-test-damaged-'));
    stack.defer(() => rm(directory, { recursive: true }));
    const agent = join(directory, 'agent');
    const identities = [certify(WORLD)];
    stack.use(await startScriptedAgent(agent, { kind: 'identities', identities }));
    const texts = fc.sample(caFileText, { numRuns: 1_000, seed: 3 });
    const walked = await xcrypto.walk(
      texts.map((text, index) => ({
        id: `${index}`,
        agent,
        authorityFile: new TextEncoder().encode(text),
        user: WORLD.user,
        wanted: ['sudoer'],
        time: WORLD.now,
        patience: 10_000,
      })),
    );
    const ours = texts.map((text) => {
      const scene = host(WORLD, identities, { files: { ca: { text } } });
      const { outcome, log } = judge(factsOf(scene, WORLD, 'before-0.52'));
      return { outcome, log: log.slice(1) };
    });
    expect(ours).toEqual(walked);
    expect(new Set(walked.map(({ outcome }) => outcome)).size).toBe(2);
  });
});

/** Pieces that mean something in such a file, in any order. */
const caFileText = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom(
          ...[' ', '\t', '\n', '\r', '\r\n', '"', '\\', ',', '=', '#', '@', '\ufeff'],
        ),
      },
      {
        weight: 3,
        arbitrary: fc.constantFrom('ssh-ed25519', 'cert-authority', 'from="192.0.2.1"', 'command="a b"'),
      },
      {
        weight: 3,
        arbitrary: fc.constantFrom(base64.encode(ca().blob), base64.encode(testKey('ed25519', 'other').blob)),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom(`${keyLine(ca())}\n`, `${keyLine(testKey('rsa2048', 'ca'))}\n`),
      },
      { weight: 1, arbitrary: fc.string({ maxLength: 4, unit: 'binary' }) },
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));

function damaged(kind: AgentTestKeyKind): readonly Uint8Array[] {
  const drafts: Uint8Array[] = [];
  certify(WORLD, {
    subject: testKey(kind, 'subject'),
    raw: {
      criticalOptions: options(['source-address', '10.0.0.0/8']),
      extensions: options(['permit-pty', ''], ['x@example.org', 'value']),
      reserved: Uint8Array.of(1, 2),
    },
    signature: (draft) => {
      drafts.push(draft);
      return draft;
    },
  });
  return drafts.flatMap((draft) =>
    [...draft.keys()].flatMap((at) => CHANGES.map((change) => signed(changed(draft, at, change)))),
  );
}

function changed(bytes: Uint8Array, at: number, change: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ change : byte));
}

function signed(draft: Uint8Array): Uint8Array {
  return new WireWriter().raw(draft).string(ca().sign(draft)).bytes();
}

function accepts(blob: Uint8Array): boolean {
  return judge(factsOf(host(WORLD, [{ blob }]), WORLD, 'before-0.52')).outcome === 'success';
}
