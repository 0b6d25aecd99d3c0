import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkRoster, diffRosters } from '../../src/commands/roster.ts';
import { ROSTER } from '../authority/scene.ts';

describe('usherd roster', () => {
  let place: string;
  const file = async (name: string, text: string) => {
    const path = join(place, name);
    await writeFile(path, text);
    return path;
  };
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'usher-roster-'));
  });
  afterAll(() => rm(place, { recursive: true }));

  it('check tells every fault at once, each with file and line', async () => {
    const path = await file('bad.yaml', ROSTER.replace('8h', '8 days').replace('[visitor]', '[guest]'));
    const faults = await checkRoster(path);
    expect(faults).toHaveLength(2);
    for (const fault of faults) expect(fault).toMatch(/bad\.yaml:\d+:\d+: /);
  });

  it('check has nothing to say of a good one', async () => {
    expect(await checkRoster(await file('good.yaml', ROSTER))).toEqual([]);
  });

  it('check and diff fail for a file that is not there', async () => {
    const missing = join(place, 'missing.yaml');
    await expect(checkRoster(missing)).rejects.toThrow(/missing\.yaml/);
    await expect(diffRosters(missing, missing)).rejects.toThrow(/missing\.yaml/);
  });

  it('diff compares good rosters only', async () => {
    const [good, bad] = [await file('good.yaml', ROSTER), await file('bad.yaml', 'people: 1')];
    await expect(diffRosters(good, bad)).rejects.toThrow(/bad\.yaml has faults/);
    await expect(diffRosters(bad, good)).rejects.toThrow(/bad\.yaml has faults/);
  });

  it('diff says who gains and who loses what, and nothing of two equal ones', async () => {
    const old = await file('old.yaml', ROSTER);
    const changed = ROSTER.replace('[alice, deploy]', '[alice]').replace(
      'logins: [bob]',
      'logins: [bob, ops]',
    );
    const text = await diffRosters(old, await file('new.yaml', changed));
    expect(text).toMatch(/alice[\s\S]*deploy/);
    expect(text).toMatch(/bob[\s\S]*ops/);
    expect(text).not.toMatch(/carol/);
    expect(await diffRosters(old, old)).not.toMatch(/alice|bob|carol/);
  });
});
