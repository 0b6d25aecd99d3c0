/**
 * pam-ussh itself decides every case of the table (test/pam-ussh/cases.ts), through PAM, with OpenSSH's agent where that plays along and a scripted one
 * where it does not. The unit test has our own judge decide the same cases, table-xcrypto.test.ts x/crypto.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CASES } from '../../pam-ussh/cases.ts';
import { fillAgent, playableByOpenssh } from '../../pam-ussh/openssh-agent.ts';
import type { PamUsshCase, Scene, World } from '../../pam-ussh/scene.ts';
import { startScriptedAgent } from '../../pam-ussh/scripted-agent.ts';
import type { PamResult } from '../../support/pam.ts';
import { authenticate, PAM_PARTS, writeService } from '../../support/pam.ts';
import { haveParts } from '../../support/parts.ts';
import type { SshAgent } from '../../support/ssh-agent.ts';
import { startSshAgent } from '../../support/ssh-agent.ts';
import { findModule, haveSudo } from '../../support/sudo.ts';
import type { SudoLog } from '../../support/sudo-log.ts';
import { openLog } from '../../support/sudo-log.ts';
import type { SudoUser } from '../../support/sudo-user.ts';
import { addUser, pamFile, removeUser } from '../../support/sudo-user.ts';

/** An answer takes some hundredths of a second, but others may keep the machine busy. */
const PATIENCE_MS = 15_000;
/** For those that never answer. */
const SHORT_PATIENCE_MS = 1_000;

interface Played {
  readonly world: World;
  readonly result: PamResult;
}

describe.runIf(haveSudo() && haveParts(PAM_PARTS))('pam-ussh', () => {
  let user: SudoUser;
  let openssh: SshAgent;
  let log: SudoLog | undefined;
  const played = new Map<string, Played>();
  let messages: readonly string[] | undefined;

  beforeAll(async () => {
    user = await addUser();
    openssh = await startSshAgent({
      owner: user,
      isQuiet: true,
      env: { SSH_ASKPASS: '/bin/false', DISPLAY: '' },
    });
    log = await openLog();
    const size = (await log?.size()) ?? 0;
    for (const [index, each] of CASES.entries()) played.set(each.id, await play(each, index));
    messages = await log?.since(size, 'pam-ussh[');
  }, 300_000);

  afterAll(async () => {
    await openssh?.stop();
    await log?.close();
    if (user !== undefined) await removeUser(user.name);
  });

  it.each(CASES)('$id', ({ id, expected, expectedNew = expected, isOld }) => {
    const one = played.get(id);
    if (one === undefined) throw new Error('it was not played');
    const isNew = isNewModule();
    if (isOld === true && one.result.end !== 'died') return;
    const { outcome, log: lines } = (isNew ? expectedNew : expected)(one.world);
    const ends = {
      success: 'success',
      unchecked: 'success',
      refused: 'refused',
      panic: 'died',
      hang: 'hang',
    };
    expect(one.result.end, one.result.stderr).toBe(ends[outcome]);
    if (messages !== undefined) expect(logOf(one.result.pid)).toEqual(lines.map((line) => line.trimEnd()));
  });

  it("OpenSSH's agent takes what the cases say that it takes", async () => {
    const identities = CASES.flatMap(({ id, scene }) => {
      const { agent } = scene(worldOf(0));
      const all = agent.kind === 'identities' ? agent.identities : [];
      return all.filter(({ key }) => key?.secret !== undefined).map((identity) => ({ id, identity }));
    });
    const taken = await fillAgent(
      openssh.socketPath,
      identities.map(({ identity }) => identity),
    );
    const wrong = identities.filter(
      ({ identity }, index) => taken[index] !== (identity.isForOpenssh ?? true),
    );
    expect(wrong.map(({ id }) => id)).toEqual([]);
  });

  async function play({ expected, scene }: PamUsshCase, index: number): Promise<Played> {
    const world = worldOf(index);
    const built = scene(world);
    await setUp(built, world);
    await using agent = await startAgent(built, world);
    const patience = expected(world).outcome === 'hang' ? SHORT_PATIENCE_MS : PATIENCE_MS;
    const result = await authenticate({ service: user.name, user: user.name, agent: agent.socket, patience });
    return { world, result };
  }

  function worldOf(index: number): World {
    const directory = join(user.directory, `${index}`);
    return { user: user.name, other: 'usher-somebody-else', directory, now: Math.floor(Date.now() / 1000) };
  }

  async function setUp({ files, moduleArguments }: Scene, { directory }: World): Promise<void> {
    await mkdir(directory);
    for (const [name, { text, reader, isDirectory }] of Object.entries(files)) {
      const path = join(directory, name);
      if (isDirectory === true) await mkdir(path);
      else await writeFile(path, text);
      await chmod(path, reader === 'root' ? 0o600 : 0o755);
    }
    await writeService(pamFile(user.name), findModule() ?? '', moduleArguments);
  }

  async function startAgent(scene: Scene, { directory }: World) {
    const [nothing, socket] = [{ async [Symbol.asyncDispose]() {} }, join(directory, 'agent')];
    if (scene.agent.kind === 'no-socket') return { ...nothing, socket: undefined };
    if (scene.agent.kind === 'unreachable') return { ...nothing, socket: join(directory, scene.agent.name) };
    const identities = playableByOpenssh(scene);
    if (identities === undefined) return { ...(await startScriptedAgent(socket, scene.agent)), socket };
    await fillAgent(openssh.socketPath, identities);
    return { ...nothing, socket: openssh.socketPath };
  }

  /** Only the module itself can tell: it is built without a version in it. */
  function isNewModule(): boolean {
    const id = CASES.find(({ expectedNew }) => expectedNew !== undefined)?.id ?? '';
    return played.get(id)?.result.end === 'refused';
  }

  function logOf(pid: number): readonly string[] {
    const beginning = `${pid}]: `;
    return (messages ?? [])
      .filter((message) => message.startsWith(beginning))
      .map((message) => message.slice(beginning.length).replace(/^(error opening auth sock) .*/, '$1'))
      .filter((line) => !line.startsWith('ca_file set to'));
  }
});
