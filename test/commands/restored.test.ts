/** A backup that is put back: what hosts say to it, and what the keeper is told. */
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkKrl } from '../../cli/machine/krl.ts';
import { realSurroundings } from '../../cli/real-surroundings.ts';
import { revocationList } from '../../src/authority/krl.ts';
import { PURPOSES } from '../../src/authority/purpose.ts';
import { init } from '../../src/commands/init.ts';
import { restored } from '../../src/commands/restored.ts';
import { openAuthority, readConfig, systemClock } from '../../src/compose.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { newKey } from '../authority/scene.ts';
import { codeOfAsync } from '../support/code-of.ts';

describe('usherd restored', () => {
  let place = '';
  let dir = '';
  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), 'usher-restored-'));
    dir = join(place, 'ca');
    await init({ dir, origin: 'https://ca.example.org', listen: '127.0.0.1:8022' });
  });
  afterEach(() => rm(place, { recursive: true }));

  /** So long ago a key is revoked; @returns the lists of then. */
  async function revokeAndList(secondsAgo: number): Promise<readonly Uint8Array[]> {
    const now = systemClock.now() - secondsAgo;
    const authority = await openAuthority(await readConfig(dir), { clock: { now: () => now } });
    await authority.store.write((tx) => tx.revokeKey(fingerprint(newKey().publicKey), now));
    const lists = await Promise.all(PURPOSES.map((purpose) => revocationList(authority, purpose)));
    await authority.store.close();
    return lists.map(({ bytes }) => bytes);
  }

  async function lists(): Promise<readonly Uint8Array[]> {
    const authority = await openAuthority(await readConfig(dir));
    const all = await Promise.all(PURPOSES.map((purpose) => revocationList(authority, purpose)));
    await authority.store.close();
    return all.map(({ bytes }) => bytes);
  }

  /** As docs/operating.md says. */
  function backUp(): void {
    const database = new DatabaseSync(join(dir, 'usher.db'));
    database.exec(`vacuum into '${join(place, 'copy.db')}'`);
    database.close();
  }

  async function putBack(): Promise<void> {
    await rename(join(place, 'copy.db'), join(dir, 'usher.db'));
    for (const end of ['-wal', '-shm']) await rm(join(dir, `usher.db${end}`), { force: true });
  }

  const codeAtHost = (krl: Uint8Array | undefined, placed: Uint8Array | undefined) =>
    codeOfAsync(checkKrl(realSurroundings(), 'revoked_keys', krl ?? new Uint8Array(), placed));

  it('gives every list a number that hosts take, which have newer ones than the copy', async () => {
    await revokeAndList(1000);
    backUp();
    const placed = await revokeAndList(500);
    await putBack();
    for (const [index, krl] of (await lists()).entries())
      expect(await codeAtHost(krl, placed[index])).toBe('bundle-refused');
    await restored(dir);
    const after = await lists();
    expect(after).toHaveLength(PURPOSES.length);
    for (const [index, krl] of after.entries())
      expect(await codeAtHost(krl, placed[index])).toEqual({ accepted: undefined });
  });

  it('says what the copy has forgotten, and has to be done again', async () => {
    const text = await restored(dir);
    for (const word of ['roster', 'revoke', 'CA key', 'credential', 'invite', 'token', 'statement'])
      expect(text).toContain(word);
  });

  it('fails where there is no authority', async () => {
    await expect(restored(place)).rejects.toThrow('there is no authority');
  });
});
