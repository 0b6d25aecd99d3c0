import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { init } from '../../src/commands/init.ts';
import { listCredentials } from '../../src/commands/people.ts';

describe('a key that can not be used is named, with its file', () => {
  let place = '';
  let config = '';
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'usher-keys-'));
    await init({ dir: join(place, 'ca'), origin: 'https://ca.example.org', listen: '127.0.0.1:8022' });
    config = await readFile(join(place, 'ca/usherd.yaml'), 'utf8');
    await writeFile(join(place, 'ca/keys/empty'), '');
  });
  afterAll(() => rm(place, { recursive: true }));

  it.for([
    ['that is not there', '{ file: keys/gone }', 'keys/gone'],
    ['that is empty', '{ file: keys/empty }', 'keys/empty'],
    ['that is no key', '{ file: usherd.yaml }', 'usherd.yaml'],
    ['that is a public key', '{ file: keys/login.pub }', 'keys/login.pub'],
    ['of an agent, that is empty', '{ agent: agent.sock, public_key: keys/empty }', 'keys/empty'],
  ] as const)('%s', async ([, signer, file]) => {
    const dir = join(place, 'ca');
    await writeFile(join(dir, 'usherd.yaml'), config.replace('{ file: keys/login }', signer));
    const message = await listCredentials(dir).catch((error: Error) => error.message);
    expect(message).toMatch(`the key "login" in ${join(dir, file)} can not be used: `);
  });
});
