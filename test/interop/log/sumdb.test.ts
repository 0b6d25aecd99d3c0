import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64, hex } from '@scure/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCheckpoint, openCheckpoint, signCheckpoint } from '../../../src/log/checkpoint.ts';
import { formatVerifierKey, keyId } from '../../../src/log/note-key.ts';
import { lookupIn, makeProof, planConsistency, planInclusion } from '../../../src/log/proofs.ts';
import { seededSigner } from '../../log/signer.ts';
import { growTree, leafBytes, rootAt } from '../../log/tree.ts';
import { haveParts, program } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';

const CRYPTO = '/usr/share/gocode/src/golang.org/x/crypto/ed25519';

interface Answer {
  readonly Faults: readonly string[];
  readonly Text: string;
  readonly Signed: string;
}

/** Go's checksum database is a log of the same kind: RFC 6962 trees and signed notes. */
describe.runIf(haveParts({ go: 'golang-go', [CRYPTO]: 'golang-golang-x-crypto-dev' }))("Go's sumdb", () => {
  const tree = growTree(200);
  const lookup = lookupIn(tree.nodes);
  const seed = new Uint8Array(32).fill(7);
  const log = seededSigner('ca.example.org', seed);
  const head = { size: 200, root: rootAt(tree, 200) };
  let folder = '';
  let judge = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'usher-sumdb-'));
    judge = await buildJudge(folder);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('accepts our checkpoints and every proof of every tree up to 40 leaves and of one with 200', async () => {
    const answer = await ask();
    expect(answer.Text).toBe(formatCheckpoint({ origin: log.name, ...head }));
    expect(answer.Faults).toEqual([]);
  });

  it('finds the one bad proof among the good ones', async () => {
    const [first = new Uint8Array(32)] = makeProof(planInclusion(3, 8), lookup);
    const spoiled = makeProof(planInclusion(3, 8), lookup).with(0, sha256(first));
    const bad = { ...inclusion(3, 8), Proof: spoiled.map((hash) => base64.encode(hash)) };
    const answer = await ask([bad]);
    expect(answer.Faults).toHaveLength(1);
  });

  it('signs what we open', async () => {
    const { Signed } = await ask();
    expect(openCheckpoint(Signed, log)).toEqual({ origin: log.name, ...head });
    expect(Signed).toBe(signCheckpoint(head, log));
  });

  async function ask(more: readonly object[] = []): Promise<Answer> {
    const question = {
      VerifierKey: formatVerifierKey(log),
      Note: signCheckpoint(head, log),
      SignerKey: `PRIVATE+KEY+${log.name}+${hex.encode(keyId(log))}+${base64.encode(Uint8Array.of(1, ...seed))}`,
      Inclusion: [
        ...sizes().flatMap((size) => range(0, size - 1).map((index) => inclusion(index, size))),
        ...more,
      ],
      Consistency: sizes().flatMap((to) => range(1, to).map((from) => consistency(from, to))),
    };
    return JSON.parse(await runOrThrow(judge, [], { input: JSON.stringify(question) }));
  }

  function sizes(): readonly number[] {
    return [...range(1, 40), 200];
  }

  function inclusion(index: number, size: number) {
    return {
      Size: size,
      Root: base64.encode(rootAt(tree, size)),
      Index: index,
      Leaf: base64.encode(leafBytes(index)),
      Proof: makeProof(planInclusion(index, size), lookup).map((hash) => base64.encode(hash)),
    };
  }

  function consistency(from: number, to: number) {
    return {
      From: from,
      To: to,
      FromRoot: base64.encode(rootAt(tree, from)),
      ToRoot: base64.encode(rootAt(tree, to)),
      Proof: makeProof(planConsistency(from, to), lookup).map((hash) => base64.encode(hash)),
    };
  }
});

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Go's own copy of golang.org/x/mod is put where a build without modules finds it: nothing is downloaded. */
async function buildJudge(folder: string): Promise<string> {
  const go = program('go');
  const root = (await runOrThrow(go, ['env', 'GOROOT'])).trim();
  await mkdir(join(folder, 'src/golang.org/x'), { recursive: true });
  await symlink(join(root, 'src/cmd/vendor/golang.org/x/mod'), join(folder, 'src/golang.org/x/mod'));
  const output = join(folder, 'judge');
  const env = {
    GO111MODULE: 'off',
    GOPATH: `${folder}:/usr/share/gocode`,
    GOCACHE: join(folder, 'cache'),
    GOFLAGS: '',
  };
  await runOrThrow(go, ['build', '-o', output, join(import.meta.dirname, 'judge.go')], { env });
  return output;
}
