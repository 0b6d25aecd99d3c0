/** Who signs for sudo is said by the settings and by the roster: what happens while they do not agree. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { generateSecurityKey } from '../../support/keys.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';

const OWN = /^ {2}sudo: \{ .* \}$/m;
const TOUCH = '  sudo: touch';
const PEOPLE = `people:
  carol: { logins: [carol], roles: [engineer] }
roles:
  engineer: { login: { hosts: [web1] } }
hosts:
  web1: {}
`;
const key = formatPublicKeyLine(generateSecurityKey('sk-ssh-ed25519@openssh.com').publicKey);
const WITH_KEY = `${PEOPLE}sudo_ca:\n  - { person: carol, key: "${key}" }\n`;

let usherd: Usherd;
let before: string;

beforeAll(async () => {
  usherd = await startUsherd({ roster: PEOPLE });
  before = await readFile(join(usherd.dir, 'usherd.yaml'), 'utf8');
});
afterAll(() => usherd?.[Symbol.asyncDispose]());

test('a roster with keys of people is not loaded where the authority signs; the one before stays', async () => {
  const { code, stderr } = await load(WITH_KEY);
  expect(code).not.toBe(0);
  expect(stderr).toContain('sudo_ca');
  expect(await sudoSigners(usherd)).toEqual([undefined]);
});

test('an authority that signed itself goes over to keys of people, and back, with a restart each', async () => {
  await restart(usherd, before.replace(OWN, TOUCH), WITH_KEY);
  expect(await sudoSigners(usherd)).toEqual(['carol']);
  await restart(usherd, before, PEOPLE);
  expect(await sudoSigners(usherd)).toEqual([undefined]);
});

test('without a roster that fits the settings it does not start, and tells why, until the keeper loads one', async () => {
  const touch = before.replace(OWN, TOUCH);
  await expect(restart(usherd, touch, PEOPLE)).rejects.toThrow(/no key can sign for sudo/);
  expect(await load(WITH_KEY)).toMatchObject({ code: 0 });
  await usherd.start();
  expect(await sudoSigners(usherd)).toEqual(['carol']);
});

async function load(roster: string) {
  const file = join(usherd.dir, 'roster.yaml');
  await writeFile(file, roster);
  return usherd.command('roster', 'load', file);
}

async function restart(service: Usherd, settings: string, roster: string): Promise<void> {
  await stop(service);
  await writeFile(join(service.dir, 'usherd.yaml'), settings);
  await writeFile(join(service.dir, 'roster.yaml'), roster);
  await service.start();
}

async function stop(service: Usherd): Promise<void> {
  service.signal('SIGTERM');
  expect(await service.ended()).toBe(0);
}

/** Whose the CA keys for sudo are; undefined: the authority's own. */
async function sudoSigners({ origin }: Usherd): Promise<readonly (string | undefined)[]> {
  const { statement } = (await (await fetch(`${origin}/v1/bundle`)).json()) as { statement: string };
  const { caKeys } = JSON.parse(Buffer.from(statement, 'base64url').toString()) as {
    caKeys: readonly { readonly purpose: string; readonly signer?: { readonly person: string } }[];
  };
  return caKeys.filter(({ purpose }) => purpose === 'sudo').map(({ signer }) => signer?.person);
}
