/**
 * x/crypto, the library under pam-ussh, decides the cases of the table that are its matter: everything but the line in /etc/pam.d, files that can not be
 * read, and agents that nobody reaches. The unit test has our own judge decide the same cases, table-pam-ussh.test.ts pam-ussh.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readModuleOptions } from '../../../src/pam-ussh/options.ts';
import { CASES } from '../../pam-ussh/cases.ts';
import type { PamUsshCase, Scene, World } from '../../pam-ussh/scene.ts';
import { factsOf } from '../../pam-ussh/scene.ts';
import { startScriptedAgent } from '../../pam-ussh/scripted-agent.ts';
import { haveParts } from '../../support/parts.ts';
import type { XcryptoWalk, XcryptoWalked } from '../../support/xcrypto.ts';
import { startXcrypto, XCRYPTO_PARTS } from '../../support/xcrypto.ts';

const WORLD: World = { user: 'alice', other: 'bob', directory: '/etc/ssh/usher', now: 1_800_000_000 };
const PATIENCE_MS = 2_000;

interface Asked {
  readonly one: PamUsshCase;
  readonly scene: Scene;
  /** Without the agent. */
  readonly walk: Omit<XcryptoWalk, 'agent'>;
  /** What pam-ussh has logged before it comes to the agent. */
  readonly logged: readonly string[];
}

const ASKED = CASES.flatMap(asksXcrypto);

describe.runIf(haveParts(XCRYPTO_PARTS))('x/crypto', () => {
  let answers: ReadonlyMap<string, XcryptoWalked>;

  beforeAll(async () => {
    answers = await askAll();
  }, 300_000);

  it('is asked most of the table', () => {
    expect(ASKED.length).toBeGreaterThanOrEqual(240);
  });

  it.each(ASKED)('$one.id', ({ one: { id, expected, expectedNew = expected, isOld }, logged }) => {
    const answer = answers.get(id);
    if (isOld === true && answer?.outcome !== 'panic') return;
    const { outcome, log } = (isNew(answers) ? expectedNew : expected)(WORLD);
    expect(answer).toEqual({ outcome, log: log.filter((line) => !logged.includes(line)) });
  });
});

/** The case as x/crypto meets it; none when pam-ussh decides it alone. */
function asksXcrypto(one: PamUsshCase): readonly Asked[] {
  const scene = one.scene(WORLD);
  const { user, now, moduleArguments, readFile, group } = factsOf(scene, WORLD, 'before-0.52');
  const options = readModuleOptions(moduleArguments, readFile);
  const ca = readFile(options.caFile);
  const endsBefore = options.stop !== undefined || (options.group !== '' && group !== 'member');
  const hasAgent = scene.agent.kind === 'identities' || scene.agent.kind === 'answers';
  if (endsBefore || ca.kind !== 'bytes' || !hasAgent) return [];
  const wanted = [...options.principals.keys()];
  const walk = { id: one.id, authorityFile: ca.bytes, user, wanted, time: now, patience: PATIENCE_MS };
  return [{ one, scene, walk, logged: options.log }];
}

async function askAll(): Promise<ReadonlyMap<string, XcryptoWalked>> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'usher-test-table-'));
  stack.defer(() => rm(directory, { recursive: true }));
  const xcrypto = stack.use(await startXcrypto());
  const walks: XcryptoWalk[] = [];
  for (const [index, { scene, walk }] of ASKED.entries()) {
    const agent = join(directory, `${index}`);
    stack.use(await startScriptedAgent(agent, scene.agent));
    walks.push({ ...walk, agent });
  }
  const walked = await xcrypto.walk(walks);
  return new Map(walked.map((answer, index) => [walks[index]?.id ?? '', answer]));
}

/** The one thing that newer versions do otherwise on purpose tells that they are newer. */
function isNew(answers: ReadonlyMap<string, XcryptoWalked>): boolean {
  const id = CASES.find(({ expectedNew }) => expectedNew !== undefined)?.id ?? '';
  return answers.get(id)?.outcome === 'refused';
}
